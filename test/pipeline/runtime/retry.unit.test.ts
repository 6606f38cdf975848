import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { askWithRetry, backOffMs, restartPauses, withRetry } from '../../../pipeline/runtime/retry.ts'
import { silent } from '../../support/test-system.ts'

const AT_ONCE = { minMs: 0, maxMs: 0 }

/** Fails as often as there are failures, then answers. */
function failing(failures: readonly unknown[]) {
  const left = [...failures]
  return vi.fn(async () => {
    if (left.length > 0) throw left.shift()
    return 'an answer'
  })
}

describe('a retry', () => {
  test('that succeeds at first calls once', async () => {
    const attempt = failing([])
    expect(await withRetry(attempt, { pauses: AT_ONCE })).toBe('an answer')
    expect(attempt).toHaveBeenCalledTimes(1)
  })

  test('goes on after an error of any kind, a TypeError and what is no error among them', async () => {
    const attempt = failing([new Error('away'), new TypeError('undefined is not a function'), 'a text', null])
    expect(await withRetry(attempt, { pauses: AT_ONCE })).toBe('an answer')
    expect(attempt).toHaveBeenCalledTimes(5)
  })

  test('pauses for twice as long each time, up to a bound, and says so before each pause', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const told: unknown[] = []
    const attempt = failing([1, 2, 3, 4])
    const answer = withRetry(attempt, { pauses: { minMs: 20, maxMs: 50 }, onRetry: (error, pauseMs) => told.push([error, pauseMs]) })
    await vi.advanceTimersByTimeAsync(139)
    expect(attempt).toHaveBeenCalledTimes(4)
    await vi.advanceTimersByTimeAsync(31)
    expect(await answer).toBe('an answer')
    expect(told).toEqual([
      [1, 20],
      [2, 40],
      [3, 50],
      [4, 50],
    ])
  })

  test('ends with what the last try threw, itself', async () => {
    const last = new TypeError('the last one')
    const attempt = failing([new Error('first'), last, new Error('never')])
    await expect(withRetry(attempt, { pauses: AT_ONCE, retriesMax: 1 })).rejects.toBe(last)
    expect(attempt).toHaveBeenCalledTimes(2)
  })

  test.each([0, 1])('ends at an error that is final, after %d others', async (before) => {
    const final = Object.assign(new Error('refused'), { code: 'refused' })
    const attempt = failing([...Array.from({ length: before }, () => new Error('away')), final])
    const onRetry = vi.fn()
    await expect(withRetry(attempt, { pauses: AT_ONCE, isFinal: (error) => error === final, onRetry })).rejects.toBe(final)
    expect(attempt).toHaveBeenCalledTimes(before + 1)
    expect(onRetry).toHaveBeenCalledTimes(before)
  })

  test('does not count tries that got ahead', async () => {
    const attempt = failing([1, 2, 3])
    await withRetry(attempt, { pauses: AT_ONCE, retriesMax: 1, gotAhead: async () => attempt.mock.calls.length < 3 })
    expect(attempt).toHaveBeenCalledTimes(4)
  })

  test('that is aborted in a pause ends with the reason', async () => {
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

test('a question that was answered after the abort is not answered', async () => {
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
