import type { AnyEventObject, AnyMachineSnapshot, StateValue } from 'xstate'
import { z } from 'zod'
import { messageOf } from '../../schemas/errors.ts'
import { jsonProblem } from '../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import type { State } from '../../schemas/record.ts'
import { type Kind, machineName } from '../definition/kind.ts'
import { type RefusalCode, refusalError } from '../definition/refusal.ts'
import { isFunction, isRecord, type Node, nodesOf, pathOf, tasksOf, timersOf } from '../definition/walk-machine.ts'
import type { Actor } from './actor.ts'
import type { Action } from './effects.ts'
import { renamingOf } from './renamed-states.ts'
import { leavesOf, statePath } from './snapshot.ts'

/** The state of an earlier version, converted to this version, and the actions that stop and start its runs. */
export interface Migrated {
  readonly state: State
  /** The state before it, in the names of this version. */
  readonly before: State
  /** Gives an event of a task or a timer its name in this version. */
  readonly eventNow: (event: AnyEventObject) => AnyEventObject
  readonly status: Actor['status']
  readonly actions: readonly Action[]
  /** Fields of the context that the earlier version did not keep. */
  readonly unknown: readonly string[]
}

/** The version in `<kind>@<version>`. */
export const versionOf = (machine: string): number => Number(machine.slice(machine.lastIndexOf('@') + 1))

const stateValue: z.ZodType<StateValue> = z.lazy(() => z.union([z.string(), z.record(z.string(), stateValue)]))
const migratedShape = z.object({
  value: stateValue,
  context: z.unknown(),
  renamed: z.record(z.string(), z.string()).optional(),
  unknown: z.array(z.string()).optional(),
})

/**
 * Migrates an actor from an earlier version of its kind.
 *
 * Entry times, pending tasks and timers are kept where the state and the name still exist, or were renamed; all other runs are stopped.
 * A state that the migration moves the actor to starts its tasks and timers, and so does a state whose own runs were all stopped. Entry
 * actions do not run: the migration itself returns the context.
 *
 * @throws ColloquyError `missing_migration`, `migration_failed` or `state_gone`.
 */
export function migrate(kind: Kind, actor: Pick<Actor, 'machine' | 'status'>, state: State, at: string): Migrated {
  const refuse = (code: RefusalCode, what: string, instead: string): never => {
    throw refusalError(kind.name, { code, where: `${actor.machine} to ${machineName(kind)}, from "${statePath(state)}"`, what, instead })
  }
  const from = versionOf(actor.machine)
  const migration = kind.migrate[from]
  if (migration === undefined) {
    return refuse(
      'missing_migration',
      `there is no migrate[${from}]`,
      'write one; where nothing changed: ({ value, context }) => ({ value, context })',
    )
  }

  const migrated = attempt(() =>
    migratedShape.parse(migration(structuredClone({ value: state.value as StateValue, context: state.context }))),
  )
  if ('error' in migrated) {
    return refuse('migration_failed', `migrate[${from}] threw (${messageOf(migrated.error)})`, 'correct it, then redrive the input')
  }
  const context = kind.context.safeParse(migrated.value.context, IN_WORDS)
  const problem = context.success ? jsonProblem(context.data) : zodProblem(context.error, 'context')
  if (!context.success || problem !== undefined) {
    return refuse(
      'migration_failed',
      `migrate[${from}] returned a context that does not match the schema: ${problem}`,
      'correct it, then redrive the input',
    )
  }
  const resolved = attempt(() => kind.machine.resolveState({ value: migrated.value.value, context: context.data }))
  if ('error' in resolved) {
    return refuse(
      'state_gone',
      `migrate[${from}] returned a state that the machine does not have (${messageOf(resolved.error)})`,
      `return one of the states of version ${kind.version}`,
    )
  }

  const snapshot: AnyMachineSnapshot = resolved.value
  const { renamed = {}, unknown = [] } = migrated.value
  const paths = new Set(nodesOf(kind.machine).map(pathOf))
  const gone = Object.values(renamed).find((path) => !paths.has(path))
  if (gone !== undefined) {
    return refuse(
      'state_gone',
      `renamed of migrate[${from}] names "${gone}", which is no state of the machine`,
      'name one, as a dotted path',
    )
  }
  const renaming = renamingOf(kind, renamed)
  const old = renaming.state(state)
  const before = new Set(leavesOf(state.value).flatMap((leaf) => around(renaming.path(leaf))))
  const { tasks, children, actions } = migrateRuns(kind, { old, before }, snapshot, { type: 'colloquy.migrated', at })
  const value = snapshot.value as State['value']
  return {
    actions,
    unknown,
    before: old,
    eventNow: renaming.event,
    status: snapshot.status === 'done' ? 'done' : actor.status,
    state: { ...old, value, context: context.data, history: historyFor(kind, old.history), tasks, children },
  }
}

type Attempt<T> = { readonly value: T } | { readonly error: unknown }
function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { value: work() }
  } catch (error) {
    return { error }
  }
}

interface MigrationEvent {
  readonly type: 'colloquy.migrated'
  readonly at: string
}

