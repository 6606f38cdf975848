import { createInbox, type NatsConnection } from '@nats-io/transport-node'
import { createInFlightLimiter } from '../../pipeline/runtime/in-flight-limiter.ts'
import { parseJson } from '../../schemas/json.ts'

/** What a stream made of a message. */
export interface Ack {
  /** Its sequence; `undefined` where it was refused. */
  readonly seq: number | undefined
}

/**
 * Publishes to JetStream with a bounded number under way, as cheaply as this client can: one reply subscription, no timer and no
 * promise per message. Nothing is sent twice: what has no answer counts as not acknowledged.
 */
export interface BenchPublisher {
  /** Sends within this turn of the event loop; `onAck` is called with the answer, or never. */
  publish(subject: string, payload: Uint8Array | string, onAck: (ack: Ack) => void): void
  readonly isFull: boolean
  /** Settles when there is room for another. */
  room(): Promise<void>
  /** Settles when all have their answer, or after `ANSWERS_MS_MAX`. */
  settled(): Promise<void>
  readonly refused: number
  close(): void
}

const UNDER_WAY_MAX = 1_000
const UNDER_WAY_BYTES_MAX = 64 * 1024 * 1024
const ANSWERS_MS_MAX = 10_000

export function createBenchPublisher(nc: NatsConnection): BenchPublisher {
  const inbox = createInbox()
  const gate = createInFlightLimiter({ countMax: UNDER_WAY_MAX, bytesMax: UNDER_WAY_BYTES_MAX })
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
      gate.release(entry.bytes)
    },
  })
  return {
    publish(subject, payload, onAck) {
      const token = (++tokens).toString(36)
      const bytes = payload.length
      waiting.set(token, { bytes, onAck })
      gate.acquire(bytes)
      nc.publish(subject, payload, { reply: `${inbox}.${token}` })
    },
    get isFull() {
      return gate.isFull
    },
    room: () => gate.whenAvailable(),
    async settled() {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timeout = setTimeout(resolve, ANSWERS_MS_MAX)
      await Promise.race([gate.whenIdle(), promise])
      clearTimeout(timeout)
    },
    get refused() {
      return refused
    },
    close: () => subscription.unsubscribe(),
  }
}

/** JetStream answers `{"stream": …, "seq": …}`, with an `error` in it, or, where nobody takes the subject, with nothing. */
function sequenceIn(answer: string): number | undefined {
  const value = parseJson(answer)
  if (typeof value !== 'object' || value === null || !('seq' in value) || 'error' in value) return undefined
  return typeof value.seq === 'number' && value.seq > 0 ? value.seq : undefined
}
