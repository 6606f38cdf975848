import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 5

/** Polls until the condition is true. @returns false on timeout */
export async function sleepUntil(isTrue: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (!isTrue()) {
    if (performance.now() > deadline) return false
    await delay(POLL_MS)
  }
  return true
}
