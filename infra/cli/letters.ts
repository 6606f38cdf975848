import { DeliverPolicy, type StoredMsg } from '@nats-io/jetstream'
import type { MsgHdrs } from '@nats-io/transport-node'
import type { Bus } from '../../pipeline/bus.ts'
import type { Address } from '../../schemas/subjects.ts'

/** A dead letter, as DEAD keeps it. */
export interface Letter {
  /** In DEAD. */
  readonly seq: number
  readonly address: Address
  readonly reason: string
  readonly error: string
  /** When it was rejected, ISO. */
  readonly at: string
  /** Where INBOX had it. */
  readonly subject: string
  readonly logSeq: number
  readonly inboxSeq: number
  readonly headers: Readonly<Record<string, string>>
  /** Empty in a list. */
  readonly payload: Uint8Array
}

export interface LetterQuery {
  readonly reason?: string
  readonly tenant?: string
  readonly limit: number
}

const FETCH_AHEAD_MAX = 500
/** The search goes back in steps that grow, so that a rare reason costs few of them. */
const GROWTH = 8

/** The newest letters that are asked for, oldest first, without their payloads. */
export async function newestLetters(bus: Bus, query: LetterQuery): Promise<Letter[]> {
  const { first_seq: first, last_seq: last, messages } = (await bus.jsm.streams.info('DEAD')).state
  if (messages === 0) return []
  for (let span = query.limit; ; span *= GROWTH) {
    const from = Math.max(first, last - span + 1)
    const letters = await lettersFrom(bus, query, from)
    if (letters.length >= query.limit || from === first) return letters
  }
}

export async function findLetter(bus: Bus, seq: number): Promise<Letter | undefined> {
  const stored = await bus.jsm.streams.getMessage('DEAD', { seq })
  return stored === null ? undefined : letterOf(stored, stored.header)
}

async function lettersFrom(bus: Bus, { reason = '*', tenant = '*', limit }: LetterQuery, startSeq: number): Promise<Letter[]> {
  const consumer = await bus.js.consumers.get('DEAD', {
    filter_subjects: [`dead.${reason}.${tenant}.>`], headers_only: true,
    deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: startSeq,
  })
  const newest: Letter[] = []
  if ((await consumer.info(true)).num_pending === 0) return newest
  const messages = await consumer.consume({ max_messages: FETCH_AHEAD_MAX })
  for await (const message of messages) {
    newest.push(letterOf(message, message.headers))
    if (newest.length > limit) newest.shift()
    if (message.info.pending === 0) break
  }
  messages.stop()
  return newest
}

type Message = Pick<StoredMsg, 'seq' | 'subject' | 'data' | 'time'>

function letterOf({ seq, subject, data, time }: Message, given: MsgHdrs | undefined): Letter {
  const headers = Object.fromEntries((given?.keys() ?? []).map((name) => [name, given?.get(name) ?? '']))
  const [, reason = '', tenant = '', kind = '', id = ''] = subject.split('.')
  return {
    seq, reason, address: { tenant, kind, id }, payload: data, headers,
    error: decoded(headers['Colloquy-Error'] ?? ''),
    at: headers['Colloquy-At'] ?? time.toISOString(),
    subject: decoded(headers['Colloquy-Subject'] ?? ''),
    logSeq: Number(headers['Colloquy-Log-Seq'] ?? 0),
    inboxSeq: Number(headers['Colloquy-Inbox-Seq'] ?? 0),
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
