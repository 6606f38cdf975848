import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream'
import type { MsgHdrs } from '@nats-io/transport-node'
import { structuredPayload } from '../../schemas/cloudevents-binary.ts'
import type { PublicRecord, Reason, ResolvedDeadLetter, TaskEnd } from '../../schemas/record.ts'
import { type Address, deadSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { BAD_RECORD, type BadRecord } from '../jetstream/log-message.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'
import { removeResolvedDeadLetter } from '../jetstream/removal.ts'
import { storedSince } from '../jetstream/stream-info.ts'
import { askWithRetry } from '../runtime/retry.ts'

const LOG_SEQ = 'Colloquy-Log-Seq'
const INBOX_SEQ = 'Colloquy-Inbox-Seq'
const TASK = 'Colloquy-Task'

/** A message for DEAD. */
export interface DeadLetterMessage {
  readonly subject: string
  readonly reason: Reason
  readonly payload: Uint8Array
  readonly msgId: string
  readonly headers: Readonly<Record<string, string>>
}

const HEADER_CHARS_MAX = 1_024

/** Encodes a text as one line of ASCII, up to 1,024 characters, as header values must be. It cuts between characters, not inside one. */
export function headerText(text: string): string {
  const wellFormed = text.toWellFormed()
  const whole = asciiOf(wellFormed)
  if (whole.length <= HEADER_CHARS_MAX) return whole
  let cut = ''
  for (const character of wellFormed) {
    const encoded = asciiOf(character)
    if (cut.length + encoded.length > HEADER_CHARS_MAX) break
    cut += encoded
  }
  return cut
}

const asciiOf = (text: string): string => encodeURI(text).replaceAll('%20', ' ')

/** Whether a record rejects an input or ends a task in failure. */
export const hasDeadLetters = (record: PublicRecord): boolean => record.reason !== undefined || record.ended.some(isFailure)

const BY_WAKE_UP: ReadonlySet<string> = new Set(['timer.fired', 'task.expired'])

const isFailure = ({ status }: TaskEnd): boolean => status === 'failed' || status === 'expired'

/** A message of INBOX as it came. */
export interface Original {
  readonly subject: string
  /** With the attributes that were in headers. */
  readonly payload: Uint8Array
}

/** The input of a rejection; `undefined` where the record rejects none, and where INBOX no longer has it. */
export async function originalOf(jetstream: JetStreamContext, record: PublicRecord): Promise<Original | undefined> {
  if (record.reason === undefined) return undefined
  // Asks the stream's leader: a direct get from a lagging replica could miss the payload.
  const stored = await jetstream.jsm.streams.getMessage('INBOX', { seq: record.inbox.seq })
  if (stored === null || stored.time.toISOString() !== record.inbox.ts) return undefined
  return { subject: stored.subject, payload: structuredPayload(stored.header, stored.data) }
}

/**
 * The dead letters of a record. That of a rejected input has the original payload. Without the original, it has the excerpt from the record
 * and the header `Colloquy-Payload: excerpt`. The dead letter of a task that failed for good has the outcome of the task.
 *
 * @param logSeq LOG sequence of the record.
 * @param original the rejected input
 */
export function deadLettersOf(address: Address, record: PublicRecord, logSeq: number, original: Original | undefined): DeadLetterMessage[] {
  const deadLetters: DeadLetterMessage[] = []
  const base = {
    [LOG_SEQ]: String(logSeq),
    [INBOX_SEQ]: String(record.inbox.seq),
    'Colloquy-At': record.at,
    'Colloquy-Type': headerText(record.input.type),
  }
  if (record.reason !== undefined) {
    // The message of a wake-up has no content; the record's excerpt says what the wake-up was for.
    const isWakeUp = BY_WAKE_UP.has(record.input.type)
    deadLetters.push({
      subject: deadSubject(record.reason, address),
      reason: record.reason,
      payload: original === undefined || isWakeUp ? Buffer.from(record.payload ?? '') : original.payload,
      msgId: `dead-${logSeq}-${record.inbox.seq}`,
      headers: {
        ...base,
        'Colloquy-Reason': record.reason,
        'Colloquy-Error': headerText(record.error ?? ''),
        'Colloquy-Subject': headerText(original?.subject ?? ''),
        ...(original === undefined ? { 'Colloquy-Payload': 'excerpt' } : {}),
      },
    })
  }
  for (const end of record.ended.filter(isFailure)) {
    deadLetters.push({
      subject: deadSubject('task_failed', address),
      reason: 'task_failed',
      payload: Buffer.from(JSON.stringify(end)),
      msgId: `dead-${end.run}`,
      headers: {
        ...base,
        'Colloquy-Reason': 'task_failed',
        'Colloquy-Error': headerText(`${end.error?.code}: ${end.error?.message}`),
        [TASK]: end.task,
      },
    })
  }
  return deadLetters
}

/** Room for the headers of a dead letter within the largest message that the server takes. */
const HEADER_BYTES_MAX = 16 * 1024
const PAYLOAD_BYTES_MAX = 1024 * 1024

/**
 * The dead letter of a message of LOG that is no record: its content as it is, or its beginning if DEAD could not take it all. The id
 * contains the time, because a LOG that was truncated gives its sequences out again.
 *
 * @param payloadBytesMax the largest message that the server takes. Default: that of nats-server.
 */
export function badRecordDeadLetter(
  { seq, address, bad: { why, subject, at, data } }: BadRecord,
  payloadBytesMax = PAYLOAD_BYTES_MAX,
): DeadLetterMessage {
  const payload = data.subarray(0, payloadBytesMax - HEADER_BYTES_MAX)
  return {
    subject: deadSubject(BAD_RECORD, address),
    reason: BAD_RECORD,
    payload,
    msgId: `dead-log-${seq}-${Date.parse(at)}`,
    headers: {
      [LOG_SEQ]: String(seq),
      'Colloquy-At': at,
      'Colloquy-Reason': BAD_RECORD,
      'Colloquy-Error': headerText(why),
      'Colloquy-Subject': headerText(subject),
      ...(payload.length < data.length ? { 'Colloquy-Payload': 'excerpt' } : {}),
    },
  }
}

/** Letters of one actor and reason that are searched for an earlier one. */
const SEARCHED_MAX = 1_000

/**
 * Publishes a dead letter, unless DEAD has it. One of the same input or run, of a record that LOG has lost, gives way: it could not be
 * redriven.
 *
 * @param since when the input arrived, ISO
 * @returns whether it is new
 */
export async function publishDeadLetter(
  deps: RetryDeps,
  { jsm }: Pick<JetStreamContext, 'jsm'>,
  letter: DeadLetterMessage,
  since: string,
): Promise<boolean> {
  const { subject, payload, msgId, headers } = letter
  const outdated: number[] = []
  const earlier = await askWithRetry(deps, 'the earlier dead letters of an input', () => earlierLetters(jsm, letter, since))
  for (const { seq, header } of earlier) {
    if (header.get(LOG_SEQ) === headers[LOG_SEQ]) return false
    outdated.push(seq)
  }
  const published = await publishWithRetry(deps, subject, payload, { msgId, headers })
  // Within the duplicate window DEAD keeps the letter that it has.
  if (published.ok && published.duplicate) return false
  for (const seq of outdated) await removeResolvedDeadLetter(jsm, seq)
  return outdated.length === 0
}

async function earlierLetters(
  jsm: JetStreamManager,
  { subject, msgId, headers }: DeadLetterMessage,
  since: string,
): Promise<readonly StoredMsg[]> {
  // An actor's letters of a reason are in the order of their inputs. Usually the last one is of an earlier input.
  const last = await jsm.direct.getMessage('DEAD', { last_by_subj: subject })
  if (last === null || Number(last.header.get(INBOX_SEQ)) < Number(headers[INBOX_SEQ])) return []
  const earlier: StoredMsg[] = []
  let searched = 0
  for await (const stored of storedSince(jsm, 'DEAD', subject, since)) {
    if (stored.header.get('Nats-Msg-Id') === msgId || isOfSameInput(stored.header, headers)) earlier.push(stored)
    searched += 1
    if (searched === SEARCHED_MAX) break
  }
  return earlier
}

/** Both reject the same input. Other letters name an input too: the one that ended their task. */
const isOfSameInput = (stored: MsgHdrs, headers: DeadLetterMessage['headers']): boolean =>
  headers[INBOX_SEQ] !== undefined && stored.get(INBOX_SEQ) === headers[INBOX_SEQ] && headers[TASK] === undefined && !stored.has(TASK)

/** Removes a dead letter that was redriven or dropped from DEAD. May be repeated; leaves any other message at its sequence alone. */
export async function removeDeadLetter({ jsm }: JetStreamContext, { deadSeq, logSeq }: ResolvedDeadLetter): Promise<void> {
  const stored = await jsm.streams.getMessage('DEAD', { seq: deadSeq })
  if (stored === null || stored.header.get(LOG_SEQ) !== String(logSeq)) return
  await removeResolvedDeadLetter(jsm, deadSeq)
}
