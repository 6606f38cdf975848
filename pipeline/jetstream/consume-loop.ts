import { setImmediate as nextTurn } from 'node:timers/promises'
import type { InFlightLimiter } from '../runtime/in-flight-limiter.ts'

/**
 * Hands a reader's messages to somebody who finishes them later, and waits whenever too much is under way. Between messages it lets
 * everybody else on this event loop have a turn: answers, heart-beats and leases do not wait for a backlog. The first failure ends it.
 */
export interface ReadLoop<Message> {
  /** Begins; to be called once. `take` must not throw for what one message is like: that would end the reading. */
  run(take: (message: Message) => void): void
  fail(error: unknown): void
  /** Aborts when the loop has ended, for those who wait and try again. */
  readonly signal: AbortSignal
  /** Settles when reading was stopped and all that was under way is finished; rejects with the first failure. */
  readonly ended: Promise<void>
  /** Stops reading and waits for what is under way, for a bounded time; it is done again later if it was not finished. */
  stop(): Promise<void>
}

const STOP_MS_MAX = 5_000
/**
 * Messages that are here already are handed over for so long at a stretch. Each turn costs writes and wake-ups here, in nats-server and in
 * whoever reads next: with 5 ms the throughput was 40 % lower (decision 22).
 */
const STRETCH_MS = 50

export function createReadLoop<Message>(reader: AsyncIterable<Message> & { stop(): void }, inFlight: InFlightLimiter): ReadLoop<Message> {
  const over = new AbortController()
  const { promise: failed, reject: fail } = Promise.withResolvers<never>()
  const { promise: read, resolve: begin } = Promise.withResolvers<Promise<void>>()
  const ended = Promise.race([read.then(() => inFlight.whenIdle()), failed]).finally(() => {
    reader.stop()
    over.abort()
    inFlight.cancelWaiters()
  })
  // A failure may come before anybody waits for the end.
  ended.catch(() => undefined)

  return {
    run(take) {
      const readAll = async (): Promise<void> => {
        let begunMs = performance.now()
        for await (const message of reader) {
          take(message)
          if (inFlight.isFull) await inFlight.whenAvailable()
          if (performance.now() - begunMs > STRETCH_MS) {
            await nextTurn()
            begunMs = performance.now()
          }
          if (over.signal.aborted) return
        }
      }
      begin(readAll())
    },
    fail,
    signal: over.signal,
    ended,
    async stop() {
      reader.stop()
      const timeout = setTimeout(() => over.abort(), STOP_MS_MAX)
      await ended.catch(() => undefined)
      clearTimeout(timeout)
    },
  }
}
