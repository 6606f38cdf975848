import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import type { Input } from '../../schemas/envelope.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { jsonFit, jsonProblem } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import type { LogRecord, Sent, State, TaskEnd } from '../../schemas/record.ts'
import { spawnedChildren, spawnInAssign } from '../definition/check-behaviour.ts'
import { contextNotJson } from '../definition/check-context.ts'
import { alwaysCycle } from '../definition/check-cycles.ts'
import { inputFromAddress, type Kind, machineName } from '../definition/kind.ts'
import type { TransitionResult } from '../definition/pure-machine.ts'
import { refusalError } from '../definition/refusal.ts'
import type { Actor } from './actor.ts'
import { endForParent, type Parent } from './children.ts'
import type { Outcomes } from './commit.ts'
import { type DecisionInput, idBase } from './decision.ts'
import { type Action, collectEffects, type EffectContext, type Effects, selfSentEvent } from './effects.ts'
import { everyActions, isEverySkipped } from './every.ts'
import { followerIn, sentToFollower } from './follow.ts'
import { migrate, versionOf } from './migrate.ts'
import { shareEmptyParts } from './shared-empty.ts'
import {
  describeSnapshot,
  hasSameChildren,
  NOTHING_PENDING,
  type PendingRuns,
  pendingRunsOf,
  restoreSnapshot,
  statePath,
} from './snapshot.ts'
import { stopAll, type StoppedRuns } from './stop-all.ts'

/** The pending run that a message ends. It is removed from the pending runs before the machine takes the event. */
export interface EndedRun {
  readonly run: string
  /** Its outcome, for a task run. */
  readonly ended?: TaskEnd
  /** When it was due, for the timer of the option `every`. */
  readonly due?: string | undefined
}

/** The start of an actor as the child of another one. */
export interface ChildStart {
  readonly parent: Parent
  /** What the parent gives. */
  readonly input: unknown
}

/** The kind refuses the input: it is rejected as `bad_data`, and nothing else happens. */
export class InputRefused extends Error {}

/**
 * Lets the machine take the event and collects the effects. Where a parent starts the actor, the machine takes no event beside its start.
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
  childStart?: ChildStart,
): Outcomes {
  const { actor, message, at } = decisionInput
  const { before, actions, recorded, eventNow } = load(decisionInput, kind)
  const event = eventNow(given)
  const first = before ?? takeSelfSentEvents(kind, kind.pure.initial(machineInput(kind, actor, childStart)), actions)
  if (first.status === 'error' && before === undefined) throw first.error
  const refused = endedRun === undefined && childStart === undefined ? refusalOf(kind, first, event, actor) : undefined
  if (refused !== undefined) throw new InputRefused(refused)
  const staysAsIs =
    childStart !== undefined
    || first.status !== 'active'
    || (kind.onTaskError === 'state' && isUnhandledError(kind, first, event))
    || isEverySkipped(kind, endedRun?.due, at)
  const snapshot = staysAsIs ? first : takeSelfSentEvents(kind, kind.pure.next(first, event), actions)
  const [spawned] = spawnedChildren(before, snapshot, actions)
  if (spawned !== undefined) throw refusalError(kind.name, spawnInAssign(spawned === '' ? '' : `"${spawned}"`))

  const stillRunning = stillPending(pendingRunsOf(recorded), endedRun)
  actions.push(...everyActions(kind, snapshot, stillRunning.timers, endedRun?.due, at))
  const base = idBase(decisionInput)
  const parent = childStart?.parent ?? actor.case?.parent
  const effects = collectEffects(kind, actions, stillRunning, {
    tenant: actor.address.tenant,
    actor: actor.address.id,
    parent,
    base,
    at,
    tracing: tracingOf(input),
  })
  const stopped = stoppedByEnd(snapshot, effects)
  const pending = stopped === undefined ? effects.pending : NOTHING_PENDING
  const described = describeSnapshot(kind, snapshot, pending, recorded, at)
  const { problem, isExact } = jsonFit(described.context)
  if (problem !== undefined) throw refusalError(kind.name, contextNotJson(problem))
  const state = isExact ? described : { ...described, context: throughJson(described.context) }
  const outputProblem = jsonProblem(state.output)
  if (outputProblem !== undefined) throw new ColloquyError('bad_output', `the output of kind "${kind.name}": ${outputProblem}`)
  if (snapshot.status === 'done') checkOutput(kind, state.output)
  const label = kind.label(state.context)
  const labelProblem = jsonProblem(label)
  if (labelProblem !== undefined) throw new ColloquyError('bad_label', `the label of kind "${kind.name}": ${labelProblem}`)

  const told = parent === undefined ? [] : endToParent(kind, parent, snapshot, state, effects.nextSentId)
  const sentInAll = [...effects.sent, ...(stopped?.sent ?? []), ...told]
  const sent = sentToFollower(followerIn(message, input) ?? actor.case?.follower, effects.emitted, sentInAll)
  if (effects.emitted.length + sent.length > LIMITS.effectsMax) {
    throw new ColloquyError('too_many_effects', `one input would cause more than ${LIMITS.effectsMax} effects, with the ends of children`)
  }
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
    snapshot: keptSnapshot(isExact ? snapshot : { ...snapshot, context: state.context }, pending),
    error: snapshot.status === 'error' ? messageOf(snapshot.error) : undefined,
    ...(childStart !== undefined && { parent: childStart.parent }),
  }
}

/** @throws InputRefused where the kind needs an input that only a parent gives */
function machineInput(kind: Kind, { address }: Actor, childStart: ChildStart | undefined): unknown {
  const { name, input: schema } = kind
  if (schema === undefined) return inputFromAddress(kind, address)
  const read = schema.safeParse(childStart?.input, IN_WORDS)
  if (read.success) return read.data
  const hint = childStart === undefined ? `; no parent started this actor, and kind "${name}" needs the input of one` : ''
  throw new InputRefused(`${zodProblem(read.error, 'input')}${hint}`)
}

