import type { AnyStateMachine } from 'xstate'
import { messageOf } from '../../schemas/errors.ts'
import type { Refusal } from './refusal.ts'
import { builtInAction, nameOf, type Node, nodesOf, pathOf } from './walk-machine.ts'

/**
 * Finds cycles of `always` transitions without a guard that certainly never end. What a definition does not show, such as a cycle with
 * guards or one that raises events, is bounded at run time: the input is rejected.
 */
export function checkCycles(machine: AnyStateMachine): Refusal[] {
  const reported = new Set<Node>()
  return nodesOf(machine).flatMap((start) => {
    const cycle = unguardedCycleFrom(start)
    if (cycle === undefined || !isEndless(machine, cycle) || cycle.some((node) => reported.has(node))) return []
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

/**
 * Whether XState certainly goes round a cycle for ever. It takes the `always` transitions again at once after a step that has changed the
 * snapshot: other active states, another context or another invoke. After any other step it first takes the next raised event, which may
 * lead out of the cycle; without one the machine is at rest. So a state that only emits does so once for each event. A cycle inside a
 * region may end because another region, or a state around the regions, leaves their common state.
 */
function isEndless(machine: AnyStateMachine, cycle: readonly Node[]): boolean {
  if (cycle.some((node) => isBesideAlways(node))) return false
  const [only, ...others] = cycle
  if (only === undefined || others.length > 0) return others.length > 0
  const [transition] = only.always ?? []
  const { actions = [], target = [], reenter = false } = transition ?? {}
  const isEnteredAgain = reenter && target.includes(only)
  const certain = isEnteredAgain ? [...only.exit, ...actions, ...only.entry] : actions
  return certain.some((action: unknown) => changesContext(machine, action)) || (isEnteredAgain && only.invoke.length > 0)
}

/** Whether a step may take another `always` too: one of another region of a parallel state around `node`, or of a state around them. */
function isBesideAlways(node: Node): boolean {
  let isInRegion = false
  for (let inner = node; inner.parent !== undefined; inner = inner.parent) {
    const { parent } = inner
    isInRegion ||= parent.type === 'parallel'
    const others = parent.type === 'parallel' ? Object.values<Node>(parent.states).filter((region) => region !== inner) : []
    if (others.some(hasAlwaysInside) || (isInRegion && parent.always !== undefined)) return true
  }
  return false
}

const hasAlwaysInside = (node: Node): boolean => node.always !== undefined || Object.values<Node>(node.states).some(hasAlwaysInside)

/** Whether the action certainly makes another context: XState compares no values. */
function changesContext(machine: AnyStateMachine, action: unknown): boolean {
  const name = nameOf(action)
  const own = builtInAction(name === undefined ? action : machine.implementations.actions[name])
  return own?.['type'] === 'xstate.assign'
}

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

/** XState tries the innermost state first. Parallel regions, and final states, which may end the machine, are left to run time. */
function firstWithAlways(entered: Node): Node | undefined {
  const leaf = leafOf(entered)
  if (leaf?.type === 'final') return undefined
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
