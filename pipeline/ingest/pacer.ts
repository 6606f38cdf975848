import { setTimeout as delay } from 'node:timers/promises'

/** Limits callers to an even rate, first come, first served; without a rate it does not wait. */
export function createPacer(perSecond: number | undefined): (signal: AbortSignal) => Promise<void> {
  if (perSecond === undefined) return () => Promise.resolve()
  let next = 0
  return async (signal) => {
    const now = performance.now()
    const at = Math.max(next, now)
    next = at + 1_000 / perSecond
    if (at > now) await delay(at - now, undefined, { signal })
  }
}
