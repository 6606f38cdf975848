import { isDeepStrictEqual } from 'node:util'
import { isChildMessage } from '../../schemas/child-messages.ts'
import { RESOLUTION_TYPE } from '../../schemas/dead-letter-resolution.ts'
import { RESERVED_ID_PREFIX, RESERVED_TYPE } from '../../schemas/envelope.ts'
import { codeOf, ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { ANSWER_JUDGED } from '../../schemas/events.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { ACTOR_CANCELLED, ACTOR_RESET } from '../../schemas/operator-events.ts'
import type { LogRecord, Reason, State } from '../../schemas/record.ts'
import { restoreRecord } from '../../schemas/record-form.ts'
import { type Address, inputSubject, internalSubject, originOf } from '../../schemas/subjects.ts'
import type { Kinds } from '../definition/kind.ts'
import { senderProblem, sendersOf, type SentBy } from '../definition/sent-by.ts'
import { type Actor, actorAfter } from './actor.ts'
import { decide } from './decide.ts'
import type { Chain, Message } from './decision.ts'
import { followerIn } from './follow.ts'
import { migrate, versionOf } from './migrate.ts'
import { statePath } from './snapshot.ts'
import { type Difference, differencesBetween } from './value-differences.ts'

/** How a recorded decision compares with today's decision. */
export type Replayed =
  | { readonly kind: 'same'; readonly next: Actor }
  | { readonly kind: 'differs'; readonly deviation: Deviation; readonly next: Actor }
  /** It says nothing about the kind, or not all of the message is in its record. */
  | { readonly kind: 'skipped'; readonly next: Actor }

/** How today's decision differs from a recorded one. */
export interface Deviation {
  /** A text that is the same for all records that deviate in the same way at the same place of a machine. */
  readonly cause: string
  /** `expected` is the recorded value, `actual` is today's. */
  readonly differences: readonly Difference[]
}

/**
 * The fields of a record that the machine decides. All other fields are the position, the time, and counts that follow from the decided
 * fields.
 */
type Decided = Pick<LogRecord, 'outcome'>
  & Partial<Pick<LogRecord, 'reason' | 'to' | 'status' | 'emitted' | 'started' | 'timers' | 'stopped' | 'ended' | 'label' | 'sent'>> & {
    readonly state?: State | Pick<State, 'context'> | null
  }

/**
 * Decides a recorded message again with today's kinds, at its recorded position and time.
 *
 * @param before the actor before the message: as recorded, or as today's decisions about its earlier records left it.
 */
export function replayRecord(kinds: Kinds, before: Actor, record: LogRecord): Replayed {
  const { address } = before
  const asRecorded = actorAfter(address, record)
  if (!kinds.has(address.kind) && record.reason !== 'unknown_kind' && record.reason !== 'bad_subject') {
    const cause = `${address.kind}: kind_gone: the kind is missing, so its inputs would be rejected as unknown_kind`
    return { kind: 'differs', next: asRecorded, deviation: { cause, differences: [] } }
  }
  // A reset takes its state from an earlier record; the next records are decided from it.
  if (isReset(record)) return { kind: 'skipped', next: asRecorded }
  const message = republished(address, record, kinds.get(address.kind)?.sentBy)
  if (message === undefined) {
    return { kind: 'skipped', next: { ...before, n: record.n, at: record.at, inbox: record.inbox, snapshot: undefined } }
  }
  const { at: now, low } = record
  const decision = attempt(() =>
    decide(asWhenCommitted(kinds, address.kind, record), before, message, { now, low, chain: chainOf(record) }, true),
  )
  if (decision instanceof ColloquyError) {
    return deviates(before, record, [], `the decision throws ${decision.code}: ${decision.message}`, asRecorded)
  }
  if (decision.kind === 'duplicate') return deviates(before, record, [], `it would be a duplicate, by its ${decision.by}`, before)
  if (decision.kind === 'ignored') return deviates(before, record, [], 'it would be ignored: its run is no longer pending', before)
  if (decision.kind === 'threw') return deviates(before, record, [], messageOf(decision.error), before)
  const next = decision.next ?? actorAfter(address, decision.record)
  const recorded = expectedOf(kinds, before, record)
  if (recorded instanceof ColloquyError) {
    return deviates(before, record, [], `the recorded state cannot be migrated: ${recorded.message}`, next)
  }
  const { expected, unknown } = recorded
  if (isDeepStrictEqual(expected, comparablePart(expected, decision.record, unknown))) return { kind: 'same', next }
  // A JSON round trip makes today's decision comparable, because the recorded one has been through it.
  const actual = comparablePart(expected, restoreRecord(JSON.parse(Buffer.from(decision.encoded).toString('utf8'))) as LogRecord, unknown)
  const differences = expected.outcome === actual.outcome ? differencesBetween(expected, actual) : [byOutcome(expected, actual)]
  if (differences.length === 0) return { kind: 'same', next }
  return deviates(before, record, differences, whatDiffers(expected, actual, differences, decision.record.error), next)
}

/** What a kind took before it said who alone may send it is taken again. */
function asWhenCommitted(kinds: Kinds, name: string, { outcome, input }: LogRecord): Kinds {
  const kind = kinds.get(name)
  if (kind === undefined || outcome === 'rejected' || senderProblem(kind.sentBy, input, 'actor') === undefined) return kinds
  return new Map(kinds).set(name, { ...kind, sentBy: {} })
}

/** A record is decided again in its own form: whether it fits its limits depends on it. */
const chainOf = ({ v, prev, salt = '' }: LogRecord): Chain | undefined => (v === 1 ? undefined : { prev, salt })

/** Where one decision commits and the other rejects, nothing else is comparable. */
const outcomeOf = ({ outcome, reason }: Decided): string => (reason === undefined ? outcome : `${outcome} as ${reason}`)
const byOutcome = (expected: Decided, actual: Decided): Difference => ({
  path: 'outcome',
  expected: outcomeOf(expected),
  actual: outcomeOf(actual),
})

function deviates(before: Actor, record: LogRecord, differences: readonly Difference[], what: string, next: Actor): Replayed {
  const where = before.state === null ? 'at its first input' : `in "${record.from}"`
  return {
    kind: 'differs',
    next,
    deviation: { cause: `${before.address.kind}: ${where}, on "${inputName(before, record)}": ${what}`, differences },
  }
}

function attempt<T>(work: () => T): T | ColloquyError {
  try {
    return work()
  } catch (error) {
    return error instanceof ColloquyError ? error : new ForeignCodeError(codeOf(error) ?? 'error', messageOf(error), { cause: error })
  }
}

function decidedIn(record: LogRecord): Decided {
  const { outcome, reason, to, status, state, label, emitted, started, timers, stopped, ended } = record
  return outcome === 'rejected'
    ? { outcome, reason }
    : { outcome, to, status, state, label, emitted, sent: record.sent ?? [], started, timers, stopped, ended }
}

/** The recorded decision in terms of today's version, and the fields of the context of which the recorded version knew nothing. */
interface Expected {
  readonly expected: Decided
  readonly unknown: readonly string[]
}

/**
 * The recorded decision, in terms of today's version. A record of an earlier version is migrated first and compared without its runs, which
 * a migration may stop and start.
 */
function expectedOf(kinds: Kinds, { address }: Actor, record: LogRecord): Expected | ColloquyError {
  const kind = kinds.get(address.kind)
  const recorded = decidedIn(record)
  if (kind === undefined || record.outcome === 'rejected' || record.state === null || versionOf(record.machine) >= kind.version) {
    return { expected: recorded, unknown: [] }
  }
  const { state: recordedState } = record
  const migrated = attempt(() => migrate(kind, record, recordedState, record.at))
  if (migrated instanceof ColloquyError) return migrated
  const {
    state: { value, context },
    status,
    unknown,
  } = migrated
  const { outcome, emitted, sent } = recorded
  const to = statePath({ ...recordedState, value })
  return { expected: { outcome, emitted, sent, status, to, state: { context }, label: kind.label(context) }, unknown }
}

/** The fields of today's decision that the expected decision has, too. */
function comparablePart(expected: Decided, record: LogRecord, unknown: readonly string[]): Decided {
  const decided = decidedIn(record)
  if (expected.outcome !== decided.outcome || expected.started !== undefined || decided.state == null || expected.state == null) {
    return decided
  }
  const { outcome, emitted, sent, status, to, label } = decided
  const asMigrated = Object.entries(expected.state.context).filter(([field]) => unknown.includes(field))
  const context = { ...decided.state.context, ...Object.fromEntries(asMigrated) }
  return { outcome, emitted, sent, status, to, label, state: { context } }
}

/** The type of an input; for a task's result or a timer, with the name of the task or event. */
function inputName(before: Actor, { input, ended }: LogRecord): string {
  const run = String(input.data?.['run'])
  const about = ended.find((end) => end.run === run)?.task ?? before.state?.tasks[run]?.task ?? before.state?.timers[run]?.event.type
  return isFromInside(input.type) && about !== undefined ? `${input.type} ${about}` : input.type
}

const isFromInside = (type: string): boolean => RESERVED_TYPE.test(type)

const isReset = ({ input, outcome }: LogRecord): boolean => input.type === ACTOR_RESET && outcome === 'committed'

/** Reasons for which a message is rejected before a machine sees it. */
const REASONS_BEFORE_KIND: readonly Reason[] = ['bad_subject', 'too_large', 'bad_json', 'bad_envelope', 'task_failed']

/** Reconstructs the message from its record; `undefined` where the record says nothing about the kind or lacks part of the payload. */
function republished(address: Address, record: LogRecord, sentBy: SentBy = {}): Message | undefined {
  const { inbox, input, reason, payload } = record
  const at = { seq: inbox.seq, ts: inbox.ts, addressable: true }
  if (record.outcome === 'rejected') {
    if (reason === undefined || REASONS_BEFORE_KIND.includes(reason) || payload === undefined) return undefined
    if (Buffer.byteLength(payload) >= LIMITS.rejectedPayloadCharsMax) return undefined
    const subject = record.subject ?? inputSubject(address)
    const msgId = input.id.startsWith(RESERVED_ID_PREFIX) ? undefined : input.id
    return { ...at, subject, payload: Buffer.from(payload), msgId, origin: originOf(subject) }
  }
  const { type, id, data, attributes, ...rest } = input
  // The note of a resolved dead letter says nothing about the kind.
  if (RESOLUTION_TYPE.test(type)) return undefined
  if (type === ANSWER_JUDGED || type === ACTOR_CANCELLED) {
    return { ...at, subject: internalSubject(address), origin: 'internal', payload: json({ type, id, data }) }
  }
  if (isFromInside(type) && !isChildMessage(type)) {
    const { correlationid, traceparent } = rest
    return { ...at, subject: internalSubject(address), origin: 'internal', payload: json({ type, ...data, correlationid, traceparent }) }
  }
  // A redriven input keeps the id of its first delivery.
  const own = id.startsWith(RESERVED_ID_PREFIX) ? {} : { id }
  return {
    ...at,
    first: { id, ts: rest.time },
    subject: inputSubject(address),
    origin: isFromFollower(record) || isChildMessage(type) || sendersOf(sentBy, type) !== undefined ? 'actor' : 'producer',
    payload: json({ ...attributes, type, data, ...own, ...rest }),
  }
}

/** A record does not state the origin of its input; it matters where only actors send it, or its sender follows the actor from then on. */
const isFromFollower = ({ input, case: { follower } }: LogRecord): boolean =>
  follower !== undefined && isDeepStrictEqual(followerIn({ origin: 'actor' }, input), follower)

const json = (body: object): Uint8Array => Buffer.from(JSON.stringify(body))

/** The most important difference between two decisions, without values that belong to one actor only. */
function whatDiffers(expected: Decided, actual: Decided, differences: readonly Difference[], error = ''): string {
  if (expected.outcome !== actual.outcome || expected.reason !== actual.reason) {
    const was = expected.reason === undefined ? 'was committed' : `was rejected as ${expected.reason}`
    return actual.reason === undefined
      ? `it ${was}; it would be committed`
      : `it ${was}; it would be rejected as ${actual.reason} (${error})`
  }
  if (expected.to !== actual.to) return `it led to "${expected.to}"; it would lead to "${actual.to}"`
  if (expected.status !== actual.status) return `status ${expected.status} would be ${actual.status}${error === '' ? '' : ` (${error})`}`
  for (const [past, verb, of] of EFFECTS) {
    const [was, is] = [of(expected), of(actual)]
    if (!isDeepStrictEqual(was, is)) return `it ${past} ${listText(was)}; it would ${verb} ${listText(is)}`
  }
  const paths = [...new Set(differences.map(({ path }) => path.replace(INDEX_OR_RUN, '.*')))]
  return `${paths.slice(0, 3).join(', ')} would differ`
}

/** An array index or a run id within a path. */
const INDEX_OR_RUN = /\.(\d+|[\da-z]+-[\da-z]+-[a-z]\d+)(?=\.|$)/g

const EFFECTS: readonly (readonly [past: string, verb: string, of: (decided: Decided) => string[]])[] = [
  ['emitted', 'emit', ({ emitted = [] }) => emitted.map(({ type }) => type)],
  ['sent', 'send', ({ sent = [] }) => sent.map(({ kind, type }) => `${type} to ${kind}`)],
  ['started', 'start', ({ started = [] }) => started.map(({ task }) => task)],
  ['set', 'set', ({ timers = [] }) => timers.map(({ event }) => event)],
]
const listText = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '))
