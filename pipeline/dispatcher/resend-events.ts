import type { LogRecord } from '../../schemas/record.ts'
import { parseLogSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { sentBy } from './outgoing-messages.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'
import { openReader } from '../jetstream/ordered-reader.ts'

export interface ResendOptions extends Omit<RetryDeps, 'publisher'> {
  readonly jetstream: JetStreamContext
  readonly partitions: readonly number[]
  /** SENT has what was published up to then, ISO. */
  readonly since: string
  /** LOG sequence up to which records were carried out. */
  readonly upTo: (partition: number) => number
}

/** How much older than what SENT lost the records may be that asked for it: what the dispatcher may have been behind. */
const BEHIND_MS_MAX = 3_600_000
const AHEAD_MAX = 1_000

/**
 * Sends what actors sent to others again, from what SENT may have lost on; who has it already knows it by its `sequence`. To be done
 * before newer ones are sent: they would make the older ones look like repeats.
 *
 * @returns how many.
 */
export async function resend({ jetstream, partitions, since, upTo, ...deps }: ResendOptions): Promise<number> {
  const from = new Date(Math.max(0, Date.parse(since) - BEHIND_MS_MAX))
  const first = await jetstream.jsm.direct.getMessage('LOG', { start_time: from })
  const last = Math.max(0, ...partitions.map(upTo))
  if (first === null || first.seq > last) return 0
  let count = 0
  const reader = await openReader(jetstream, {
    stream: 'LOG', filterSubjects: partitions.map((partition) => `log.${partition}.>`), startSeq: first.seq, messagesMax: AHEAD_MAX,
  })
  try {
    if (reader.pending === 0) return 0
    for await (const message of reader) {
      deps.signal.throwIfAborted()
      if (message.seq > last) break
      const { partition, address } = parseLogSubject(message.subject)
      if (message.seq <= upTo(partition)) {
        for (const { subject, payload } of sentBy(address, message.json<LogRecord>())) {
          await publishWithRetry({ ...deps, publisher: jetstream.publisher }, subject, payload)
          count += 1
        }
      }
      if (message.seq === last || reader.pending === 0) break
    }
  } finally {
    reader.stop()
  }
  return count
}
