import { type AnyEventObject, type AnyMachineSnapshot, type AnyStateMachine, createActor, fromTransition, type Snapshot } from 'xstate'
import { ColloquyError } from '../../schemas/errors.ts'
import { inRestoredForm } from './restored-form.ts'
import { isRecord, type Node, nodesOf } from './walk-machine.ts'

/** The result of a transition: the next snapshot, and the actions to carry out. None of them has been carried out. */
export type TransitionResult = readonly [AnyMachineSnapshot, readonly RequestedAction[]]

/** An action that a machine asks for, with its parameters computed. */
export interface RequestedAction {
  readonly type: string
  readonly params?: unknown
  /** The arguments of its functions. */
  readonly info?: { readonly self: unknown }
  /** Its implementation, where it is none of XState's. */
  readonly exec?: unknown
}

/** In which XState makes a transition. */
export type Scope = Parameters<AnyStateMachine['transition']>[2]

/** Makes a transition as `next` does. @returns undefined where XState itself must make it; then nothing has happened */
export type Shortcut = (snapshot: AnyMachineSnapshot, event: AnyEventObject, scope: Scope) => TransitionResult | undefined

/** A machine as pure functions. Every snapshot is in its restored form, so that a result depends only on what a record holds. */
export interface PureMachine {
  initial(input: unknown): TransitionResult
  next(snapshot: AnyMachineSnapshot, event: AnyEventObject): TransitionResult
  /** Restores a snapshot from its JSON. Nothing is started. */
  restore(persisted: Snapshot<unknown> & RestorableSnapshot): AnyMachineSnapshot
}

/**
 * Does the same as XState's `initialTransition` and `transition`, which spend two thirds of their time on creating an actor with its
 * initial state for every call. Here one actor, never started, serves as the scope of many calls. A call that may have left the name of a
 * child in the scope leaves a new scope to the next call.
 *
 * @param shortcut is asked first for each `next`. Default: none
 */
export function createPureMachine(machine: AnyStateMachine, shortcut?: Shortcut): PureMachine {
  let scope: Scope | undefined
  const call = (transition: (scope: Scope) => AnyMachineSnapshot): TransitionResult => {
    const actions: RequestedAction[] = []
    const used = { ...(scope ??= createScope(machine)), actionExecutor: (action: RequestedAction) => void actions.push(action) }
    const snapshot = transition(used)
    return [snapshot.status === 'active' ? inRestoredForm(snapshot) : snapshot, actions]
  }
  const kept = (result: TransitionResult, before?: AnyMachineSnapshot): TransitionResult => {
    if (mayNameChildren(result, before)) scope = undefined
    return result
  }
  const next = (snapshot: AnyMachineSnapshot, event: AnyEventObject): TransitionResult =>
    kept(
      call((used) => machine.transition(snapshot, event, used)),
      snapshot,
    )
  const shorter = (snapshot: AnyMachineSnapshot, event: AnyEventObject): TransitionResult => {
    const result = shortcut?.(snapshot, event, (scope ??= createScope(machine)))
    return result === undefined ? next(snapshot, event) : kept(result, snapshot)
  }
  const nodes = nodesOf(machine)
  const nodeById = new Map(nodes.map((node) => [node.id, node]))
  boundMemory(nodes)
  return {
    initial: (input) => kept(call((used) => machine.getInitialSnapshot(used, input))),
    next: shortcut === undefined ? next : shorter,
    restore: (persisted) => call((used) => machine.restoreSnapshot(withHistoryNodes(persisted, nodeById), used))[0],
  }
}

/**
 * Whether a transition may have left the name of a child in its scope. A child that an action starts is known to its snapshot only, unless
 * it has a `systemId`; one that is spawned in an assign may have one.
 */
function mayNameChildren([snapshot, actions]: TransitionResult, before: AnyMachineSnapshot | undefined): boolean {
  const earlier: unknown = before?.children
  const isUnnamed = (id: string, child: unknown): boolean =>
    (isRecord(earlier) && earlier[id] === child)
    || actions.some(({ type, params }) => type === 'xstate.spawnChild' && isRecord(params) && params['actorRef'] === child)
  const parts: { readonly children: Readonly<Record<string, unknown>> } = snapshot
  const hasSystemId = actions.some(
    ({ type, params }) => type === 'xstate.spawnChild' && isRecord(params) && params['systemId'] !== undefined,
  )
  return hasSystemId || !Object.entries(parts.children).every(([id, child]) => isUnnamed(id, child))
}

/**
 * XState remembers for each state and type of event which transitions apply, for ever. Producers may invent types without end: for one that
 * no state names, the state remembers it in an object that nothing keeps. Wildcards apply as before.
 */
function boundMemory(nodes: readonly Node[]): void {
  const named = new Set(nodes.flatMap((node) => [...node.transitions.keys()]))
  for (const node of nodes) {
    const next: unknown = Reflect.get(node, 'next')
    // Another kind may have the same machine.
    if (typeof next !== 'function' || Object.hasOwn(node, 'next')) continue
    const nextOf = (snapshot: AnyMachineSnapshot, event: AnyEventObject): unknown =>
      Reflect.apply(next, named.has(event.type) ? node : Object.create(node), [snapshot, event])
    Reflect.set(node, 'next', nextOf)
  }
}

interface RestorableSnapshot {
  readonly historyValue?: Readonly<Record<string, readonly { readonly id: string }[]>>
}

/** Finds the states that history states remember. XState would read an id that has a dot as a path, and forget the state. */
function withHistoryNodes(persisted: Snapshot<unknown> & RestorableSnapshot, nodeById: ReadonlyMap<string, Node>): Snapshot<unknown> {
  const { historyValue = {} } = persisted
  const ids = Object.keys(historyValue)
  if (ids.length === 0) return persisted
  const entries = ids.map((id) => [id, historyValue[id]?.flatMap((state) => nodeById.get(state.id) ?? []) ?? []] as const)
  return Object.assign({}, persisted, { historyValue: Object.fromEntries(entries) })
}

const NO_LOGIC = fromTransition(() => undefined, undefined)

/** Whether the target of an action is the parent of the actor in whose scope it was resolved. */
export const isParentOf = (self: unknown, target: unknown): boolean =>
  isRecord(self) && self['_parent'] !== undefined && target === self['_parent']

function createScope(machine: AnyStateMachine): Scope {
  // `sendParent` needs a parent to resolve. Whether the actor has one, and which, only the decision knows.
  const self = createActor(machine, { parent: createActor(NO_LOGIC) })
  // An event sent this way would be lost: only the action sendTo is carried out.
  self.send = () => {
    throw new ColloquyError(
      'send_to_other',
      'a function of the machine calls self.send(…), but functions of a machine must have no effects; use the action raise or sendTo',
    )
  }
  const noop = (): void => undefined
  return { self, system: self.system, id: '', sessionId: '', defer: noop, logger: noop, stopChild: noop, emit: noop, actionExecutor: noop }
}
