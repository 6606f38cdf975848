import type { PublicRecord } from '../../schemas/record.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { firstRecord, nextRecord, type Placed } from '../jetstream/last-record.ts'

/**
 * Finds the record that started a task; only it has the task's input. Searches by the `at` of the actor's records, which never decreases.
 * Returns `undefined` if LOG no longer has the record.
 *
 * @param subject the actor's subject in LOG.
 * @param last the actor's last record.
 * @param startedAt start of the run by the actor's state: the `at` of the record.
 */
export async function taskStartedIn(
  jetstream: JetStreamContext,
  subject: string,
  last: Placed,
  run: string,
  startedAt: string,
): Promise<Placed | undefined> {
  const starts = ({ started }: PublicRecord): boolean => started.some((one) => one.run === run)
  if (starts(last.record)) return last
  let found = await firstRecord(jetstream, subject, last, ({ at }) => at < startedAt, 'anyReplica')
  // Several records may have the same millisecond.
  while (found?.record.at === startedAt && !starts(found.record)) {
    found = found.seq < last.seq ? await nextRecord(jetstream, subject, found.seq + 1, 'anyReplica') : undefined
  }
  return found?.record.at === startedAt ? found : undefined
}
