import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import type { Kind } from './kind.ts'
import type { Refusal } from './refusal.ts'
import { isSend } from './send-action.ts'
import { builtInAction, guardsOf, isFunction, isRecord, nameOf, nodesOf, type Reference, tasksOf } from './walk-machine.ts'

/** Checks the actions of a machine. */
export const checkActions = (kind: Pick<Kind, 'machine' | 'children'>, actions: readonly Reference[]): Refusal[] =>
  withoutDuplicates(actions.flatMap(({ where, value }) => checkAction(kind, where, value)))

function checkAction({ machine, children }: Pick<Kind, 'machine' | 'children'>, where: string, action: unknown): Refusal[] {
  const name = nameOf(action)
  if (name !== undefined) return Object.hasOwn(machine.implementations.actions, name) ? [] : [unknownAction(name, where)]
  if (isSend(action)) return []
  const own = builtInAction(action)
  if (own === undefined) return [functionAction(where)]
  switch (own['type']) {
    case 'xstate.assign':
      return spawns(own['assignment']) ? [spawnInAssign(where)] : []
    case 'xstate.sendTo':
      return checkDelay(machine, where, own).concat(checkTarget(machine, Object.keys(children), where, own))
    case 'xstate.raise':
      return checkDelay(machine, where, own)
    default:
      return []
  }
}

function checkDelay(machine: AnyStateMachine, where: string, { delay }: Readonly<Record<string, unknown>>): Refusal[] {
  if (typeof delay !== 'string' || Object.hasOwn(machine.implementations.delays, delay)) return []
  return [
    {
      code: 'unknown_delay',
      where,
      what: `there is no delay "${delay}", so the event would not be delayed`,
      instead: `name it in setup({ delays: { "${delay}": 1_000 } }), or write milliseconds`,
    },
  ]
}

/** Checks that every named guard exists. */
export function checkGuards(machine: AnyStateMachine): Refusal[] {
  return withoutDuplicates(
    guardsOf(machine).flatMap(({ where, value }) => {
      const name = nameOf(value)
      if (name === undefined || Object.hasOwn(machine.implementations.guards, name)) return []
      return [
        {
          code: 'unknown_guard',
          where,
          what: `there is no guard "${name}"`,
          instead: `name it in setup({ guards: { "${name}": … } })`,
        } as const,
      ]
    }),
  )
}

/** The search finds an implementation twice if `setup` names it and a state uses it. */
function withoutDuplicates(refusals: readonly Refusal[]): Refusal[] {
  const reported = new Set<string>()
  return refusals.filter((refusal) => {
    const key = JSON.stringify(refusal)
    return !reported.has(key) && reported.add(key)
  })
}

const PARENT = '#_parent'

/** A target is the actor itself, its parent, or a child. A decision tells which child a function returns, and whether there is a parent. */
function checkTarget(
  machine: AnyStateMachine,
  children: readonly string[],
  where: string,
  { to, delay }: Readonly<Record<string, unknown>>,
): Refusal[] {
  if (!neverSendsToSelf(to)) return []
  const isOther = to === PARENT || (children.length > 0 && (isFunction(to) || !isTask(machine, children, to)))
  if (!isOther) return [sendToOther(where)]
  return delay === undefined ? [] : [delayedToOther(where)]
}

/** Whether the target of a `sendTo` is the id of an invoke that is no child. A name that no invoke has may be that of a spawned child. */
const isTask = (machine: AnyStateMachine, children: readonly string[], to: unknown): boolean =>
  nodesOf(machine).some((node) => tasksOf(node).some(({ id, src }) => id === to && !children.includes(String(src))))

const self = {}

/**
 * Whether a target is certainly not the actor itself. A function is called with a `self` and an empty context, to see whether it returns
 * that `self`. If it reads the context or the event, only a decision can tell, and refuses another target.
 */
