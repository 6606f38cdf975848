import type { JsMsg, OrderedConsumerOptions } from '@nats-io/jetstream'
import { ColloquyError } from '../../schemas/errors.ts'
import type { StreamName } from '../../schemas/subjects.ts'
import type { Bus } from '../bus.ts'

const FETCH_MAX = 500
const FETCH_MS_MAX = 10_000

/**
 * Reads what a stream has of something by now, in batches, so that whoever works on one in between keeps nobody waiting for heartbeats.
 *
 * @throws ColloquyError `interrupted` where the stream stopped answering
 */
export async function* readToEnd({ js }: Bus, stream: StreamName, what: Partial<OrderedConsumerOptions>): AsyncGenerator<readonly JsMsg[]> {
  const consumer = await js.consumers.get(stream, what)
  try {
    for (let pending = (await consumer.info(true)).num_pending; pending > 0;) {
      const batch: JsMsg[] = []
      for await (const message of await consumer.fetch({ max_messages: Math.min(FETCH_MAX, pending), expires: FETCH_MS_MAX })) {
        batch.push(message)
        pending = message.info.pending
      }
      if (batch.length === 0) throw new ColloquyError('interrupted', `${stream} did not answer for ${FETCH_MS_MAX / 1_000} s, with ${pending} messages still to come`)
      yield batch
    }
  } finally {
    // It would stay with the server for minutes; it may be gone with its server.
    await consumer.delete().catch(() => false)
  }
}
