import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 5

/** Waits for something to become true. @returns false where it did not in time */
export async function sleepUntil(isTrue: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (!isTrue()) {
    if (performance.now() > deadline) return false
    await delay(POLL_MS)
  }
  return true
}
