import type { AnyStateMachine } from 'xstate'

/** A state of a machine, as XState has parsed it. */
export type Node = AnyStateMachine['root']

/** An action or guard that a machine refers to. `where` is the place, as text for people. */
export interface Reference {
  readonly where: string
  readonly value: unknown
}

/** The transitions of one state for one event, tried in this order. */
export interface EventTransitions {
  readonly where: string
  /** The event's descriptor; empty for `always`. */
  readonly event: string
  readonly transitions: readonly Transition[]
}

/** One transition of a state. */
export interface Transition {
  readonly guard: unknown
  readonly actions: readonly unknown[]
  /** Undefined for a transition that exits no state. */
  readonly target: readonly Node[] | undefined
  readonly reenter: boolean
}

/** All states, outer ones first. */
export function nodesOf(machine: AnyStateMachine): Node[] {
  const below = (node: Node): Node[] => [node, ...Object.values<Node>(node.states).flatMap(below)]
  return below(machine.root)
}

/** The dotted path of a state in messages and records; `(root)` for the machine itself. */
export const pathOf = (node: Node): string => (node.path.length === 0 ? '(root)' : node.path.join('.'))

/** The transitions of a state: by event, including results of tasks, `after` and `onDone`; and `always`. */
export function eventTransitionsOf(node: Node): EventTransitions[] {
  const path = pathOf(node)
  const names = new Map(tasksOf(node).map(({ id, src }) => [id, shownTask(id, src, node.id)]))
  const byEvent = [...node.transitions].map(([event, transitions]) => ({
    where: `${path}, ${descriptorText(event, names)}`,
    event,
    transitions: transitions.map(toTransition),
  }))
  const always = node.always ?? []
  return always.length === 0 ? byEvent : [...byEvent, { where: `${path}, always`, event: '', transitions: always.map(toTransition) }]
}

const toTransition = ({
  guard,
  actions,
  target,
  reenter,
}: {
  guard?: unknown
  actions: readonly unknown[]
  target: readonly Node[] | undefined
  reenter: boolean
}): Transition => ({ guard, actions, target, reenter })

/** A timer that a state sets when it is entered. */
export interface NodeTimer {
  /** Also the id under which the timer is cancelled. */
  readonly eventType: string
  /** Milliseconds, or the name of a delay. */
  readonly delay: unknown
}

/** The timers of a state: one for each delay, even if several transitions share it. */
export function timersOf(node: Node): NodeTimer[] {
  const all = node.after.map(({ eventType, delay }: { readonly eventType: string; readonly delay?: unknown }) => ({ eventType, delay }))
  return all.filter(({ eventType }, index) => all.findIndex((other) => other.eventType === eventType) === index)
}

/** A task that a state starts when it is entered. */
export interface NodeTask {
  readonly id: string
  readonly src: unknown
  /** A value, or a function of context and event. */
  readonly input: unknown
}

/** The tasks of a state, one for each invoke. */
export const tasksOf = (node: Node): NodeTask[] =>
  node.invoke.map(({ id, src, input }: { readonly id: string; readonly src: unknown; readonly input?: unknown }) => ({ id, src, input }))

/**
 * The name of an invoked task for readers: its id, or its source where XState made the id up, such as `0.refund.open`.
 *
 * @param nodeId the id of the state that invokes it
 */
export const shownTask = (id: string, src: unknown, nodeId: string): string =>
  typeof src === 'string' && id.endsWith(`.${nodeId}`) && /^\d+$/.test(id.slice(0, -nodeId.length - 1)) ? src : id

/** The names of all invoked tasks of a machine, by id. */
export const taskNames = (machine: AnyStateMachine): ReadonlyMap<string, string> =>
  new Map(nodesOf(machine).flatMap((node) => tasksOf(node).map(({ id, src }) => [id, shownTask(id, src, node.id)] as const)))

