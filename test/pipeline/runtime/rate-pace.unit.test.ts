import { expect, test } from 'vitest'
import { createRatePace } from '../../../pipeline/runtime/rate-pace.ts'

const { signal } = new AbortController()

test('work of several callers together goes no faster than the rate, but for a burst of 100 ms', async () => {
  const pace = createRatePace(500)
  const startedMs = performance.now()
  const caller = async (): Promise<void> => {
    for (let piece = 0; piece < 50; piece++) await pace.next(signal)
  }
  await Promise.all([caller(), caller(), caller()])
  // 150 pieces each 2 ms; timers may fire a millisecond early.
  expect(performance.now() - startedMs).toBeGreaterThan(150 * 2 - 2 - 100 - 5)
})

test('one that waits ends with its signal', async () => {
  const pace = createRatePace(1)
  await pace.next(signal)
  const stop = new AbortController()
  const waiting = pace.next(stop.signal)
  stop.abort()
  await expect(waiting).rejects.toThrow()
})
