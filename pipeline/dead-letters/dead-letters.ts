import { DeliverPolicy, type StoredMsg } from '@nats-io/jetstream'
import type { MsgHdrs } from '@nats-io/transport-node'
import type { Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { streamInfo } from '../jetstream/stream-info.ts'

/** A dead letter in DEAD. */
export interface DeadLetter {
  /** DEAD sequence. */
  readonly seq: number
  readonly address: Address
  readonly reason: string
  /** Type of the input; empty if it could not be read or DEAD does not have it. */
  readonly type: string
  readonly error: string
  /** Time of the rejection, ISO. */
  readonly at: string
  /** Subject of the input in INBOX. */
  readonly subject: string
  /** LOG sequence of the record that made it. */
  readonly logSeq: number
  readonly inboxSeq: number
  /** `payload` is only the excerpt in the record, because INBOX no longer had the input. */
  readonly isExcerpt: boolean
  readonly headers: Readonly<Record<string, string>>
  /** Empty if the dead letter comes from a scan. */
  readonly payload: Uint8Array
}

/** Selects dead letters; all given fields must match. */
export interface DeadLetterFilter {
  readonly reason?: string | undefined
  readonly tenant?: string | undefined
  readonly kind?: string | undefined
  readonly actor?: string | undefined
  readonly type?: string | undefined
  /** Times of rejection, ISO: `before` is exclusive, `since` inclusive. */
  readonly before?: string | undefined
  readonly since?: string | undefined
}

const FETCH_AHEAD_MAX = 500
/** Factor by which `newestDeadLetters` widens its range, so that a rare reason needs few scans. */
const GROWTH = 8

/** Yields the dead letters that match, in DEAD order and without payloads, up to the end of DEAD at the start. */
export async function* scanDeadLetters(jetstream: JetStreamContext, filter: DeadLetterFilter, startSeq = 1): AsyncGenerator<DeadLetter> {
  const { reason = '*', tenant = '*', kind = '*', actor = '*' } = filter
  const consumer = await jetstream.js.consumers.get('DEAD', {
    filter_subjects: [`dead.${reason}.${tenant}.${kind}.${actor}`],
    headers_only: true,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: startSeq,
  })
  if ((await consumer.info(true)).num_pending === 0) return
  const messages = await consumer.consume({ max_messages: FETCH_AHEAD_MAX })
  try {
    for await (const message of messages) {
      const deadLetter = deadLetterOf(message, message.headers)
      if (matches(deadLetter, filter)) yield deadLetter
      if (message.info.pending === 0) return
    }
  } finally {
    messages.stop()
  }
}

/** The newest dead letters that match, up to `limit`, oldest first. */
export async function newestDeadLetters(jetstream: JetStreamContext, filter: DeadLetterFilter, limit: number): Promise<DeadLetter[]> {
  const { first_seq: first, last_seq: last, messages } = (await streamInfo(jetstream.jsm, 'DEAD')).state
  if (messages === 0) return []
  for (let span = limit; ; span *= GROWTH) {
    const from = Math.max(first, last - span + 1)
    const newest: DeadLetter[] = []
    for await (const deadLetter of scanDeadLetters(jetstream, filter, from)) {
      newest.push(deadLetter)
      if (newest.length > limit) newest.shift()
    }
    if (newest.length >= limit || from === first) return newest
  }
}

/**
 * The dead letters that match and whose originals arrived first, up to `limit`, in order of arrival. Holds at most twice `limit` in memory.
 */
export async function firstDeadLetters(jetstream: JetStreamContext, filter: DeadLetterFilter, limit: number): Promise<DeadLetter[]> {
  const first: DeadLetter[] = []
  const keepFirst = (): void => {
    first.sort((a, b) => a.inboxSeq - b.inboxSeq)
    first.length = Math.min(first.length, limit)
  }
  for await (const deadLetter of scanDeadLetters(jetstream, filter)) {
    first.push(deadLetter)
    if (first.length >= 2 * limit) keepFirst()
  }
  keepFirst()
  return first
}

/** Reads a dead letter with its payload; `undefined` if DEAD has none with this sequence. */
export async function findDeadLetter(jetstream: JetStreamContext, seq: number): Promise<DeadLetter | undefined> {
  const stored = await jetstream.jsm.streams.getMessage('DEAD', { seq })
  return stored === null ? undefined : deadLetterOf(stored, stored.header)
}

const matches = ({ type, at }: DeadLetter, filter: DeadLetterFilter): boolean =>
  (filter.type === undefined || type === filter.type)
  && (filter.before === undefined || at < filter.before)
  && (filter.since === undefined || at >= filter.since)

type Message = Pick<StoredMsg, 'seq' | 'subject' | 'data' | 'time'>

function deadLetterOf({ seq, subject, data, time }: Message, messageHeaders: MsgHdrs | undefined): DeadLetter {
  const headers = Object.fromEntries((messageHeaders?.keys() ?? []).map((name) => [name, messageHeaders?.get(name) ?? '']))
  const [, reason = '', tenant = '', kind = '', id = ''] = subject.split('.')
  return {
    seq,
    reason,
    address: { tenant, kind, id },
    payload: data,
    headers,
    type: decode(headers['Colloquy-Type'] ?? ''),
    error: decode(headers['Colloquy-Error'] ?? ''),
    at: headers['Colloquy-At'] ?? time.toISOString(),
    subject: decode(headers['Colloquy-Subject'] ?? ''),
    logSeq: Number(headers['Colloquy-Log-Seq'] ?? 0),
    inboxSeq: Number(headers['Colloquy-Inbox-Seq'] ?? 0),
    isExcerpt: headers['Colloquy-Payload'] === 'excerpt',
  }
}

/** Bytes of a character in UTF-8, each of them an escape. */
const ESCAPES_MAX = 4

/** Decodes the percent escapes of a header. Earlier versions could cut one inside a character; what is left of it is dropped. */
function decode(text: string): string {
  let escaped = text
  for (let dropped = 0; dropped <= ESCAPES_MAX; dropped++) {
    try {
      return decodeURI(escaped)
    } catch {
      escaped = escaped.replace(/%[0-9A-F]{0,2}$/i, '')
    }
  }
  return text
}
