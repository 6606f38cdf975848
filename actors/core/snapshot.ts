import type { AnyMachineSnapshot, Snapshot } from 'xstate'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { LogRecord, PendingChild, PendingTask, PendingTimer, State } from '../../schemas/record.ts'
import type { Kind } from '../definition/kind.ts'
import { sharedIfEmpty } from './shared-empty.ts'

export type Tasks = Readonly<Record<string, PendingTask>>
export type Timers = Readonly<Record<string, PendingTimer>>
export type Children = Readonly<Record<string, PendingChild>>

/** What an actor waits for. */
export interface PendingRuns {
  readonly tasks: Tasks
  readonly timers: Timers
  readonly children: Children
}
export const NOTHING_PENDING: PendingRuns = { tasks: {}, timers: {}, children: {} }

/** What an actor in this state waits for. */
export const pendingRunsOf = (state: State | null): PendingRuns =>
  state === null ? NOTHING_PENDING : { tasks: state.tasks, timers: state.timers, children: state.children ?? {} }

/**
 * Restores the machine's snapshot from a record's state. Nothing is started. Each pending task run becomes a child, as each running child
 * actor does, so that leaving its state stops it.
 *
 * @throws ColloquyError `task_gone` or `state_gone` where the machine was changed without a new version.
 */
export function restoreSnapshot(kind: Kind, state: State, status: LogRecord['status']): AnyMachineSnapshot {
  const { tasks, children: childActors } = pendingRunsOf(state)
  const children = Object.fromEntries([
    ...Object.values(tasks).map(({ child, task }) => [child, persistedChild(task)] as const),
    ...Object.values(childActors).map(({ child, src }) => [child, persistedChild(src)] as const),
  ])
  const persisted = {
    status: status === 'none' ? 'active' : status,
    value: state.value,
    context: state.context,
    historyValue: state.history,
    children,
    output: state.output,
    error: undefined,
  }
  const missing = Object.values(tasks).find(({ task, child }) => !Object.hasOwn(kind.tasks, task) || !kind.invokes.has(child))
  if (missing !== undefined) throw new ColloquyError('task_gone', `a run of task "${missing.task}" is pending, which ${changedUnder(kind)}`)
  const gone = Object.values(childActors).find(({ src }) => !Object.hasOwn(kind.children, src))
  if (gone !== undefined)
    throw new ColloquyError('task_gone', `the child "${gone.child}" of "${gone.src}" is running, which ${changedUnder(kind)}`)
  try {
    return kind.pure.restore(persisted as Snapshot<unknown>)
  } catch (cause) {
    throw new ColloquyError('state_gone', `the actor is in "${statePath(state)}", which ${changedUnder(kind)} (${messageOf(cause)})`, {
      cause,
    })
  }
}

const persistedChild = (src: string) => ({ snapshot: { status: 'active', input: undefined }, src, syncSnapshot: false })

const changedUnder = ({ name, version }: Kind): string =>
  `the machine of ${name}@${version} does not have; put it back, or raise the version and write migrate[${version}]`

/** The state of a snapshot, as a record keeps it. Leaf states that `before` does not have get the time `at` in `entered`. */
export function describeSnapshot(
  kind: Kind,
  snapshot: AnyMachineSnapshot,
  { tasks, timers, children: childActors }: PendingRuns,
  before: State | null,
  at: string,
): State {
  // XState's own getPersistedSnapshot searches the whole context for actors; a JSON context has none.
  const parts: MachineParts = snapshot
  const { value, context, historyValue, output } = parts
  const history = sharedIfEmpty(Object.keys(historyValue).length === 0 ? {} : persistedHistory(kind, snapshot))
  const entered: Record<string, string> = {}
  for (const leaf of leavesOf(value)) entered[leaf] = before?.entered[leaf] ?? at
  const children = isEmpty(childActors) ? undefined : childActors
  return { value, context, history, tasks: sharedIfEmpty(tasks), timers: sharedIfEmpty(timers), children, entered, output }
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false
  return true
}

interface MachineParts {
  readonly value: State['value']
  readonly context: State['context']
  readonly historyValue: State['history']
  readonly output?: unknown
}

function persistedHistory(kind: Kind, snapshot: AnyMachineSnapshot): State['history'] {
  const persisted: Snapshot<unknown> & Partial<MachineParts> = kind.machine.getPersistedSnapshot(snapshot)
  return persisted.historyValue ?? {}
}

/**
 * Whether the snapshot has the children that a restored one would have, in the same order: one for each pending run. XState keeps a child
 * whose run has ended, and stops children in their order.
 */
export function hasSameChildren(snapshot: AnyMachineSnapshot, { tasks, children: childActors }: PendingRuns): boolean {
  const children = Object.keys(snapshot.children as object)
  const pending = [...Object.values(tasks), ...Object.values(childActors)]
  return children.length === pending.length && children.every((child, index) => child === pending[index]?.child)
}

/** The active leaf states of a state value, dotted and sorted. */
export function leavesOf(value: State['value']): string[] {
  if (typeof value === 'string') return [value]
  const leaves: string[] = []
  for (const [region, inner] of Object.entries(value)) {
    const below = leavesOf(inner as State['value'])
    if (below.length === 0) leaves.push(region)
    else for (const leaf of below) leaves.push(`${region}.${leaf}`)
  }
  return leaves.length < 2 ? leaves : leaves.sort()
}

/** The active leaf states as records and tables write them, joined by `+`; empty where the machine has not been started. */
export const statePath = (state: State | null): string => (state === null ? '' : leavesOf(state.value).join('+'))
