import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import type { Input } from '../../schemas/envelope.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { jsonFit, jsonProblem } from '../../schemas/json.ts'
import type { LogRecord, State, TaskEnd } from '../../schemas/record.ts'
import { spawnedChildren, spawnInAssign } from '../definition/check-behaviour.ts'
import { contextNotJson } from '../definition/check-context.ts'
import { alwaysCycle } from '../definition/check-cycles.ts'
import { type Kind, machineName } from '../definition/kind.ts'
import type { TransitionResult } from '../definition/pure-machine.ts'
import { refusalError } from '../definition/refusal.ts'
import type { Actor } from './actor.ts'
import type { Outcomes } from './commit.ts'
import type { DecisionInput } from './decision.ts'
import { type Action, collectEffects, type EffectContext, type Effects, selfSentEvent } from './effects.ts'
import { everyActions, isEverySkipped } from './every.ts'
import { followerIn, sentToFollower } from './follow.ts'
import { migrate, versionOf } from './migrate.ts'
import { shareEmptyParts } from './shared-empty.ts'
import { describeSnapshot, hasSameChildren, restoreSnapshot, statePath, type Tasks } from './snapshot.ts'

/** The pending run that a message ends. It is removed from the pending runs before the machine takes the event. */
export interface EndedRun {
  readonly run: string
  /** Its outcome, for a task run. */
  readonly ended?: TaskEnd
  /** When it was due, for the timer of the option `every`. */
  readonly due?: string | undefined
}

/** The kind refuses the input: it is rejected as `bad_data`, and nothing else happens. */
export class InputRefused extends Error {}

/**
 * Lets the machine take the event and collects the effects.
 *
 * @throws InputRefused
 * @throws anything the machine throws; ColloquyError where it asks for something that a record cannot hold or no stage carries out.
 */
export function step(
  decisionInput: DecisionInput,
  kind: Kind,
  input: Input,
  given: AnyEventObject,
  endedRun: EndedRun | undefined,
): Outcomes {
  const { actor, message, at } = decisionInput
  const { before, actions, recorded, eventNow } = load(decisionInput, kind)
  const event = eventNow(given)
  const first = before ?? takeSelfSentEvents(kind, kind.pure.initial(actor.address), actions)
  if (first.status === 'error' && before === undefined) throw first.error
  const refused = endedRun === undefined ? refusalOf(kind, first, event, actor) : undefined
  if (refused !== undefined) throw new InputRefused(refused)
  const staysAsIs =
    first.status !== 'active'
    || (kind.onTaskError === 'state' && isUnhandledError(kind, first, event))
    || isEverySkipped(kind, endedRun?.due, at)
  const snapshot = staysAsIs ? first : takeSelfSentEvents(kind, kind.pure.next(first, event), actions)
  const [spawned] = spawnedChildren(before, snapshot, actions)
  if (spawned !== undefined) throw refusalError(kind.name, spawnInAssign(spawned === '' ? '' : `"${spawned}"`))

  const pending = stillPending(recorded ?? NOTHING_PENDING, endedRun)
  actions.push(...everyActions(kind, snapshot, pending.timers, endedRun?.due, at))
  const base = `${message.seq.toString(36)}-${Date.parse(message.ts).toString(36)}`
  const effects = collectEffects(kind, actions, pending, { tenant: actor.address.tenant, base, at, tracing: tracingOf(input) })
  const sent = sentToFollower(followerIn(message, input) ?? actor.case?.follower, effects.emitted, effects.sent)
  const stopped = stoppedByEnd(snapshot, effects)
  const { tasks, timers } = stopped === undefined ? effects.pending : { tasks: {}, timers: {} }
  const described = describeSnapshot(kind, snapshot, tasks, timers, recorded, at)
  const { problem, isExact } = jsonFit(described.context)
  if (problem !== undefined) throw refusalError(kind.name, contextNotJson(problem))
  const state = isExact ? described : { ...described, context: throughJson(described.context) }
  const outputProblem = jsonProblem(state.output)
  if (outputProblem !== undefined) throw new ColloquyError('bad_output', `the output of kind "${kind.name}": ${outputProblem}`)
  const label = kind.label(state.context)
  const labelProblem = jsonProblem(label)
  if (labelProblem !== undefined) throw new ColloquyError('bad_label', `the label of kind "${kind.name}": ${labelProblem}`)

  const ended = endedRun?.ended === undefined ? [] : [endedRun.ended]
  return {
    to: statePath(state),
    state,
    status: statusOf(snapshot),
    label,
    emitted: [...effects.emitted],
    sent: sent.length === 0 ? undefined : sent,
    started: [...effects.started],
    timers: [...effects.timers],
    // A task whose deadline passed may still be running. Its runner must stop it, as it stops a run that the machine stopped.
    stopped: [...ended.filter((end) => end.status === 'expired').map((end) => end.run), ...effects.stopped, ...(stopped?.runs ?? [])],
    ended: [...ended, ...effects.ended, ...(stopped?.ended ?? [])],
    snapshot: keptSnapshot(isExact ? snapshot : { ...snapshot, context: state.context }, tasks),
    error: snapshot.status === 'error' ? messageOf(snapshot.error) : undefined,
  }
}

