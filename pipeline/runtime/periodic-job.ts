import { setTimeout as delay } from 'node:timers/promises'

/** Work that is done again and again in the background. */
export interface PeriodicJob {
  /** Ends after what is being done just now. */
  stop(): Promise<void>
}

/**
 * Does something, pauses for as many ms as it says, and does it again.
 *
 * @param firstMs the pause before it is done first
 * @param once must not reject; the signal aborts when it is to end
 */
export function periodicJob(firstMs: number, once: (signal: AbortSignal) => Promise<number>): PeriodicJob {
  const stopping = new AbortController()
  const { signal } = stopping
  const run = async (): Promise<void> => {
    for (let pauseMs = firstMs; ; pauseMs = await once(signal)) {
      await delay(pauseMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
    }
  }
  const running = run()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}
