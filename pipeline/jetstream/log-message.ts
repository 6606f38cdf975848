import type { JetStreamManager } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import { nextDeadline } from '../../actors/core/next-deadline.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { payloadText } from '../../schemas/payload-text.ts'
import type { LogRecord, PublicRecord } from '../../schemas/record.ts'
import { isPrivatePart, isPublicRecord, isRecord, publicProblem, recordProblem } from '../../schemas/record-check.ts'
import { newerForm, privateOffset, RECORD_FORM, restorePrivate, restorePublic } from '../../schemas/record-form.ts'
import { type Address, parseLogSubject, partitionOf, TOKEN, UNADDRESSABLE } from '../../schemas/subjects.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { isJetStreamError } from './jetstream-codes.ts'

/** A message of LOG, from whichever call of the client. */
export interface LogMessage {
  readonly seq: number
  readonly subject: string
  readonly data: Uint8Array
  readonly time: Date
}

/** A record with its place in LOG. */
export interface LogEntry {
  readonly seq: number
  readonly partition: number
  readonly address: Address
  readonly record: PublicRecord
  /** Reads the private part too, once; `undefined` if it cannot be read. */
  whole(): LogRecord | undefined
  readonly bad?: undefined
}

/**
 * A message of LOG that no host wrote: it is no record, or on a subject of no actor. Every reader sets it aside and continues. The
 * dispatcher puts it into DEAD, and the projector into `dead_letters`.
 */
export interface BadRecord {
  readonly seq: number
  /** The partition of its subject; 0 where that has none. */
  readonly partition: number
  /** The tokens of its subject; `_` for what is no token. */
  readonly address: Address
  readonly record?: undefined
  whole(): undefined
  readonly bad: {
    readonly why: string
    readonly subject: string
    /** When LOG stored it, ISO. */
    readonly at: string
    /** Its whole content. */
    readonly data: Uint8Array
  }
}

export const BAD_RECORD = 'bad_record'

/** @throws ColloquyError `newer_record` where a newer Colloquy wrote the record in a form that this one cannot read */
export type ParseLogMessage = (message: LogMessage) => LogEntry | BadRecord

export interface LogParser extends ParseLogMessage {
  /** The partition of a message, without reading its record: for a reader that skips those of others. */
  partitionOf(subject: string): number
}

/** Parsers by connection: the number of partitions never changes, and is read once. */
const parsers = new WeakMap<JetStreamManager, LogParser>()

/** The one place that reads a message of LOG. Every reader of LOG opens it at its start. */
export async function logParser({ jsm }: { readonly jsm: JetStreamManager }): Promise<LogParser> {
  const known = parsers.get(jsm)
  if (known !== undefined) return known
  const partitions = await partitionsOfInbox(jsm)
  const parser = createLogParser(partitions)
  if (partitions !== undefined) parsers.set(jsm, parser)
  return parser
}

