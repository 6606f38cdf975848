import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { askWithRetry, backOffMs, restartPauses, withRetry } from '../../../pipeline/runtime/retry.ts'
import { silent } from '../../support/test-system.ts'

const NO_PAUSE = { minMs: 0, maxMs: 0 }

/** Throws the failures one after another, then answers. */
function failing(failures: readonly unknown[]) {
  const remaining = [...failures]
  return vi.fn(async () => {
    if (remaining.length > 0) throw remaining.shift()
    return 'an answer'
  })
}

describe('withRetry', () => {
  test('an attempt that succeeds is made once', async () => {
    const attempt = failing([])
    expect(await withRetry(attempt, { pauses: NO_PAUSE })).toBe('an answer')
    expect(attempt).toHaveBeenCalledTimes(1)
  })

  test('a failure of any kind is retried, also a TypeError and a thrown value that is no error', async () => {
    const attempt = failing([new Error('away'), new TypeError('undefined is not a function'), 'a text', null])
    expect(await withRetry(attempt, { pauses: NO_PAUSE })).toBe('an answer')
    expect(attempt).toHaveBeenCalledTimes(5)
  })

  test('pauses double up to a bound, and each failure is reported before its pause', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const retries: unknown[] = []
    const attempt = failing([1, 2, 3, 4])
    const answer = withRetry(attempt, { pauses: { minMs: 20, maxMs: 50 }, onRetry: (error, pauseMs) => retries.push([error, pauseMs]) })
    await vi.advanceTimersByTimeAsync(139)
    expect(attempt).toHaveBeenCalledTimes(4)
    await vi.advanceTimersByTimeAsync(31)
    expect(await answer).toBe('an answer')
    expect(retries).toEqual([
      [1, 20],
      [2, 40],
      [3, 50],
      [4, 50],
    ])
  })

  test('after the last retry the very error of that try is thrown', async () => {
    const last = new TypeError('the last one')
    const attempt = failing([new Error('first'), last, new Error('never')])
    await expect(withRetry(attempt, { pauses: NO_PAUSE, retriesMax: 1 })).rejects.toBe(last)
    expect(attempt).toHaveBeenCalledTimes(2)
  })

  test.each([0, 1])('a final error ends the retries, after %d others', async (before) => {
    const final = Object.assign(new Error('refused'), { code: 'refused' })
    const attempt = failing([...Array.from({ length: before }, () => new Error('away')), final])
    const onRetry = vi.fn()
    await expect(withRetry(attempt, { pauses: NO_PAUSE, isFinal: (error) => error === final, onRetry })).rejects.toBe(final)
    expect(attempt).toHaveBeenCalledTimes(before + 1)
    expect(onRetry).toHaveBeenCalledTimes(before)
  })

  test('tries that made progress do not count', async () => {
    const attempt = failing([1, 2, 3])
    await withRetry(attempt, { pauses: NO_PAUSE, retriesMax: 1, madeProgress: async () => attempt.mock.calls.length < 3 })
    expect(attempt).toHaveBeenCalledTimes(4)
  })

  test('an abort during a pause rejects with its reason', async () => {
    const stopping = new AbortController()
    const reason = new Error('stopped')
    const attempt = failing([1, 2])
    await expect(
      withRetry(attempt, {
        pauses: { minMs: 3_600_000, maxMs: 3_600_000 },
        signal: stopping.signal,
        onRetry: () => setImmediate(() => stopping.abort(reason)),
      }),
    ).rejects.toBe(reason)
    expect(attempt).toHaveBeenCalledTimes(1)
  })
})

test('a request whose reply comes after an abort rejects with its reason', async () => {
  const stopping = new AbortController()
  const reason = new Error('stopped')
  const asked = askWithRetry({ log: silent, signal: stopping.signal }, 'what', async () => stopping.abort(reason))
  await expect(asked).rejects.toBe(reason)
})

describe('the pause before a restart', () => {
  test('doubles up to 10 s', () => {
    const pauses = restartPauses()
    expect(Array.from({ length: 9 }, () => pauses.after(0))).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
  })

  test('is the shortest again after a long run, and after a reset', () => {
    const pauses = restartPauses()
    expect([pauses.after(0), pauses.after(30_000), pauses.after(30_001), pauses.after(0)]).toEqual([100, 200, 100, 200])
    pauses.reset()
    expect(pauses.after(0)).toBe(100)
  })
})

test('a jittered pause is at least half of the plain one, and never longer', () => {
  for (let index = 0; index < 100; index += 1) {
    const pauseMs = backOffMs(3, { minMs: 100, maxMs: 10_000 }, true)
    expect(pauseMs).toBeGreaterThanOrEqual(400)
    expect(pauseMs).toBeLessThanOrEqual(800)
  }
})
