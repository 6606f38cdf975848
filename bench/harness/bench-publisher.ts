import { createInbox, type NatsConnection } from '@nats-io/transport-node'
import { createInFlightLimiter } from '../../pipeline/runtime/in-flight-limiter.ts'
import { parseJson } from '../../schemas/json.ts'

/** The answer of a stream to a published message. */
export interface Ack {
  /** Stream sequence; `undefined` if the stream refused the message. */
  readonly seq: number | undefined
}

/**
 * Publishes to JetStream with a bounded number of messages in flight and little work per message: all messages share one reply
 * subscription, and a message needs no timer and no promise. It never retries. A message without an answer counts as not acknowledged.
 */
export interface BenchPublisher {
  /** Sends within this turn of the event loop. `onAck` is called with the answer; without an answer it is never called. */
  publish(subject: string, payload: Uint8Array | string, onAck: (ack: Ack) => void): void
  readonly isFull: boolean
  /** Resolves when the caller may publish another message. */
  whenAvailable(): Promise<void>
  /** Settles when all messages have an answer, or after `ANSWERS_MS_MAX`. */
  settled(): Promise<void>
  readonly refused: number
  close(): void
}

const IN_FLIGHT_MAX = 1_000
const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024
const ANSWERS_MS_MAX = 10_000

export function createBenchPublisher(nc: NatsConnection): BenchPublisher {
  const inbox = createInbox()
  const inFlight = createInFlightLimiter({ countMax: IN_FLIGHT_MAX, bytesMax: IN_FLIGHT_BYTES_MAX })
  const waiting = new Map<string, { readonly bytes: number; readonly onAck: (ack: Ack) => void }>()
  let tokens = 0
  let refused = 0
  const subscription = nc.subscribe(`${inbox}.*`, {
    callback: (_, reply) => {
      const token = reply.subject.slice(inbox.length + 1)
      const entry = waiting.get(token)
      if (entry === undefined) return
      waiting.delete(token)
      const seq = sequenceIn(reply.string())
      if (seq === undefined) refused += 1
      entry.onAck({ seq })
      inFlight.release(entry.bytes)
    },
  })
  return {
    publish(subject, payload, onAck) {
      const token = (++tokens).toString(36)
      const bytes = payload.length
      waiting.set(token, { bytes, onAck })
      inFlight.acquire(bytes)
      nc.publish(subject, payload, { reply: `${inbox}.${token}` })
    },
    get isFull() {
      return inFlight.isFull
    },
    whenAvailable: () => inFlight.whenAvailable(),
    async settled() {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timeout = setTimeout(resolve, ANSWERS_MS_MAX)
      await Promise.race([inFlight.whenIdle(), promise])
      clearTimeout(timeout)
    },
    get refused() {
      return refused
    },
    close: () => subscription.unsubscribe(),
  }
}

/** JetStream answers `{"stream": …, "seq": …}` or an object with `error`; if no stream listens on the subject, the answer is empty. */
function sequenceIn(answer: string): number | undefined {
  const value = parseJson(answer)
  if (typeof value !== 'object' || value === null || !('seq' in value) || 'error' in value) return undefined
  return typeof value.seq === 'number' && value.seq > 0 ? value.seq : undefined
}