async function partitionsOfInbox(jsm: JetStreamManager): Promise<number | undefined> {
  try {
    const { config } = await jsm.streams.info('INBOX')
    const partitions = Number(/partition\((\d+),/.exec(config.subject_transform?.dest ?? '')?.[1])
    return partitions > 0 ? partitions : undefined
  } catch (error) {
    if (isJetStreamError(error, 'streamNotFound')) return undefined
    throw error
  }
}

/** @param partitions the number of partitions; `undefined` if it is not known, which leaves the partition unchecked. */
export function createLogParser(partitions: number | undefined): LogParser {
  const decoder = new TextDecoder()
  const textOf = (data: Uint8Array): string => wellFormed(decoder.decode(data))
  const parse = (message: LogMessage): LogEntry | BadRecord => {
    const { seq, subject, data } = message
    const bad = (why: string): BadRecord => badRecord(message, why, partitions)
    if (!SUBJECT.test(subject)) return bad('its subject is not log.<partition>.<tenant>.<kind>.<id>')
    const placed = parseLogSubject(subject)
    if (!isInItsPartition(placed, partitions)) return bad(`its subject is not in the partition of its actor, of ${partitions}`)
    const privateAt = privateOffset(data)
    let value: unknown
    try {
      value = privateAt === undefined ? JSON.parse(textOf(data)) : restorePublic(JSON.parse(`${textOf(data.subarray(0, privateAt))}}`))
    } catch {
      return bad(data.length === 0 ? 'it is empty' : 'it is not JSON')
    }
    if (privateAt === undefined) {
      refuseNewer(value, message)
      if (isRecord(value) && value.v === 1) return { seq, ...placed, record: value, whole: () => value }
      return bad(`it is no record: ${recordProblem(value) ?? 'privateAt'} is missing or wrong`)
    }
    if (!isPublicRecord(value)) return bad(`it is no record: ${publicProblem(value) ?? ''} is missing or wrong`)
    const record = value
    let whole: LogRecord | 'unreadable' | undefined
    return {
      seq,
      ...placed,
      record,
      whole() {
        whole ??= joined(record, () => `{${textOf(data.subarray(privateAt + 1))}`) ?? 'unreadable'
        return whole === 'unreadable' ? undefined : whole
      },
    }
  }
  return Object.assign(parse, { partitionOf: (subject: string) => partitionIn(subject.split('.'), partitions) })
}

/** An older Colloquy must not take such a record for a message that is no record: it would continue from an earlier one. */
function refuseNewer(value: unknown, { seq, subject }: LogMessage): void {
  const form = newerForm(value)
  if (form === undefined) return
  throw new ColloquyError(
    'newer_record',
    `LOG ${seq} (${subject}) is a record of form ${form}, and this Colloquy reads forms up to ${RECORD_FORM}: upgrade this process`,
  )
}

function joined(record: PublicRecord, privateText: () => string): LogRecord | undefined {
  try {
    const part = restorePrivate(JSON.parse(privateText()), record)
    return isPrivatePart(part) ? { ...record, ...part } : undefined
  } catch {
    return undefined
  }
}

/** When the first pending run of the actor expires, ISO. A record of form 1 says it in its state only. */
export const dueOf = ({ record, whole }: Pick<LogEntry, 'record' | 'whole'>): string | undefined =>
  record.v === 1 ? nextDeadline(whole()?.state ?? null)?.at : record.due

/** An escape for a surrogate. After an odd number of backslashes it is text. */
const ESCAPED_SURROGATE = /(?<!\\)((?:\\\\)*)\\u[dD][89a-fA-F][0-9a-fA-F]{2}/g
const ESCAPE = '\\u'

/**
 * Puts U+FFFD in the place of surrogates, of which no table holds half a pair. JSON of a host has an escape only for such a half, because
 * it writes other Unicode as it is. The quick check comes first: the expression takes microseconds.
 */
const wellFormed = (json: string): string => (json.includes(ESCAPE) ? json.replace(ESCAPED_SURROGATE, '$1\\ufffd') : json)

const SUBJECT = /^log\.(0|[1-9]\d{0,5})\.[A-Za-z0-9_-]{1,128}\.[A-Za-z0-9_-]{1,128}\.[A-Za-z0-9_-]{1,128}$/

/** An input with an unusable subject is recorded in the partition of that subject, which the record's own subject no longer tells. */
function isInItsPartition({ partition, address }: ReturnType<typeof parseLogSubject>, partitions: number | undefined): boolean {
  if (partitions === undefined) return true
  return address.kind === UNADDRESSABLE ? partition < partitions : partition === partitionOf(address, partitions)
}

/** The partition that the tokens of a subject name; 0 where they name none. */
const partitionIn = ([, token = '']: readonly string[], partitions: number | undefined): number =>
  /^\d{1,6}$/.test(token) && Number(token) < (partitions ?? Infinity) ? Number(token) : 0

function badRecord({ seq, subject, data, time }: LogMessage, why: string, partitions: number | undefined): BadRecord {
  const all = subject.split('.')
  const [stream, , ...tokens] = all
  const token = (index: number): string => {
    const text = stream === 'log' ? (tokens[index] ?? '') : ''
    return TOKEN.test(text) ? text : UNADDRESSABLE
  }
  return {
    seq,
    partition: partitionIn(all, partitions),
    address: { tenant: token(0), kind: token(1), id: token(2) },
    whole: () => undefined,
    bad: { why, subject, at: time.toISOString(), data },
  }
}

/** The beginning of a bad record as text, for the tables. */
export const excerptOf = ({ bad: { data } }: BadRecord): string => payloadText(data)

export interface BadRecordReporter {
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'badRecords'>
}

/** Counts and logs a bad record that a stage sets aside. @param reader the stage */
export function reportBadRecord({ log, metrics }: BadRecordReporter, reader: string, { seq, bad: { why, subject } }: BadRecord): void {
  metrics.badRecords.inc({ reader })
  rateLimitedWarn(
    log,
    { reader, seq, subject: subject.slice(0, 512), why },
    'set aside a message of LOG that is no record of an actor; "colloquy dead ls --reason bad_record" lists all',
  )
}