/**
 * An event's descriptor in the words of the machine's author, such as `onDone of job`.
 *
 * @param names of tasks, by id. Default: their ids
 */
export function descriptorText(event: string, names: ReadonlyMap<string, string> = new Map()): string {
  const after = /^xstate\.after\.([^.]*)\./.exec(event)
  if (after !== null) return `after ${after[1] ?? ''}`
  const outcome = /^xstate\.(done|error)\.actor\.(.*)$/.exec(event)
  if (outcome !== null) {
    const id = outcome[2] ?? ''
    return `${outcome[1] === 'done' ? 'onDone' : 'onError'} of ${names.get(id) ?? id}`
  }
  if (event.startsWith('xstate.snapshot.')) return 'onSnapshot'
  return event.startsWith('xstate.done.state.') ? 'onDone' : `on ${event}`
}

/** All actions of a machine: in entry, exit, initial and other transitions, and those named in `setup({actions})`. */
export function actionsOf(machine: AnyStateMachine): Reference[] {
  const inStates = nodesOf(machine).flatMap((node) => {
    const path = pathOf(node)
    const initial = node.type === 'compound' ? node.initial.actions : []
    const timers = new Map(timersOf(node).map(({ eventType, delay }) => [eventType, String(delay)]))
    const placeOf = (value: unknown): string => {
      const id = builtInAction(value)?.['id']
      const delay = typeof id === 'string' ? timers.get(id) : undefined
      return delay === undefined ? 'entry' : `after ${delay}`
    }
    return [
      ...node.entry.map((value) => ({ where: `${path}, ${placeOf(value)}`, value })),
      ...node.exit.map((value) => ({ where: `${path}, exit`, value })),
      ...initial.map((value: unknown) => ({ where: `${path}, initial`, value })),
      ...eventTransitionsOf(node).flatMap(({ where, transitions }) =>
        transitions.flatMap(({ actions }) => actions.map((value) => ({ where, value }))),
      ),
    ]
  })
  return [...inStates, ...namedImplementations(machine, 'actions')]
}

/** All guards of a machine, including those inside `and`, `or` and `not`, and those named in `setup({guards})`. */
export function guardsOf(machine: AnyStateMachine): Reference[] {
  const inStates = nodesOf(machine).flatMap((node) =>
    eventTransitionsOf(node).flatMap(({ where, transitions }) =>
      transitions.flatMap(({ guard }) => (guard === undefined ? [] : [{ where, value: guard }])),
    ),
  )
  return [...inStates, ...namedImplementations(machine, 'guards')].flatMap(withInner)
}

const withInner = (found: Reference): Reference[] => {
  const inner = isRecord(found.value) && Array.isArray(found.value['guards']) ? found.value['guards'] : []
  return [found, ...inner.flatMap((value: unknown) => withInner({ where: found.where, value }))]
}

/** The implementations named in `setup`. */
export const namedImplementations = (machine: AnyStateMachine, what: 'actions' | 'guards' | 'actors' | 'delays'): Reference[] =>
  Object.entries<unknown>(machine.implementations[what]).map(([name, value]) => ({ where: `${what.slice(0, -1)} "${name}"`, value }))

/** The name by which a state refers to an implementation; undefined where it is inline. */
export function nameOf(reference: unknown): string | undefined {
  if (typeof reference === 'string') return reference
  if (typeof reference === 'function' || !isRecord(reference)) return undefined
  return typeof reference['type'] === 'string' ? reference['type'] : undefined
}

/** One of XState's own actions, such as `xstate.assign`, with its parameters; undefined for any other value. */
export const builtInAction = (action: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof action === 'function' && isRecord(action) && 'resolve' in action ? action : undefined

/** Whether a value has properties. Functions count, since XState stores properties on them. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  (typeof value === 'object' || typeof value === 'function') && value !== null

export const isFunction = (value: unknown): value is (...args: readonly unknown[]) => unknown => typeof value === 'function'
