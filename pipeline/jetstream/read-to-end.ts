import type { Consumer, JsMsg, OrderedConsumerOptions } from '@nats-io/jetstream'
import { ColloquyError } from '../../schemas/errors.ts'
import type { StreamName } from '../../schemas/subjects.ts'
import type { JetStreamContext } from './connection.ts'

const FETCH_MAX = 500
const FETCH_MS_MAX = 10_000
/** The client asks for a consumer that is lost with its server again and again, without an end. */
const SILENCE_MS_MAX = 2 * FETCH_MS_MAX

/**
 * Reads what a stream has of something by now, in batches, so that whoever works on one in between keeps nobody waiting for heartbeats.
 *
 * @throws ColloquyError `interrupted` where the stream stopped answering
 */
export async function* readToEnd({ js }: JetStreamContext, stream: StreamName, what: Partial<OrderedConsumerOptions>): AsyncGenerator<readonly JsMsg[]> {
  const consumer = await js.consumers.get(stream, what)
  try {
    for (let pending = (await consumer.info(true)).num_pending; pending > 0;) {
      const batch = await fetchBatch(consumer, Math.min(FETCH_MAX, pending))
      const last = batch.at(-1)
      if (last === undefined) throw new ColloquyError('interrupted', `${stream} did not answer in time, with ${pending} messages still to come`)
      pending = last.info.pending
      yield batch
    }
  } finally {
    // It would stay with the server for minutes; it may be gone with its server.
    await consumer.delete().catch(() => false)
  }
}

/** What comes in time, which may be nothing. */
async function fetchBatch(consumer: Consumer, max: number): Promise<JsMsg[]> {
  const messages = await consumer.fetch({ max_messages: max, expires: FETCH_MS_MAX })
  const timeout = setTimeout(() => messages.stop(), SILENCE_MS_MAX)
  try {
    const batch: JsMsg[] = []
    for await (const message of messages) batch.push(message)
    return batch
  } finally {
    clearTimeout(timeout)
  }
}
