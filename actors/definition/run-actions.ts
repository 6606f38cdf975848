import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import type { RequestedAction, Scope } from './pure-machine.ts'
import { isFunction, isRecord } from './walk-machine.ts'

/** What actions read and change. */
export interface ActionRun {
  /** Changed in place: its context and children. */
  readonly snapshot: AnyMachineSnapshot
  readonly scope: Scope
  /** Raised events, oldest first. */
  readonly queue: AnyEventObject[]
  /** What is to be carried out, in order. */
  readonly actions: RequestedAction[]
  event: AnyEventObject
  /** Whether XState would have made another snapshot. */
  isChanged: boolean
  /** Whether an action did what only XState can. */
  isForXState: boolean
}

interface Extra {
  readonly internalQueue: AnyEventObject[]
  readonly deferredActorIds: readonly string[] | undefined
}

interface ActionArgs {
  readonly context: unknown
  readonly event: AnyEventObject
  readonly self: unknown
  readonly system: unknown
}

/** One of XState's own actions, which resolves itself. */
interface BuiltInAction {
  readonly type: string
  readonly resolve: (
    scope: Scope,
    snapshot: AnyMachineSnapshot,
    args: ActionArgs,
    params: unknown,
    action: BuiltInAction,
    extra: Extra,
  ) => readonly [AnyMachineSnapshot, unknown, (readonly unknown[])?]
  readonly execute?: unknown
  readonly assignment?: unknown
}

const isBuiltIn = (action: unknown): action is BuiltInAction => isFunction(action) && 'resolve' in action

/** The parts of a snapshot that actions change. */
interface Changeable {
  context: unknown
  children: unknown
}

/** Runs the actions of one group, as XState does. Only `assign` is done here, for which XState copies the snapshot. */
export function runActions(run: ActionRun, actions: readonly unknown[], extra: Extra): void {
  for (const action of actions) runAction(run, action, extra)
}

function runAction(run: ActionRun, action: unknown, extra: Extra): void {
  const { snapshot, scope, event } = run
  const parts: Changeable = snapshot
  const { context } = parts
  const isInline = typeof action === 'function'
  const named = !isInline && isRecord(action) ? action : undefined
  const type = typeof action === 'string' ? action : named?.['type']
  const implementation: unknown = isInline ? action : snapshot.machine.implementations.actions[String(type)]
  const args: ActionArgs = { context, event, self: scope.self, system: scope.system }
  const given: unknown = named?.['params']
  const params: unknown = isFunction(given) ? given({ context, event }) : given
  if (!isBuiltIn(implementation)) {
    const name = isInline ? action.name || '(anonymous)' : String(type)
    run.actions.push({ type: name, info: args, params, exec: isFunction(implementation) ? implementation : undefined })
    return
  }
  if (implementation.type === 'xstate.assign') {
    assignTo(run, args, params, implementation.assignment)
    return
  }
  const [next, resolved, more] = implementation.resolve(scope, snapshot, args, params, implementation, extra)
  if (next !== snapshot) {
    parts.children = next.children
    run.isChanged = true
  }
  if (implementation.execute !== undefined) run.actions.push({ type: implementation.type, info: args, params: resolved, exec: undefined })
  if (more !== undefined) runActions(run, more, extra)
}

function assignTo(run: ActionRun, { context, event, self, system }: ActionArgs, params: unknown, assignment: unknown): void {
  const spawn = (): never => {
    run.isForXState = true
    throw new Error('XState spawns')
  }
  const args = { context, event, spawn, self, system }
  const parts: Changeable = run.snapshot
  parts.context = Object.assign({}, context, updateOf(assignment, args, params))
  run.isChanged = true
}

function updateOf(assignment: unknown, args: object, params: unknown): unknown {
  if (isFunction(assignment)) return assignment(args, params)
  if (!isRecord(assignment)) throw new Error('only XState knows what this assigns')
  const update: Record<string, unknown> = {}
  for (const key of Object.keys(assignment)) {
    const value = assignment[key]
    update[key] = isFunction(value) ? value(args, params) : value
  }
  return update
}
