import { setTimeout as delay } from 'node:timers/promises'
import type { StreamInfo } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import { shared } from '../runtime/poll-until.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
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

interface Filled {
  readonly config: Pick<StreamInfo['config'], 'max_bytes'>
  readonly state: Pick<StreamInfo['state'], 'bytes'>
}

/** @param infoOf the size of a stream and what it holds, read at most each `everyMs` */
export function createStreamRoom(infoOf: (stream: keyof typeof SHARES) => Promise<Filled>, log: Logger, everyMs = READ_MS): StreamRoom {
  let free = 0
  let readAtMs = -Infinity
  const roomIn = async (stream: keyof typeof SHARES): Promise<number> => {
    const { config, state } = await infoOf(stream)
    return config.max_bytes > 0 ? config.max_bytes * SHARES[stream] - state.bytes : Infinity
  }
  const read = shared(async () => {
    free = Math.min(await roomIn('SENT'), await roomIn('INBOX'))
    readAtMs = performance.now()
  })
  return {
    async take(bytes, signal) {
      for (;;) {
        if (performance.now() - readAtMs >= everyMs) await askWithRetry({ log, signal }, 'the sizes of SENT and INBOX', read)
        if (free >= bytes) break
        rateLimitedWarn(log, { ...SHARES }, 'an event to many actors waits: SENT or INBOX is filled beyond these shares')
        await delay(everyMs, undefined, { signal })
      }
      free -= bytes
    },
  }
}
