import type { Consumer, JsMsg, OrderedConsumerOptions } from '@nats-io/jetstream'
import { ColloquyError } from '../../schemas/errors.ts'
import type { StreamName } from '../../schemas/subjects.ts'
import { withRetry } from '../runtime/retry.ts'
import type { JetStreamContext } from './connection.ts'
import { hasNoResponders } from './jetstream-codes.ts'
import { nextOf } from './stream-info.ts'

const FETCH_MAX = 500
const FETCH_MS_MAX = 10_000
/** The client retries a consumer that was lost with its server without end. */
const SILENCE_MS_MAX = 2 * FETCH_MS_MAX
/** A cluster reports a consumer as made before the server that has it listens, and loses those of a server that ends. */
const PAUSES = { minMs: 50, maxMs: 2_000 }
const RETRIES_MAX = 8

/**
 * Reads what a stream holds now, in batches: work between two batches delays no heartbeats.
 *
 * @throws ColloquyError `interrupted` when the stream stops answering
 */
export async function* readToEnd(
  jetstream: JetStreamContext,
  stream: StreamName,
  what: Partial<OrderedConsumerOptions>,
): AsyncGenerator<readonly JsMsg[]> {
  let consumer: Consumer | undefined = await jetstream.js.consumers.get(stream, what)
  let next = what.opt_start_seq ?? 1
  try {
    for (let pending = (await consumer.info(true)).num_pending; pending > 0;) {
      const fetchNext = async (): Promise<JsMsg[]> => {
        consumer ??= await jetstream.js.consumers.get(stream, { ...what, opt_start_seq: next })
        try {
          return await fetchBatch(consumer, Math.min(FETCH_MAX, pending))
        } catch (error) {
          await discard(consumer)
          consumer = undefined
          throw error
        }
      }
      const batch = await withRetry(fetchNext, { pauses: PAUSES, retriesMax: RETRIES_MAX, isFinal: (error) => !hasNoResponders(error) })
      const last = batch.at(-1)
      if (last === undefined && (await isRead(jetstream, stream, what, next))) return
      if (last === undefined)
        throw new ColloquyError('interrupted', `${stream} did not answer in time, with ${pending} messages still to come`)
      pending = last.info.pending
      next = last.seq + 1
      yield batch
    }
  } finally {
    if (consumer !== undefined) await discard(consumer)
  }
}

/** The server would keep a consumer for minutes. It may be gone with its server. */
const discard = async (consumer: Consumer): Promise<boolean> => consumer.delete().catch(() => false)

/** Whether the leader has nothing more to read: a stream counts messages that it cannot read, and never delivers them. */
async function isRead({ jsm }: JetStreamContext, stream: StreamName, what: Partial<OrderedConsumerOptions>, seq: number): Promise<boolean> {
  const filters = [what.filter_subjects ?? []].flat()
  const left = await Promise.all((filters.length === 0 ? ['>'] : filters).map((filter) => nextOf(jsm, stream, seq, filter)))
  return left.every((message) => message === null)
}

/** The messages that arrive in time, possibly none. */
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