function neverSendsToSelf(to: unknown): boolean {
  if (!isFunction(to)) return to !== '#_internal'
  if (!readsArgument(to, 'self')) return true
  let dependsOnInput = false
  const empty = new Proxy({}, { get: () => void (dependsOnInput = true), has: () => (dependsOnInput = true) })
  const system = { get: () => undefined, getAll: () => ({}) }
  try {
    const target = to({ self, context: empty, event: empty, system })
    return target !== self && !dependsOnInput
  } catch {
    return !dependsOnInput
  }
}

/**
 * Whether an `assign` uses XState's `spawn`. A decision refuses what this check misses.
 */
function spawns(assignment: unknown): boolean {
  const parts: unknown[] = typeof assignment === 'function' ? [assignment] : isRecord(assignment) ? Object.values(assignment) : []
  return parts.some((part) => isFunction(part) && callsSpawn(part))
}

/** Whether a function that XState calls with `{ spawn, … }` uses it. */
export function callsSpawn(given: (...args: readonly unknown[]) => unknown): boolean {
  const { names, source } = parameterOf(given)
  return names === undefined ? false : names.startsWith('{') ? takes(names, 'spawn') : new RegExp(`\\b${names}\\.spawn\\s*\\(`).test(source)
}

/**
 * The ids of children that no action started: they were spawned in an assign, which leaves no other trace. An id that XState generates
 * differs each time the decision is made; it is left empty.
 */
export function spawnedChildren(
  before: AnyMachineSnapshot | undefined,
  snapshot: AnyMachineSnapshot,
  actions: readonly { readonly type: string; readonly params?: unknown }[],
): string[] {
  const children = snapshot.children as Readonly<Record<string, unknown>>
  const isKnown = (id: string, child: unknown): boolean =>
    (before !== undefined && Reflect.get(before.children as object, id) === child)
    || actions.some(({ type, params }) => type === 'xstate.spawnChild' && isRecord(params) && params['actorRef'] === child)
  return Object.entries(children).flatMap(([id, child]) => (isKnown(id, child) ? [] : [id.startsWith('x:') ? '' : id]))
}

/** Whether a function may read this field of its first argument. It certainly does not where its parameter is a flat pattern without it. */
function readsArgument(given: (...args: readonly unknown[]) => unknown, field: string): boolean {
  const { names } = parameterOf(given)
  return names?.startsWith('{') !== true || /\.\.\.|.\{/s.test(names) || takes(names, field)
}

/** The first parameter as it is written: a name or a pattern. The source text decides, since a function cannot be inspected. */
function parameterOf(given: (...args: readonly unknown[]) => unknown): { readonly names: string | undefined; readonly source: string } {
  const source = Function.prototype.toString.call(given)
  return { source, names: /^(?:async\s+)?(?:function\s*\w*\s*|\w+\s*)?\(?\s*(\{[^}]*\}|\w+)/.exec(source)?.[1] }
}

const takes = (pattern: string, field: string): boolean => new RegExp(`[{,]\\s*${field}\\s*[:,}=]`).test(pattern)

export const functionAction = (where: string): Refusal => ({
  code: 'function_action',
  where,
  what: 'a function as an action never runs: a decision has no effects of its own and may be made again after a crash',
  instead: 'use assign, raise, emit, send or cancel, and a task (invoke) for work outside',
})
export const unknownAction = (name: string, where: string): Refusal => ({
  code: 'unknown_action',
  where,
  what: `there is no action "${name}"`,
  instead: `name it in setup({ actions: { "${name}": assign(…) } })`,
})
export const spawnInAssign = (where: string): Refusal => ({
  code: 'spawn_in_assign',
  where,
  what: 'a spawned actor is in no record and never runs',
  instead: "invoke a task or a child in a state, start a child by spawnChild('kind', { id }), or use send({ kind, id, type, data })",
})
export const sendToOther = (where: string): Refusal => ({
  code: 'send_to_other',
  where,
  what: 'sendTo can only target the actor itself, its parent, and its children that are running',
  instead: 'send an event to another actor by send({ kind, id, type, data }), and to the outside by emit',
})
export const delayedToOther = (where: string): Refusal => ({
  code: 'send_to_other',
  where,
  what: 'sendTo with a delay can only target the actor itself',
  instead: 'wait by after or a delayed raise, and send the event then',
})
