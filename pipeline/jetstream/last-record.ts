import type { StoredMsg } from '@nats-io/jetstream'
import { ColloquyError } from '../../schemas/errors.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { actorKey, type Address, parseLogSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from './connection.ts'
import { NO_MESSAGE_STATUS } from './jetstream-codes.ts'
import { logParser, type ParseLogMessage } from './log-message.ts'
import { nextOf, streamInfo } from './stream-info.ts'

/** A record with its place in LOG. */
export interface Placed {
  readonly seq: number
  readonly record: LogRecord
}

/** A record as LOG stores it. */
export interface StoredRecord extends Placed {
  readonly subject: string
  readonly data: Uint8Array
  /** When LOG stored it, ISO, milliseconds. */
  readonly ts: string
}

/**
 * The server that answers. `leader`: LOG's leader, whose answer includes every acknowledged write. `anyReplica`: the nearest replica, by a
 * direct get, which may be behind.
 */
export type ReadFrom = 'leader' | 'anyReplica'

type Reads = Pick<JetStreamContext, 'jsm'>

/** The subject of an actor's records in any partition. */
export const recordsOf = ({ tenant, kind, id }: Address): string => `log.*.${tenant}.${kind}.${id}`
/** The subject of the records of all actors of a kind. */
export const recordsOfKind = (kind: string, tenant = '*'): string => `log.*.${tenant}.${kind}.*`

/** The actors of a kind that have a record, of one tenant or of all, by tenant and id. */
export async function actorsOfKind({ jsm }: Reads, kind: string, tenant?: string): Promise<Address[]> {
  const { state } = await jsm.streams.info('LOG', { subjects_filter: recordsOfKind(kind, tenant) })
  const addresses = Object.keys(state.subjects ?? {}).map((subject) => parseLogSubject(subject).address)
  const byKey = [...new Map(addresses.map((address) => [actorKey(address), address]))]
  return byKey.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, address]) => address)
}

/** The end of a subject in LOG. */
export interface SubjectEnd {
  /** The last record. `undefined` without one. */
  readonly record: StoredRecord | undefined
  /**
   * What an append must name as the last sequence of the subject. It differs from the record's if a message that is no record follows it,
   * or if the server cannot read the last message: it then takes the subject for empty (0).
   */
  readonly expectedSeq: number
}

/** The last record of a subject (wildcards allowed); `undefined` without one. Messages that are no record are passed over. */
export const lastRecord = async (reads: Reads, subject: string, from: ReadFrom = 'leader'): Promise<StoredRecord | undefined> =>
  (await subjectEnd(reads, subject, from)).record

/** As `lastRecord`, with what an append must expect. */
export async function subjectEnd({ jsm }: Reads, subject: string, from: ReadFrom = 'leader'): Promise<SubjectEnd> {
  const last = { last_by_subj: subject }
  const message = await (from === 'leader' ? jsm.streams.getMessage('LOG', last) : jsm.direct.getMessage('LOG', last))
  if (message === null) return emptyOrUnreadable({ jsm }, subject, from)
  const record = stored(await logParser({ jsm }), message)
  return { record: record ?? (await recordBefore({ jsm }, subject, message.seq)), expectedSeq: message.seq }
}

/**
 * As `subjectEnd` from any replica, for one actor by its full subject. It takes one round trip over the process's shared inbox, and another
 * one for a new actor: for a host that loads thousands of actors a second.
 *
 * @throws ColloquyError `load_failed` if LOG answers with neither a record nor "not found"
 */
export async function subjectEndDirect(
  { jsm, mux }: JetStreamContext,
  subject: string,
): Promise<Omit<SubjectEnd, 'record'> & { readonly record: (Placed & Pick<StoredRecord, 'data'>) | undefined }> {
  const api = `${jsm.getOptions().apiPrefix ?? '$JS.API'}.DIRECT.GET.LOG`
  const reply = await mux.request(`${api}.${subject}`, '')
  if (reply.headers?.code === NO_MESSAGE_STATUS) {
    const first = await mux.request(api, JSON.stringify({ seq: 1, next_by_subj: subject }))
    if (first.headers?.code === NO_MESSAGE_STATUS) return { record: undefined, expectedSeq: 0 }
    return emptyOrUnreadable({ jsm }, subject, 'anyReplica')
  }
  const seq = Number(reply.headers?.get('Nats-Sequence'))
  if (!(seq > 0))
    throw new ColloquyError(
      'load_failed',
      `LOG did not give the last record of "${subject}": ${reply.headers?.description ?? 'no sequence'}`,
    )
  const parse = await logParser({ jsm })
  const time = new Date(reply.headers?.get('Nats-Time-Stamp') ?? 0)
  const { data } = reply
  const record = parse({ seq, subject, data, time }).whole()
  return record === undefined
    ? { record: await recordBefore({ jsm }, subject, seq), expectedSeq: seq }
    : { record: { seq, record, data }, expectedSeq: seq }
}

