import { isDeepStrictEqual } from 'node:util'
import { codeOf, ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { RESERVED_ID_PREFIX, RESERVED_TYPE } from '../../schemas/envelope.ts'
import { RESOLUTION_TYPE } from '../../schemas/dead-letter-resolution.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { LogRecord, Reason, State } from '../../schemas/record.ts'
import { inputSubject, internalSubject, type Address } from '../../schemas/subjects.ts'
import { actorAfter, type Actor } from './actor.ts'
import { decide } from './decide.ts'
import { differencesBetween, type Difference } from './value-differences.ts'
import type { Message } from './commit.ts'
import type { Kinds } from '../definition/define-kind.ts'
import { migrate, versionOf } from './migrate.ts'
import { statePath } from './snapshot.ts'

/** How a recorded decision compares with today's. */
export type Replayed =
  | { readonly kind: 'same'; readonly next: Actor }
  | { readonly kind: 'differs'; readonly deviation: Deviation; readonly next: Actor }
  /** It says nothing about the kind, or not all of the message is in its record. */
  | { readonly kind: 'skipped'; readonly next: Actor }

export interface Deviation {
  /** The same for all records that differ in the same way, at the same place of a machine. */
  readonly cause: string
  /** Expected is what was recorded, actual what would be decided today. */
  readonly differences: readonly Difference[]
}

/** What of a record a machine decides. The rest is where and when, and counts that follow from it. */
type Decided = Pick<LogRecord, 'outcome'>
  & Partial<Pick<LogRecord, 'reason' | 'to' | 'status' | 'emitted' | 'started' | 'timers' | 'stopped' | 'ended' | 'label' | 'sent'>>
  & { readonly state?: State | Pick<State, 'context'> | null }

/**
 * Decides a recorded message again, by today's kinds, at its recorded place and time.
 *
 * @param before the actor that is asked: as it was recorded, or as today's decisions about its earlier records left it.
 */
export function replayRecord(kinds: Kinds, before: Actor, record: LogRecord): Replayed {
  const { address } = before
  const asRecorded = actorAfter(address, record)
  if (!kinds.has(address.kind) && record.reason !== 'unknown_kind' && record.reason !== 'bad_subject') {
    const cause = `${address.kind}: kind_gone: the kind is not there, and its inputs would be rejected as unknown_kind`
    return { kind: 'differs', next: asRecorded, deviation: { cause, differences: [] } }
  }
  const message = republished(address, record)
  if (message === undefined) return { kind: 'skipped', next: { ...before, n: record.n, at: record.at, inbox: record.inbox, snapshot: undefined } }
  const decision = safely(() => decide(kinds, before, message, { now: record.at, low: record.low }, true))
  if (decision instanceof ColloquyError) return differs(before, record, [], `it cannot be decided: ${decision.code}: ${decision.message}`, asRecorded)
  if (decision.kind === 'repeat') return differs(before, record, [], `it would be taken for a repeat, by its ${decision.by}`, before)
  if (decision.kind === 'ignored') return differs(before, record, [], 'it would be ignored: what it is about is no longer pending', before)
  if (decision.kind === 'threw') return differs(before, record, [], messageOf(decision.error), before)
  const next = decision.next ?? actorAfter(address, decision.record)
  const expected = expectedOf(kinds, before, record)
  if (expected instanceof ColloquyError) return differs(before, record, [], `what was recorded after it cannot be taken over: ${expected.message}`, next)
  if (isDeepStrictEqual(expected, alike(expected, decision.record))) return { kind: 'same', next }
  // What was recorded has been through JSON.
  const actual = alike(expected, JSON.parse(Buffer.from(decision.encoded).toString('utf8')) as LogRecord)
  const differences = expected.outcome === actual.outcome ? differencesBetween(expected, actual) : [byOutcome(expected, actual)]
  if (differences.length === 0) return { kind: 'same', next }
  return differs(before, record, differences, whatDiffers(expected, actual, differences, decision.record.error), next)
}

/** Of a decision that was committed and would be rejected, or the other way round, nothing else can be compared. */
const outcomeOf = ({ outcome, reason }: Decided): string => (reason === undefined ? outcome : `${outcome} as ${reason}`)
const byOutcome = (expected: Decided, actual: Decided): Difference => ({ path: 'outcome', expected: outcomeOf(expected), actual: outcomeOf(actual) })

function differs(before: Actor, record: LogRecord, differences: readonly Difference[], what: string, next: Actor): Replayed {
  const where = before.state === null ? 'at its first input' : `in "${record.from}"`
  return { kind: 'differs', next, deviation: { cause: `${before.address.kind}: ${where}, on "${inputName(before, record)}": ${what}`, differences } }
}

function safely<T>(work: () => T): T | ColloquyError {
  try {
    return work()
  } catch (error) {
    return error instanceof ColloquyError ? error : new ForeignCodeError(codeOf(error) ?? 'error', messageOf(error), { cause: error })
  }
}

function decidedIn(record: LogRecord): Decided {
  const { outcome, reason, to, status, state, label, emitted, started, timers, stopped, ended } = record
  return outcome === 'rejected' ? { outcome, reason } : { outcome, to, status, state, label, emitted, sent: record.sent ?? [], started, timers, stopped, ended }
}

/**
 * What a record says, in the terms of today's version: what an earlier version left is compared as its migration takes it over,
 * without runs, which a migration may stop and start.
 */
function expectedOf(kinds: Kinds, { address }: Actor, record: LogRecord): Decided | ColloquyError {
  const kind = kinds.get(address.kind)
  const recorded = decidedIn(record)
  if (kind === undefined || record.outcome === 'rejected' || record.state === null || versionOf(record.machine) >= kind.version) return recorded
  const { state: left } = record
  const taken = safely(() => migrate(kind, record, left, record.at))
  if (taken instanceof ColloquyError) return taken
  const { state: { value, context }, status } = taken
  const { outcome, emitted, sent } = recorded
  return { outcome, emitted, sent, status, to: statePath({ ...left, value }), state: { context }, label: kind.label(context) }
}

/** A decision's part that another has too. */
function alike(expected: Decided, record: LogRecord): Decided {
  const decided = decidedIn(record)
  if (expected.outcome !== decided.outcome || expected.started !== undefined || decided.state == null || expected.state === undefined) return decided
  const { outcome, emitted, sent, status, to, label } = decided
  return { outcome, emitted, sent, status, to, label, state: { context: decided.state.context } }
}

/** An input by its type, a task's outcome or a timer by what it is about. */
function inputName(before: Actor, { input, ended }: LogRecord): string {
  const run = String(input.data?.['run'])
  const about = ended.find((end) => end.run === run)?.task ?? before.state?.tasks[run]?.task ?? before.state?.timers[run]?.event.type
  return isFromInside(input.type) && about !== undefined ? `${input.type} ${about}` : input.type
}

const isFromInside = (type: string): boolean => RESERVED_TYPE.test(type)

/** Why messages were rejected that no machine ever saw. */
const NOT_OF_KINDS: readonly Reason[] = ['bad_subject', 'too_large', 'bad_json', 'bad_envelope', 'task_failed']

/** The message that a record is about; `undefined` where it says nothing about the kind, or is not wholly recorded. */
function republished(address: Address, record: LogRecord): Message | undefined {
  const { inbox, input, reason, payload } = record
  const at = { seq: inbox.seq, ts: inbox.ts, addressable: true }
  if (record.outcome === 'rejected') {
    if (reason === undefined || NOT_OF_KINDS.includes(reason) || payload === undefined) return undefined
    if (Buffer.byteLength(payload) >= LIMITS.rejectedPayloadCharsMax) return undefined
    const subject = record.subject ?? inputSubject(address)
    const msgId = input.id.startsWith(RESERVED_ID_PREFIX) ? undefined : input.id
    return { ...at, subject, payload: Buffer.from(payload), msgId, origin: subject.startsWith('int.') ? 'internal' : 'producer' }
  }
  const { type, id, data, ...rest } = input
  // What says no more than what became of a letter says nothing about the kind.
  if (RESOLUTION_TYPE.test(type)) return undefined
  if (isFromInside(type)) {
    const { correlationid, traceparent } = rest
    return { ...at, subject: internalSubject(address), origin: 'internal', payload: json({ type, ...data, correlationid, traceparent }) }
  }
  // A redriven one has the id of its first arrival.
  const own = id.startsWith(RESERVED_ID_PREFIX) ? {} : { id }
  return { ...at, first: { id, ts: rest.time }, subject: inputSubject(address), origin: 'producer', payload: json({ type, data, ...own, ...rest }) }
}

const json = (body: object): Uint8Array => Buffer.from(JSON.stringify(body))

/** The weightiest thing in which two decisions differ, without what is of one actor alone. */
function whatDiffers(expected: Decided, actual: Decided, differences: readonly Difference[], error = ''): string {
  if (expected.outcome !== actual.outcome || expected.reason !== actual.reason) {
    const was = expected.reason === undefined ? 'was committed' : `was rejected as ${expected.reason}`
    return actual.reason === undefined ? `it ${was}, and would be committed` : `it ${was}, and would be rejected as ${actual.reason} (${error})`
  }
  if (expected.to !== actual.to) return `it led to "${expected.to}", and would lead to "${actual.to}"`
  if (expected.status !== actual.status) return `status ${expected.status} would be ${actual.status}${error === '' ? '' : ` (${error})`}`
  for (const [past, verb, of] of EFFECTS) {
    const [was, is] = [of(expected), of(actual)]
    if (!isDeepStrictEqual(was, is)) return `it ${past} ${listed(was)}, and would ${verb} ${listed(is)}`
  }
  const paths = [...new Set(differences.map(({ path }) => path.replace(NOT_OF_THE_CAUSE, '.*')))]
  return `${paths.slice(0, 3).join(', ')} would be otherwise`
}

/** Positions in lists, and runs by their ids. */
const NOT_OF_THE_CAUSE = /\.(\d+|[\da-z]+-[\da-z]+-[a-z]\d+)(?=\.|$)/g

const EFFECTS: readonly (readonly [past: string, verb: string, of: (decided: Decided) => string[]])[] = [
  ['emitted', 'emit', ({ emitted = [] }) => emitted.map(({ type }) => type)],
  ['sent', 'send', ({ sent = [] }) => sent.map(({ kind, type }) => `${type} to ${kind}`)],
  ['started', 'start', ({ started = [] }) => started.map(({ task }) => task)],
  ['set', 'set', ({ timers = [] }) => timers.map(({ event }) => event)],
]
const listed = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '))
