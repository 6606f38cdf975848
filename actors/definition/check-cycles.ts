import type { AnyStateMachine } from 'xstate'
import { messageOf } from '../../schemas/errors.ts'
import type { Refusal } from './refusal.ts'
import { type Node, nodesOf, pathOf } from './walk-machine.ts'

/**
 * Finds cycles of `always` transitions without a guard, which never end. Cycles with guards are bounded at run time: the input is rejected.
 */
export function checkCycles(machine: AnyStateMachine): Refusal[] {
  const reported = new Set<Node>()
  return nodesOf(machine).flatMap((start) => {
    const cycle = unguardedCycleFrom(start)
    if (cycle === undefined || cycle.some((node) => reported.has(node))) return []
    for (const node of cycle) reported.add(node)
    const states = [...cycle, start].map(pathOf).join(' → ')
    return [alwaysCycle(`${pathOf(start)}, always`, `its always transitions form an endless cycle (${states})`)]
  })
}

export const alwaysCycle = (where: string, what: string): Refusal => ({
  code: 'always_cycle',
  where,
  what,
  instead: 'give one of them a guard that becomes false, or use after',
})

/** The states of an unguarded cycle through `start`, in order; undefined where there is none. */
function unguardedCycleFrom(start: Node): Node[] | undefined {
  const path: Node[] = []
  for (let node: Node | undefined = start; node !== undefined && !path.includes(node); node = unguardedTargetOf(node)) path.push(node)
  const last = path.at(-1)
  return last !== undefined && unguardedTargetOf(last) === start ? path : undefined
}

/** The next state with an `always`, where the first `always` of `node` has no guard. */
function unguardedTargetOf(node: Node): Node | undefined {
  const [first] = node.always ?? []
  if (first === undefined || first.guard !== undefined) return undefined
  const [target] = first.target ?? [node]
  return target === undefined ? undefined : firstWithAlways(target)
}

/** XState tries the innermost state first. Parallel regions are left to the bound at run time. */
function firstWithAlways(entered: Node): Node | undefined {
  const leaf = leafOf(entered)
  for (let node: Node | undefined = leaf; node !== undefined; node = node.parent) if (node.always !== undefined) return node
  return undefined
}

function leafOf(node: Node): Node | undefined {
  if (node.type === 'parallel' || node.type === 'history') return undefined
  if (node.type !== 'compound') return node
  const [initial] = node.initial.target
  return initial === undefined ? undefined : leafOf(initial)
}

/** Whether XState stopped an endless cycle at run time. XState gives this error no code; its text is the only sign. */
export const isEndlessCycle = (error: unknown): boolean => messageOf(error).startsWith('Infinite loop detected')
