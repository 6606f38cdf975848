import { setTimeout as delay } from 'node:timers/promises'

/** A job that runs in the background until it is stopped. */
export interface PeriodicJob {
  /** Settles after the current run. */
  stop(): Promise<void>
}

/**
 * Runs a job, waits for as many milliseconds as the run returned, and runs it again.
 *
 * @param firstMs the delay of the first run
 * @param once must not reject; the signal aborts when the job stops
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