/**
 * The actions that stop and start runs, and the task runs that the restored snapshot has as children.
 *
 * @param before paths of the states that were active, by their names in this version
 */
function migrateRuns(
  kind: Kind,
  { old, before }: { readonly old: State; readonly before: ReadonlySet<string> },
  snapshot: AnyMachineSnapshot,
  event: MigrationEvent,
): { tasks: State['tasks']; children: State['children']; actions: Action[] } {
  const nodes: readonly Node[] = snapshot._nodes
  const context: unknown = snapshot.context
  const isNew = (node: Node): boolean => node.path.length > 0 && !before.has(pathOf(node))
  const actions: Action[] = []

  const isInvoked = (child: string, source: string): boolean =>
    nodes.some((node) => tasksOf(node).some(({ id, src }) => id === child && src === source))
  const keptTasks = Object.entries(old.tasks).filter(([, run]) => isInvoked(run.child, run.task))
  const keptChildren = Object.entries(old.children ?? {}).filter(
    ([, run]) => kind.children[run.src]?.name === run.kind && (run.spawned === true || isInvoked(run.child, run.src)),
  )
  const kept = new Set([...keptTasks, ...keptChildren].map(([, run]) => run.child))
  const stopped = [...Object.values(old.tasks), ...Object.values(old.children ?? {})].filter((run) => !kept.has(run.child))
  for (const run of stopped) actions.push({ type: 'xstate.stopChild', params: run.child })
  const started = nodes
    .filter((node) => isNew(node) || (stopped.length > 0 && !tasksOf(node).some(({ id }) => kept.has(id))))
    .flatMap((node) => tasksOf(node).filter(({ id }) => !kept.has(id)))
  for (const { id, src, input } of started) {
    const runInput = isFunction(input) ? input({ context, event }) : input
    actions.push({ type: 'xstate.spawnChild', params: { id, src, input: runInput } })
  }

  const sendIds = new Set(Object.values(old.timers).map((timer) => timer.sendId))
  const expected = new Set(nodes.flatMap((node) => timersOf(node).map(({ eventType }) => eventType)))
  const cancelled = [...sendIds].filter((sendId) => sendId.startsWith('xstate.after.') && !expected.has(sendId))
  for (const sendId of cancelled) actions.push({ type: 'xstate.cancel', params: { sendId } })
  for (const node of nodes) {
    if (!isNew(node) && (cancelled.length === 0 || timersOf(node).some(({ eventType }) => sendIds.has(eventType)))) continue
    for (const { eventType, delay } of timersOf(node)) {
      if (sendIds.has(eventType)) continue
      const dueMs = enteredMs(old, node, event.at) + delayOf(kind, delay, context, event) - Date.parse(event.at)
      actions.push({ type: 'xstate.raise', params: { event: { type: eventType }, id: eventType, delay: Math.max(0, dueMs) } })
    }
  }

  const begun = started.map(({ id, src }) => ({ run: `begun.${id}`, src: String(src), child: id, startedAt: event.at }))
  const tasks = begun
    .filter(({ src }) => kind.children[src] === undefined)
    .map(({ run, src, ...one }) => [run, { ...one, task: src, deadlineAt: event.at }] as const)
  const children = begun.flatMap(({ run, ...one }) => {
    const childKind = kind.children[one.src]
    return childKind === undefined ? [] : [[run, { ...one, kind: childKind.name, actor: run }] as const]
  })
  const allChildren = [...keptChildren, ...children]
  return {
    tasks: Object.fromEntries([...keptTasks, ...tasks]),
    children: allChildren.length === 0 ? undefined : Object.fromEntries(allChildren),
    actions,
  }
}

/** A leaf state and all its ancestors, as paths. */
const around = (leaf: string): string[] => leaf.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.'))

/**
 * When the actor entered a state, in milliseconds since 1970; the time of the migration if the record does not say. Delays count from it.
 */
function enteredMs(old: State, node: Node, at: string): number {
  const path = pathOf(node)
  const times = Object.entries(old.entered)
    .filter(([leaf]) => leaf === path || leaf.startsWith(`${path}.`))
    .map(([, time]) => Date.parse(time))
  return Math.min(Date.parse(at), ...times)
}

function delayOf(kind: Kind, delay: unknown, context: unknown, event: MigrationEvent): number {
  const named: Readonly<Record<string, unknown>> = kind.machine.implementations.delays
  const found = typeof delay === 'string' ? named[delay] : delay
  return Number(isFunction(found) ? found({ context, event }) : found)
}

/** Drops what history states remember about states that no longer exist. */
function historyFor({ machine }: Kind, history: State['history']): State['history'] {
  const ids = new Set(nodesOf(machine).map(({ id }) => id))
  const known = (entry: unknown): boolean => {
    const id = isRecord(entry) ? entry['id'] : undefined
    return typeof id === 'string' && ids.has(id)
  }
  return Object.fromEntries(Object.entries(history).filter(([, nodes]) => Array.isArray(nodes) && nodes.every(known)))
}
