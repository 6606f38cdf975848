import { DeliverPolicy, type StoredMsg } from '@nats-io/jetstream'
import type { MsgHdrs } from '@nats-io/transport-node'
import type { Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { streamInfo } from '../jetstream/stream-info.ts'

/** A dead letter, as DEAD keeps it. */
export interface DeadLetter {
  /** In DEAD. */
  readonly seq: number
  readonly address: Address
  readonly reason: string
  /** Of the input, as far as it could be read; empty where DEAD does not say. */
  readonly type: string
  readonly error: string
  /** When it was rejected, ISO. */
  readonly at: string
  /** Where INBOX had it. */
  readonly subject: string
  readonly logSeq: number
  readonly inboxSeq: number
  /** INBOX no longer had the payload: this is what the record keeps of it. */
  readonly isExcerpt: boolean
  readonly headers: Readonly<Record<string, string>>
  /** Empty in a list. */
  readonly payload: Uint8Array
}

/** Which letters; all that is given must fit. */
export interface DeadLetterFilter {
  readonly reason?: string | undefined
  readonly tenant?: string | undefined
  readonly kind?: string | undefined
  readonly actor?: string | undefined
  readonly type?: string | undefined
  /** Rejected before, and from then on: ISO. */
  readonly before?: string | undefined
  readonly since?: string | undefined
}

const FETCH_AHEAD_MAX = 500
/** The search for the newest goes back in steps that grow, so that a rare reason costs few of them. */
const GROWTH = 8

/** The letters that fit, in the order in which DEAD got them, without their payloads: as many as there are at the start. */
export async function* scanDeadLetters(jetstream: JetStreamContext, filter: DeadLetterFilter, startSeq = 1): AsyncGenerator<DeadLetter> {
  const { reason = '*', tenant = '*', kind = '*', actor = '*' } = filter
  const consumer = await jetstream.js.consumers.get('DEAD', {
    filter_subjects: [`dead.${reason}.${tenant}.${kind}.${actor}`], headers_only: true,
    deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: startSeq,
  })
  if ((await consumer.info(true)).num_pending === 0) return
  const messages = await consumer.consume({ max_messages: FETCH_AHEAD_MAX })
  try {
    for await (const message of messages) {
      const deadLetter = deadLetterOf(message, message.headers)
      if (fits(deadLetter, filter)) yield deadLetter
      if (message.info.pending === 0) return
    }
  } finally {
    messages.stop()
  }
}

/** The newest letters that fit, oldest first. */
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

/** The dead letters that fit whose originals arrived first, in that order. Holds at most twice as many as it returns. */
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

/** With its payload; `undefined` where DEAD has none there. */
export async function findDeadLetter(jetstream: JetStreamContext, seq: number): Promise<DeadLetter | undefined> {
  const stored = await jetstream.jsm.streams.getMessage('DEAD', { seq })
  return stored === null ? undefined : deadLetterOf(stored, stored.header)
}

const fits = ({ type, at }: DeadLetter, filter: DeadLetterFilter): boolean =>
  (filter.type === undefined || type === filter.type)
  && (filter.before === undefined || at < filter.before)
  && (filter.since === undefined || at >= filter.since)

type Message = Pick<StoredMsg, 'seq' | 'subject' | 'data' | 'time'>

function deadLetterOf({ seq, subject, data, time }: Message, given: MsgHdrs | undefined): DeadLetter {
  const headers = Object.fromEntries((given?.keys() ?? []).map((name) => [name, given?.get(name) ?? '']))
  const [, reason = '', tenant = '', kind = '', id = ''] = subject.split('.')
  return {
    seq, reason, address: { tenant, kind, id }, payload: data, headers,
    type: decoded(headers['Colloquy-Type'] ?? ''),
    error: decoded(headers['Colloquy-Error'] ?? ''),
    at: headers['Colloquy-At'] ?? time.toISOString(),
    subject: decoded(headers['Colloquy-Subject'] ?? ''),
    logSeq: Number(headers['Colloquy-Log-Seq'] ?? 0),
    inboxSeq: Number(headers['Colloquy-Inbox-Seq'] ?? 0),
    isExcerpt: headers['Colloquy-Payload'] === 'excerpt',
  }
}

/** Headers are ASCII: other text is in percent escapes, the last of which may be cut off. */
function decoded(text: string): string {
  try {
    return decodeURI(text)
  } catch {
    return text
  }
}