/**
 * nats-server answers "not found" for a subject whose last message it cannot read (a damaged block), although it has earlier ones. Such an
 * actor continues from its last readable record, and not as a new one.
 */
async function emptyOrUnreadable(reads: Reads, subject: string, from: ReadFrom): Promise<SubjectEnd> {
  const first = await nextRecord(reads, subject, 1, from)
  if (first === undefined) return { record: undefined, expectedSeq: 0 }
  const { state } = await streamInfo(reads.jsm, 'LOG')
  return { record: (await recordBefore(reads, subject, state.last_seq + 1)) ?? first, expectedSeq: 0 }
}

/** Sequences of the first window in which `recordBefore` looks back, and the factor by which the next ones are larger. */
const WINDOW = 64
const WINDOW_GROWTH = 8

/**
 * The last record of a subject before a sequence, read from LOG's leader. JetStream finds only later messages: it reads forward through
 * windows that reach further and further back. It is needed only after a message that is no record or that is lost.
 */
export async function recordBefore(reads: Reads, subject: string, seq: number): Promise<StoredRecord | undefined> {
  for (let [span, end] = [WINDOW, seq]; end > 1; span *= WINDOW_GROWTH) {
    const start = Math.max(1, seq - span)
    let found: StoredRecord | undefined
    for (let next = await nextRecord(reads, subject, start); next !== undefined && next.seq < end;) {
      found = next
      next = await nextRecord(reads, subject, next.seq + 1)
    }
    if (found !== undefined) return found
    end = start
  }
  return undefined
}

/** The record at a sequence; `undefined` if LOG has none there. */
export async function recordAt({ jsm }: Reads, seq: number, from: ReadFrom = 'leader'): Promise<StoredRecord | undefined> {
  const message = await messageAt({ jsm }, seq, from)
  return message === undefined ? undefined : stored(await logParser({ jsm }), message)
}

/** The message at a sequence of LOG, whether it is a record or not. */
export async function messageAt({ jsm }: Reads, seq: number, from: ReadFrom = 'leader'): Promise<StoredMsg | undefined> {
  return (await (from === 'leader' ? jsm.streams.getMessage('LOG', { seq }) : jsm.direct.getMessage('LOG', { seq }))) ?? undefined
}

/** The first record of a subject (wildcards allowed) from a sequence on; `undefined` without one. */
export async function nextRecord(
  { jsm }: Reads,
  subject: string,
  seq: number,
  from: ReadFrom = 'leader',
): Promise<StoredRecord | undefined> {
  const parse = await logParser({ jsm })
  for (let next = seq; ;) {
    const message = await (from === 'leader'
      ? nextOf(jsm, 'LOG', next, subject)
      : jsm.direct.getMessage('LOG', { seq: next, next_by_subj: subject }))
    if (message === null) return undefined
    const record = stored(parse, message)
    if (record !== undefined) return record
    next = message.seq + 1
  }
}

/**
 * The first record of an actor for which `isBefore` is false. It bisects LOG's sequences up to `last`: the longest history costs at most
 * some forty reads.
 *
 * @param last a record of the actor for which `isBefore` is false
 * @param isBefore true for the first part of the actor's records, false for the rest
 * @returns `undefined` if LOG no longer has the actor's records up to `last`
 */
export async function firstRecord(
  jetstream: Reads,
  subject: string,
  last: Placed,
  isBefore: (record: LogRecord) => boolean,
  from: ReadFrom = 'leader',
): Promise<Placed | undefined> {
  // Invariant: `first` is the actor's first record from `high` on; `isBefore` holds for all its records below `low`.
  let [low, high, first] = [1, last.seq, last]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const found = await nextRecord(jetstream, subject, middle, from)
    if (found === undefined) return undefined
    if (isBefore(found.record)) low = found.seq + 1
    else [high, first] = [middle, found]
  }
  return first
}

/** The record of an actor, up to `last`, for which `order` returns 0; it returns less for earlier records and more for later ones. */
export async function findRecord(
  jetstream: Reads,
  subject: string,
  last: Placed,
  order: (record: LogRecord) => number,
  from: ReadFrom = 'leader',
): Promise<Placed | undefined> {
  if (order(last.record) <= 0) return order(last.record) === 0 ? last : undefined
  const found = await firstRecord(jetstream, subject, last, (record) => order(record) < 0, from)
  return found !== undefined && order(found.record) === 0 ? found : undefined
}

/** `undefined` for a message that is no record. */
function stored(parse: ParseLogMessage, message: StoredMsg): StoredRecord | undefined {
  const record = parse(message).whole()
  const { seq, subject, data, time } = message
  return record && { seq, subject, data, ts: time.toISOString(), record }
}
