import type { StoredMsg } from '@nats-io/jetstream'
import { ColloquyError } from '../../schemas/errors.ts'
import type { LogRecord } from '../../schemas/record.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from './connection.ts'
import { NO_MESSAGE_STATUS } from './jetstream-codes.ts'
import { nextOf } from './stream-info.ts'

/** A record with its place in LOG. */
export interface Placed {
  readonly seq: number
  readonly record: LogRecord
}

/** A record as LOG stores it. */
export interface StoredRecord extends Placed {
  readonly subject: string
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

/** The last record of a subject (wildcards allowed); `undefined` without one. */
export async function lastRecord({ jsm }: Reads, subject: string, from: ReadFrom = 'leader'): Promise<StoredRecord | undefined> {
  const last = { last_by_subj: subject }
  return stored(await (from === 'leader' ? jsm.streams.getMessage('LOG', last) : jsm.direct.getMessage('LOG', last)))
}

/**
 * As `lastRecord` from any replica, for one actor by its subject. It takes one round trip over the process's shared inbox: for a host
 * that loads thousands of actors a second.
 *
 * @throws ColloquyError `load_failed` if LOG answers with neither a record nor "not found"
 */
export async function lastRecordDirect(
  { jsm, mux }: Pick<JetStreamContext, 'jsm' | 'mux'>,
  subject: string,
): Promise<(Placed & { readonly subject: string }) | undefined> {
  const reply = await mux.request(`${jsm.getOptions().apiPrefix ?? '$JS.API'}.DIRECT.GET.LOG.${subject}`, '')
  if (reply.headers?.code === NO_MESSAGE_STATUS) return undefined
  const seq = Number(reply.headers?.get('Nats-Sequence'))
  if (!(seq > 0))
    throw new ColloquyError(
      'load_failed',
      `LOG did not give the last record of "${subject}": ${reply.headers?.description ?? 'no sequence'}`,
    )
  return { seq, subject: reply.headers?.get('Nats-Subject') ?? subject, record: reply.json<LogRecord>() }
}

/** The record at a sequence; `undefined` if LOG has none there. */
export async function recordAt({ jsm }: Reads, seq: number, from: ReadFrom = 'leader'): Promise<StoredRecord | undefined> {
  return stored(await (from === 'leader' ? jsm.streams.getMessage('LOG', { seq }) : jsm.direct.getMessage('LOG', { seq })))
}

/** The first record of a subject (wildcards allowed) from a sequence on; `undefined` without one. */
export async function nextRecord(
  { jsm }: Reads,
  subject: string,
  seq: number,
  from: ReadFrom = 'leader',
): Promise<StoredRecord | undefined> {
  return stored(await (from === 'leader' ? nextOf(jsm, 'LOG', seq, subject) : jsm.direct.getMessage('LOG', { seq, next_by_subj: subject })))
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

const stored = (message: StoredMsg | null): StoredRecord | undefined =>
  message === null
    ? undefined
    : { seq: message.seq, subject: message.subject, ts: message.time.toISOString(), record: message.json<LogRecord>() }
