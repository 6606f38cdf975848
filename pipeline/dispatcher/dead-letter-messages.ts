import type { LogRecord, Reason, TaskEnd } from '../../schemas/record.ts'
import { deadSubject, type Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'

export interface DeadLetterMessage {
  readonly subject: string
  readonly reason: Reason
  readonly payload: Uint8Array
  readonly msgId: string
  readonly headers: Readonly<Record<string, string>>
}

/** Header values are one line of ASCII. */
export const headerText = (text: string): string => encodeURI(text.toWellFormed()).replaceAll('%20', ' ').slice(0, 1024)

export const hasDeadLetters = (record: LogRecord): boolean => record.reason !== undefined || record.ended.some(isFailure)

const BY_WAKE_UP: ReadonlySet<string> = new Set(['timer.fired', 'task.expired'])

const isFailure = ({ status }: TaskEnd): boolean => status === 'failed' || status === 'expired'

/**
 * The dead letters of a record: a rejection with its payload untouched, as INBOX still has it (else the excerpt that the
 * record keeps, and a header that says so); a task that failed for good, with its outcome.
 */
export async function deadLettersOf(jetstream: JetStreamContext, address: Address, record: LogRecord, logSeq: number): Promise<DeadLetterMessage[]> {
  const deadLetters: DeadLetterMessage[] = []
  const base = {
    'Colloquy-Log-Seq': String(logSeq), 'Colloquy-Inbox-Seq': String(record.inbox.seq), 'Colloquy-At': record.at,
    'Colloquy-Type': headerText(record.input.type),
  }
  if (record.reason !== undefined) {
    // The leader, since a replica that lags would cost the payload.
    const original = await jetstream.jsm.streams.getMessage('INBOX', { seq: record.inbox.seq })
    const whole = original !== null && original.time.toISOString() === record.inbox.ts
    // An alarm itself says nothing; the record has what it was for.
    const payload = whole && !BY_WAKE_UP.has(record.input.type) ? original.data : Buffer.from(record.payload ?? '')
    deadLetters.push({
      subject: deadSubject(record.reason, address),
      reason: record.reason,
      payload,
      msgId: `dead-${logSeq}-${record.inbox.seq}`,
      headers: {
        ...base,
        'Colloquy-Reason': record.reason,
        'Colloquy-Error': headerText(record.error ?? ''),
        'Colloquy-Subject': headerText(whole ? original.subject : ''),
        ...(whole ? {} : { 'Colloquy-Payload': 'excerpt' }),
      },
    })
  }
  for (const end of record.ended.filter(isFailure)) {
    deadLetters.push({
      subject: deadSubject('task_failed', address),
      reason: 'task_failed',
      payload: Buffer.from(JSON.stringify(end)),
      msgId: `dead-${end.run}`,
      headers: { ...base, 'Colloquy-Reason': 'task_failed', 'Colloquy-Error': headerText(`${end.error?.code}: ${end.error?.message}`), 'Colloquy-Task': end.task },
    })
  }
  return deadLetters
}
