import { expect, test } from 'vitest'
import { RETRY_DEFAULTS } from '../../../actors/definition/task-definition.ts'
import { pauseAfter } from '../../../pipeline/task-runner/retry-policy.ts'
import { RetryLaterError } from '../../../schemas/errors.ts'

const exact = { ...RETRY_DEFAULTS, jitter: 0 }
const pauses = (policy: Required<typeof exact>, error: unknown = new Error('no')): number[] =>
  [1, 2, 3, 10].map((attempt) => pauseAfter(attempt, error, policy))

test('a pause grows by its factor up to its bound', () => {
  expect(pauses(exact)).toEqual([200, 400, 800, 30_000])
  expect(pauses({ initialMs: 50, factor: 1, maxMs: 1_000, jitter: 0 })).toEqual([50, 50, 50, 50])
  expect(pauses({ initialMs: 10, factor: 10, maxMs: 500, jitter: 0 })).toEqual([10, 100, 500, 500])
  expect(pauseAfter(5_000, undefined, exact)).toBe(30_000)
})

test('the jitter shortens a pause by at most its share', () => {
  const drawn = Array.from({ length: 500 }, () => pauseAfter(1, undefined, { ...exact, initialMs: 1_000, jitter: 0.3 }))
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(700)
  expect(Math.max(...drawn)).toBeLessThanOrEqual(1_000)
  expect(new Set(drawn).size).toBeGreaterThan(10)
})

test('what an outside system asks for is waited at least', () => {
  expect(pauses(exact, new RetryLaterError('busy', 'later', 600))).toEqual([600, 600, 800, 30_000])
})
