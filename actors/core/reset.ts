import type { Input } from '../../schemas/envelope.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { ResetMessage } from '../../schemas/internal-messages.ts'
import type { Restored, Sent, State } from '../../schemas/record.ts'
import { type Kind, machineName } from '../definition/kind.ts'
import { isFunction, nodesOf, tasksOf } from '../definition/walk-machine.ts'
import { commit, type Outcomes, reject, unchanged } from './commit.ts'
import { type DecisionInput, idBase, type PendingRecord } from './decision.ts'
import { type Action, collectEffects, type EffectContext } from './effects.ts'
import { everyActions, everyDueOf } from './every.ts'
import { migrate, versionOf } from './migrate.ts'
import { leavesOf, NOTHING_PENDING, type PendingRuns, pendingRunsOf, restoreSnapshot, statePath } from './snapshot.ts'
import { stopAll } from './stop-all.ts'

/**
 * Takes an actor back to the state, the status and the label that it had after one of its records. What it has done since stays done, and
 * its counts and the ids of its inputs go on.
 *
 * Its pending runs are stopped, so that their results are ignored. What was pending after that record begins again under new names: a task
 * with its input, and a timer with the time that it had left then. No entry action runs.
 *
 * Its children are stopped, with their own; children that were running then are started again as other actors, with their inputs.
 *
 * @returns a rejection as `bad_data` where the record cannot be restored with this version of the kind
 */
export function decideReset(decisionInput: DecisionInput, kind: Kind, input: Input, { data, restored }: ResetMessage): PendingRecord {
  const { actor } = decisionInput
  const refuse = (error: string): PendingRecord => reject(decisionInput, { reason: 'bad_data', error, input })
  if (data.to > actor.n) return refuse(`to: the actor has records 1 to ${actor.n}, and no ${data.to}`)
  if (restored.state !== null && versionOf(restored.machine) > kind.version) {
    return refuse(`to: record ${data.to} was made by ${restored.machine}, this is ${machineName(kind)}`)
  }
  try {
    return commit(decisionInput, kind, input, outcomesOf(decisionInput, kind, restored))
  } catch (error) {
    const code = error instanceof ColloquyError ? `${error.code}: ` : ''
    return refuse(`to: record ${data.to} cannot be restored: ${code}${messageOf(error)}`)
  }
}

function outcomesOf(decisionInput: DecisionInput, kind: Kind, restored: Restored): Outcomes {
  const { actor, at } = decisionInput
  const context: EffectContext = {
    tenant: actor.address.tenant,
    actor: actor.address.id,
    parent: actor.case?.parent,
    base: idBase(decisionInput),
    at,
    tracing: {},
  }
  if (restored.state === null) {
    const { machine: _, ...rest } = unchanged(decisionInput)
    const { nextSentId } = collectEffects(kind, [], NOTHING_PENDING, context)
    return { ...rest, to: '', state: null, status: 'none', label: {}, snapshot: undefined, ...stopNow(decisionInput, nextSentId) }
  }
  const then = asThisVersion(kind, restored, restored.state, context)
  const snapshot = restoreSnapshot(kind, then.state, then.status)
  const effects = collectEffects(
    kind,
    [...startActions(kind, then, restored, at), ...everyActions(kind, snapshot, {}, undefined, at)],
    NOTHING_PENDING,
    context,
  )
  const { value, context: data, history, output } = then.state
  const { tasks, timers, children } = effects.pending
  const running = Object.keys(children).length > 0 ? { children } : {}
  const entered = Object.fromEntries(leavesOf(value).map((leaf) => [leaf, actor.state?.entered[leaf] ?? at]))
  const state: State = { value, context: data, history, tasks, timers, ...running, entered, output }
  return {
    to: statePath(state),
    state,
    status: then.status,
    label: kind.label(data),
    emitted: [],
    started: [...effects.started],
    timers: [...effects.timers],
    snapshot: undefined,
    ...stopNow(decisionInput, effects.nextSentId, effects.sent),
  }
}

/** What ends with the present state. Children that begin again are told first. */
function stopNow(
  { actor }: DecisionInput,
  nextSentId: () => string,
  before: readonly Sent[] = [],
): Pick<Outcomes, 'stopped' | 'ended' | 'sent'> {
  const { runs, ended, sent } = stopAll(pendingRunsOf(actor.state), nextSentId)
  const all = [...before, ...sent]
  return { stopped: [...runs], ended: [...ended], sent: all.length === 0 ? undefined : all }
}

/** An actor as it was after a record, in the terms of this version. */
interface Then {
  readonly state: State
  readonly status: Restored['status']
  /** What was pending. */
  readonly pending: PendingRuns
}

function asThisVersion(kind: Kind, { machine, status, at }: Restored, state: State, context: EffectContext): Then {
  if (versionOf(machine) === kind.version) return { state, status, pending: pendingRunsOf(state) }
  const migrated = migrate(kind, { machine, status }, state, at)
  const { pending } = collectEffects(kind, migrated.actions, pendingRunsOf(migrated.before), { ...context, at })
  return { state: { ...migrated.state, ...pending }, status: migrated.status, pending }
}

/** The actions that start again what was pending. A run that a migration starts has the input that the state gives it. */
function startActions(kind: Kind, { state, pending }: Then, { at: thenAt, inputs = {} }: Restored, at: string): Action[] {
  const invokes = new Map(nodesOf(kind.machine).flatMap((node) => tasksOf(node).map((invoke) => [invoke.id, invoke] as const)))
  const event = { type: 'colloquy.reset', at }
  const start = (run: string, id: string, src: string): Action => {
    const input: unknown = invokes.get(id)?.input
    const given: unknown = Object.hasOwn(inputs, run) ? inputs[run] : isFunction(input) ? input({ context: state.context, event }) : input
    return { type: 'xstate.spawnChild', params: { id, src, input: given } }
  }
  const tasks = Object.entries(pending.tasks).map(([run, { child, task }]) => start(run, child, task))
  const children = Object.entries(pending.children).map(([run, { child, src }]) => start(run, child, src))
  // The event `every` comes by the calendar, and not by the time that was left.
  const ordinary = Object.values(pending.timers).filter((timer) => everyDueOf(timer) === undefined)
  const timers = ordinary.map((timer): Action => {
    const delay = Math.max(0, Date.parse(timer.at) - Date.parse(thenAt))
    return { type: 'xstate.raise', params: { event: timer.event, id: timer.sendId, delay } }
  })
  return [...tasks, ...children, ...timers]
}