/** Whether an event is the error of a task, and no transition takes it. */
const isUnhandledError = ({ machine }: Kind, snapshot: AnyMachineSnapshot, event: AnyEventObject): boolean =>
  event.type.startsWith('xstate.error.actor.') && machine.getTransitionData(snapshot, event).length === 0

const refusalOf = (
  kind: Kind,
  { context }: AnyMachineSnapshot,
  { type, data, source }: AnyEventObject,
  { address }: Actor,
): string | undefined => kind.refuse(context as State['context'], { type, data, source: String(source) }, address)

/** What the record will hold: the next decision must see the same, whether the actor stays in memory or is read from its record. */
const throughJson = (context: State['context']): State['context'] => JSON.parse(JSON.stringify(context)) as State['context']

const keptSnapshot = (snapshot: AnyMachineSnapshot, tasks: Tasks): AnyMachineSnapshot | undefined =>
  hasSameChildren(snapshot, tasks) ? shareEmptyParts(snapshot) : undefined

function tracingOf({ correlationid, traceparent }: Input): EffectContext['tracing'] {
  return { ...(correlationid === undefined ? {} : { correlationid }), ...(traceparent === undefined ? {} : { traceparent }) }
}

interface Loaded {
  /** Undefined before the machine's start. */
  readonly before: AnyMachineSnapshot | undefined
  /** Those of a migration; the ones of the event come after them. */
  readonly actions: Action[]
  /** The recorded state, in the names of this version. */
  readonly recorded: State | null
  /** The event as this version names it. */
  readonly eventNow: (event: AnyEventObject) => AnyEventObject
}

/** The machine's snapshot before the event. */
function load({ actor, at }: DecisionInput, kind: Kind): Loaded {
  if (actor.snapshot !== undefined || actor.state === null) return asRecorded(actor, actor.snapshot)
  const version = versionOf(actor.machine)
  if (version > kind.version) {
    throw new ColloquyError('newer_machine', `the record was made by ${actor.machine}, this is ${machineName(kind)}: upgrade this host`)
  }
  if (version === kind.version) return asRecorded(actor, restoreSnapshot(kind, actor.state, actor.status))
  const { state, status, actions, before, eventNow } = migrate(kind, actor, actor.state, at)
  return { before: restoreSnapshot(kind, state, status), actions: [...actions], recorded: before, eventNow }
}

/** An actor of this version, or one that has not begun. */
const asRecorded = ({ state }: Actor, before: AnyMachineSnapshot | undefined): Loaded => ({
  before,
  actions: [],
  recorded: state,
  eventNow: unchanged,
})
const unchanged = (event: AnyEventObject): AnyEventObject => event

/** Events that an actor may send to itself within one decision. */
const SELF_SENT_EVENTS_MAX = 1_000

/** Lets the machine take the events that it sent to itself, in order, and collects all resulting actions. */
function takeSelfSentEvents(kind: Kind, [first, firstActions]: TransitionResult, actions: Action[]): AnyMachineSnapshot {
  let snapshot = first
  const events: AnyEventObject[] = []
  const collect = (more: readonly Action[]): void => {
    actions.push(...more)
    for (const action of more) {
      const event = selfSentEvent(action)
      if (event !== undefined) events.push(event)
    }
  }
  collect(firstActions)
  for (let index = 0; index < events.length && snapshot.status === 'active'; index++) {
    const event = events[index]
    if (event === undefined || index === SELF_SENT_EVENTS_MAX) {
      throw refusalError(kind.name, alwaysCycle('sendTo', `it sent more than ${SELF_SENT_EVENTS_MAX} events to itself in one decision`))
    }
    const [next, more] = kind.pure.next(snapshot, event)
    snapshot = next
    collect(more)
  }
  return snapshot
}

function stillPending({ tasks, timers }: Pick<State, 'tasks' | 'timers'>, endedRun: EndedRun | undefined) {
  return endedRun === undefined ? { tasks, timers } : { tasks: without(tasks, endedRun.run), timers: without(timers, endedRun.run) }
}

const NOTHING_PENDING: Pick<State, 'tasks' | 'timers'> = { tasks: {}, timers: {} }

const without = <T>(runs: Readonly<Record<string, T>>, endedRun: string): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(runs).filter(([run]) => run !== endedRun))

/** The runs that are still pending when the machine ends: they are stopped. */
function stoppedByEnd(snapshot: AnyMachineSnapshot, { pending }: Effects): { runs: string[]; ended: TaskEnd[] } | undefined {
  if (snapshot.status === 'active') return undefined
  return {
    runs: [...Object.keys(pending.tasks), ...Object.keys(pending.timers)],
    ended: Object.entries(pending.tasks).map(([run, { task, startedAt }]) => ({ run, task, status: 'stopped', startedAt })),
  }
}

const statusOf = (snapshot: AnyMachineSnapshot): LogRecord['status'] =>
  snapshot.status === 'done' || snapshot.status === 'error' ? snapshot.status : 'active'