/** @throws ColloquyError `bad_output` */
function checkOutput({ name, output: schema }: Kind, output: unknown): void {
  const checked = schema?.safeParse(output, IN_WORDS)
  if (checked?.success === false) throw new ColloquyError('bad_output', zodProblem(checked.error, `the output of kind "${name}"`))
}

/** Tells the parent of an actor that has ended. */
function endToParent(kind: Kind, parent: Parent, snapshot: AnyMachineSnapshot, { output }: State, nextId: () => string): Sent[] {
  if (snapshot.status === 'done') return [endForParent(nextId(), parent, { output })]
  if (snapshot.status !== 'error') return []
  const message = `${kind.name} ended with an error: ${messageOf(snapshot.error)}`.slice(0, ERROR_CHARS_MAX).toWellFormed()
  return [endForParent(nextId(), parent, { error: { code: 'child_error' satisfies ErrorCode, message } })]
}
const ERROR_CHARS_MAX = 1_024

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

const keptSnapshot = (snapshot: AnyMachineSnapshot, pending: PendingRuns): AnyMachineSnapshot | undefined =>
  hasSameChildren(snapshot, pending) ? shareEmptyParts(snapshot) : undefined

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

function stillPending(pending: PendingRuns, endedRun: EndedRun | undefined): PendingRuns {
  if (endedRun === undefined) return pending
  const { run } = endedRun
  return { tasks: without(pending.tasks, run), timers: without(pending.timers, run), children: without(pending.children, run) }
}

const without = <T>(runs: Readonly<Record<string, T>>, endedRun: string): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(runs).filter(([run]) => run !== endedRun))

/** The runs that are still pending when the machine ends: they are stopped. */
const stoppedByEnd = (snapshot: AnyMachineSnapshot, { pending, nextSentId }: Effects): StoppedRuns | undefined =>
  snapshot.status === 'active' ? undefined : stopAll(pending, nextSentId)

const statusOf = (snapshot: AnyMachineSnapshot): LogRecord['status'] =>
  snapshot.status === 'done' || snapshot.status === 'error' ? snapshot.status : 'active'
