import type { JetStreamContext } from '../jetstream/connection.ts'
import { logParser } from '../jetstream/log-message.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'
import { sentBy } from './outgoing-messages.ts'

export interface ResendOptions extends Omit<RetryDeps, 'publisher'> {
  readonly jetstream: JetStreamContext
  readonly partitions: readonly number[]
  /** SENT still has all messages that were published up to this time, ISO. */
  readonly since: string
  /** LOG sequence up to which the dispatcher has carried out a partition's records. */
  readonly upTo: (partition: number) => number
}

/** Max time from the commit of a record to the publishing of its messages: the largest lag that the dispatcher may have had. */
const DISPATCH_LAG_MS_MAX = 3_600_000
/** Messages that the reader buffers. */
const AHEAD_MAX = 1_000

/**
 * Publishes again the messages of actors to actors that a truncated SENT may have lost. An actor that already has a message recognises the
 * duplicate by its `sequence`. Call it before any newer message is published: after a newer one, a lost message would look like a
 * duplicate.
 *
 * @returns the number of published messages.
 * @throws ColloquyError `interrupted` when the reader lost its consumer or its connection; the reason of `signal` when it is aborted.
 */
export async function resend({ jetstream, partitions, since, upTo, ...deps }: ResendOptions): Promise<number> {
  const from = new Date(Math.max(0, Date.parse(since) - DISPATCH_LAG_MS_MAX))
  const first = await jetstream.jsm.direct.getMessage('LOG', { start_time: from })
  const last = Math.max(0, ...partitions.map(upTo))
  if (first === null || first.seq > last) return 0
  let count = 0
  const parse = await logParser(jetstream)
  const reader = await openReader(jetstream, {
    stream: 'LOG',
    filterSubjects: partitions.map((partition) => `log.${partition}.>`),
    startSeq: first.seq,
    to: last,
    messagesMax: AHEAD_MAX,
  })
  try {
    for await (const message of reader) {
      deps.signal.throwIfAborted()
      const { partition, address, record } = parse(message)
      if (record !== undefined && message.seq <= upTo(partition)) {
        for (const { subject, payload } of sentBy(address, record)) {
          await publishWithRetry({ ...deps, publisher: jetstream.publisher }, subject, payload)
          count += 1
        }
      }
    }
  } finally {
    reader.stop()
  }
  return count
}
