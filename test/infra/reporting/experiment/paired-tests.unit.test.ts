import { expect, test } from 'vitest'
import {
  deviation,
  intervalOfMean,
  mcNemar,
  quantile,
  smallestFound,
  wilcoxonSignedRank as signedRanks,
} from '../../../../infra/reporting/experiment/paired-tests.ts'

const wilcoxonSignedRank = (differences: readonly number[]): number => signedRanks(differences).p

/** Hollander and Wolfe's depression scores; R's wilcox.test(x, y, paired = TRUE) gives V = 40, p = 0.03906. */
const before = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3]
const after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
const depression = before.map((score, index) => score - (after[index] ?? 0))

test("Wilcoxon's test gives R's p-value, whatever the sign", () => {
  expect(wilcoxonSignedRank(depression)).toBeCloseTo(0.0390625, 7)
  expect(wilcoxonSignedRank(depression.map((difference) => -difference))).toBeCloseTo(0.0390625, 7)
})

test('the ranks lean to the side that outweighs', () => {
  expect(
    [
      [1, 2, -3],
      [1, 2, -4, 5],
      [-1, -2, 1],
    ].map((differences) => signedRanks(differences).leans),
  ).toEqual([0, 1, -1])
})

test('five differences that all go one way do not reach 5 %, six do', () => {
  expect(wilcoxonSignedRank([1, 2, 3, 4, 5])).toBe(2 / 32)
  expect(wilcoxonSignedRank([1, 2, 3, 4, 5, 6])).toBe(2 / 64)
  expect(wilcoxonSignedRank([1, 1, 1, 1, 1, 1])).toBe(2 / 64)
})

test('differences of 0 say nothing, also where floating-point numbers hide them', () => {
  expect(wilcoxonSignedRank([])).toBe(1)
  expect(wilcoxonSignedRank([0, 0, 1e-12])).toBe(1)
  expect(wilcoxonSignedRank([...depression, 0, 0.1 + 0.2 - 0.3])).toBeCloseTo(0.0390625, 7)
})

test('the approximation for many differences meets the exact value', () => {
  const differences = (count: number): number[] =>
    Array.from({ length: count }, (_, index) => (index % 5 < 2 ? -1 : 1) * (1 + ((index * 37) % count)))
  const [exact, approximate] = [wilcoxonSignedRank(differences(200)), wilcoxonSignedRank(differences(201))]
  expect(exact).toBeGreaterThan(0)
  expect(exact).toBeLessThan(0.05)
  expect(approximate / exact).toBeGreaterThan(0.7)
  expect(approximate / exact).toBeLessThan(1.4)
})

test("McNemar's test is the binomial test of the pairs that changed", () => {
  expect(mcNemar(0, 0)).toBe(1)
  expect(mcNemar(1, 9)).toBeCloseTo(22 / 1024, 10)
  expect(mcNemar(9, 1)).toBeCloseTo(22 / 1024, 10)
  expect(mcNemar(5, 5)).toBe(1)
  expect(mcNemar(0, 5)).toBe(2 / 32)
  expect(mcNemar(2_000, 2_000)).toBeCloseTo(1, 1)
  expect(mcNemar(1_900, 2_100)).toBeLessThan(0.01)
})

test('the interval of a mean holds the mean, is the same each time, and narrows with more values', () => {
  const values = Array.from({ length: 100 }, (_, index) => (index % 10) / 10)
  const [low, high] = intervalOfMean(values)
  expect(intervalOfMean(values)).toEqual([low, high])
  // The normal approximation: 0.45 ± 1.96 × 0.2887 / 10.
  expect([low, high]).toEqual([expect.closeTo(0.393, 1.9), expect.closeTo(0.507, 1.9)])
  const [lower, higher] = intervalOfMean(values.slice(0, 10))
  expect(higher - lower).toBeGreaterThan(2 * (high - low))
})

test('under no difference, few of many experiments find one', () => {
  let state = 1
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  const found = Array.from({ length: 500 }, () => wilcoxonSignedRank(Array.from({ length: 20 }, () => random() - 0.5)) < 0.05)
  const share = found.filter(Boolean).length / found.length
  expect(share).toBeGreaterThan(0.02)
  expect(share).toBeLessThan(0.08)
})

test('the smallest difference that is found shrinks with the root of the pairs', () => {
  const differences = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? 0.2 : -0.1))
  expect(smallestFound(differences)).toBeCloseTo((2.8016 * deviation(differences)) / Math.sqrt(50), 10)
  expect(smallestFound([...differences, ...differences]) / smallestFound(differences)).toBeCloseTo(Math.sqrt(0.5), 2)
})

test('a quantile is the nearest rank', () => {
  expect([quantile([3, 1, 2], 0.5), quantile([1, 2, 3, 4], 0.5), quantile([5], 0.95), quantile([1, 2, 3, 4], 1)]).toEqual([2, 2, 5, 4])
})
