import type { LogRecord } from '../../schemas/record.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { firstRecord, nextRecord, type Placed } from '../jetstream/last-record.ts'

/**
 * The record that started a task, which alone has the task's input: found by the actor's `at`, which never goes back. `undefined` where LOG no
 * longer has it.
 *
 * @param startedAt as the state has it: the `at` of that record.
 */
export async function taskStartedIn(
  jetstream: JetStreamContext,
  subject: string,
  last: Placed,
  run: string,
  startedAt: string,
): Promise<Placed | undefined> {
  const starts = ({ started }: LogRecord): boolean => started.some((one) => one.run === run)
  if (starts(last.record)) return last
  let found = await firstRecord(jetstream, subject, last, ({ at }) => at < startedAt, 'anyReplica')
  // Several records may be of the same millisecond.
  while (found?.record.at === startedAt && !starts(found.record)) {
    found = found.seq < last.seq ? await nextRecord(jetstream, subject, found.seq + 1, 'anyReplica') : undefined
  }
  return found?.record.at === startedAt ? found : undefined
}
