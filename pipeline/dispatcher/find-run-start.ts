import { CHILD_START } from '../../schemas/child-messages.ts'
import type { PublicRecord } from '../../schemas/record.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { firstRecord, nextRecord, type Placed } from '../jetstream/last-record.ts'

/** Whether a record started a run. */
const starts = ({ started, sent = [] }: PublicRecord, run: string): boolean =>
  started.some((one) => one.run === run) || sent.some(({ type, data }) => type === CHILD_START && data['run'] === run)

/**
 * Finds the record that started a task or a child; only it has the input. Searches by the `at` of the actor's records, which never
 * decreases. Returns `undefined` if LOG no longer has the record.
 *
 * @param subject the actor's subject in LOG.
 * @param last the actor's last record.
 * @param startedAt start of the run by the actor's state: the `at` of the record.
 */
export async function runStartedIn(
  jetstream: JetStreamContext,
  subject: string,
  last: Placed,
  run: string,
  startedAt: string,
): Promise<Placed | undefined> {
  if (starts(last.record, run)) return last
  let found = await firstRecord(jetstream, subject, last, ({ at }) => at < startedAt, 'anyReplica')
  // Several records may have the same millisecond.
  while (found?.record.at === startedAt && !starts(found.record, run)) {
    found = found.seq < last.seq ? await nextRecord(jetstream, subject, found.seq + 1, 'anyReplica') : undefined
  }
  return found?.record.at === startedAt ? found : undefined
}
