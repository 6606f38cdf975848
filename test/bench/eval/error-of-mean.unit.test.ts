import { expect, test } from 'vitest'
import { meanWithError } from '../../../bench/eval/error-of-mean.ts'

test('the error of a rate is that of a binomial share where all values are independent, and larger where they come in groups', () => {
  const values = Array.from({ length: 400 }, (_, at) => (at % 4 === 0 ? 1 : 0))
  const alone = meanWithError(
    values,
    values.map((_, at) => `v${at}`),
  )
  expect(alone.mean).toBe(0.25)
  expect(alone.error).toBeCloseTo(1.96 * Math.sqrt((0.25 * 0.75) / 400), 6)
  const sorted = values.toSorted((one, other) => one - other)
  const grouped = meanWithError(
    sorted,
    sorted.map((_, at) => `v${Math.floor(at / 10)}`),
  )
  expect(grouped.error).toBeGreaterThan(2 * alone.error)
  expect(meanWithError([], [])).toEqual({ mean: 0, error: 0 })
})
