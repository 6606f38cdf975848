import type { LogRecord } from '../../schemas/record.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'

/** A record with its LOG sequence. */
export interface Placed {
  readonly seq: number
  readonly record: LogRecord
}

/**
 * The record that started a task, which alone has the task's input: found by halving the actor's records by `at`, which never goes
 * back. `undefined` where LOG no longer has it.
 *
 * @param startedAt as the state has it: the `at` of that record.
 */
export async function taskStartedIn(jetstream: JetStreamContext, subject: string, last: Placed, run: string, startedAt: string): Promise<Placed | undefined> {
  const starts = ({ started }: LogRecord): boolean => started.some((one) => one.run === run)
  if (starts(last.record)) return last
  return search(jetstream, subject, last.seq, ({ at }) => at < startedAt, (record) => (record.at === startedAt ? starts(record) : undefined))
}

/**
 * @param isBefore true for the records of a first part of the actor's life, false for the rest.
 * @param isIt asked for the records after that part, in order: `undefined` ends the search.
 */
async function search(
  jetstream: JetStreamContext, subject: string, lastSeq: number, isBefore: (record: LogRecord) => boolean, isIt: (record: LogRecord) => boolean | undefined,
): Promise<Placed | undefined> {
  let low = 1
  let high = lastSeq
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const found = await next(jetstream, subject, middle)
    if (found === undefined) return undefined
    if (isBefore(found.record)) low = found.seq + 1
    else high = middle
  }
  for (let seq = low; seq <= lastSeq;) {
    const found = await next(jetstream, subject, seq)
    const answer = found === undefined ? undefined : isIt(found.record)
    if (found === undefined || answer === undefined) return undefined
    if (answer) return found
    seq = found.seq + 1
  }
  return undefined
}

async function next({ jsm }: JetStreamContext, subject: string, seq: number): Promise<Placed | undefined> {
  const message = await jsm.direct.getMessage('LOG', { seq, next_by_subj: subject })
  return message === null ? undefined : { seq: message.seq, record: message.json<LogRecord>() }
}
