import type { JsMsg } from '@nats-io/jetstream'
import type { Gate } from '../gate.ts'
import type { StreamReader } from './reader.ts'

/**
 * Hands a reader's messages to somebody who finishes them later, and waits whenever too much is under way. The first failure
 * ends it.
 */
export interface ReadLoop {
  /** Begins; to be called once. `take` must not throw for what one message is like: that would end the reading. */
  run(take: (message: JsMsg) => void): void
  fail(error: unknown): void
  /** Aborts when the loop has ended, for those who wait and try again. */
  readonly signal: AbortSignal
  /** Settles when reading was stopped and all that was under way is finished; rejects with the first failure. */
  readonly ended: Promise<void>
  /** Stops reading and waits for what is under way, for a bounded time; it is done again later if it was not finished. */
  stop(): Promise<void>
}

const STOP_MS_MAX = 5_000

export function createReadLoop(reader: StreamReader, gate: Gate): ReadLoop {
  const over = new AbortController()
  const { promise: failed, reject: fail } = Promise.withResolvers<never>()
  const { promise: read, resolve: begin } = Promise.withResolvers<Promise<void>>()
  const ended = Promise.race([read.then(() => gate.empty()), failed]).finally(() => {
    reader.stop()
    over.abort()
    gate.giveUp()
  })
  // A failure may come before anybody waits for the end.
  ended.catch(() => undefined)

  return {
    run(take) {
      const readAll = async (): Promise<void> => {
        for await (const message of reader) {
          take(message)
          if (gate.isFull) await gate.room()
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
      const impatience = setTimeout(() => over.abort(), STOP_MS_MAX)
      await ended.catch(() => undefined)
      clearTimeout(impatience)
    },
  }
}
