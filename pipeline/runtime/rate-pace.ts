import { setTimeout as delay } from 'node:timers/promises'

/** Spreads work over time. */
export interface RatePace {
  /** Settles when one more piece of work may start. @throws the reason of the signal */
  next(signal: AbortSignal): Promise<void>
}

/** What was not used of the last moments may be made up for; longer pauses may not. */
const BURST_MS = 100

/** @param perSecondMax pieces of work a second, on average; at least 1 */
export function createRatePace(perSecondMax: number): RatePace {
  const eachMs = 1_000 / perSecondMax
  let nextMs = performance.now()
  return {
    async next(signal) {
      const nowMs = performance.now()
      nextMs = Math.max(nextMs, nowMs - BURST_MS) + eachMs
      if (nextMs - eachMs > nowMs) await delay(nextMs - eachMs - nowMs, undefined, { signal })
    },
  }
}
