import { setTimeout as delay } from 'node:timers/promises'

/** Lets callers through at an even rate, in the order in which they came; without a rate all at once. */
export function createPacer(perSecond: number | undefined): () => Promise<void> {
  if (perSecond === undefined) return () => Promise.resolve()
  let next = 0
  return async () => {
    const now = performance.now()
    const at = Math.max(next, now)
    next = at + 1_000 / perSecond
    if (at > now) await delay(at - now)
  }
}
