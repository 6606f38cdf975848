import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { shared } from '../runtime/poll-until.ts'
import { askWithRetry } from '../runtime/retry.ts'

/**
 * Shares of their sizes up to which inputs to many actors may fill the streams on their way: the rest is for the messages that actors send
 * and for producers, which must not wait for a fan-out. INBOX is trimmed at half of its size.
 */
const SHARES = { SENT: 0.5, INBOX: 0.6 } as const
const READ_MS = 1_000

/** Holds back inputs to many actors while the streams on their way are filled. */
export interface StreamRoom {
  /** Settles when there is room for a message. @throws the reason of the signal, and the error of NATS after some retries */
  take(bytes: number, signal: AbortSignal): Promise<void>
}

export function createStreamRoom({ jsm }: Pick<JetStreamContext, 'jsm'>, log: Logger): StreamRoom {
  let free = 0
  let readAtMs = -Infinity
  const roomIn = async (stream: keyof typeof SHARES): Promise<number> => {
    const { config, state } = await streamInfo(jsm, stream)
    return config.max_bytes > 0 ? config.max_bytes * SHARES[stream] - state.bytes : Infinity
  }
  const read = shared(async () => {
    free = Math.min(await roomIn('SENT'), await roomIn('INBOX'))
    readAtMs = performance.now()
  })
  return {
    async take(bytes, signal) {
      for (;;) {
        if (performance.now() - readAtMs >= READ_MS) await askWithRetry({ log, signal }, 'the sizes of SENT and INBOX', read)
        if (free >= bytes) break
        await delay(READ_MS, undefined, { signal })
      }
      free -= bytes
    },
  }
}
