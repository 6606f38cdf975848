import { createRandom } from '../../../pipeline/understanding/intents/seeded-random.ts'

/** Differences below this are noise of floating-point numbers. */
const EQUAL_BELOW = 1e-9
/** Up to so many differences the null distribution is counted; above, it is approximated. */
const EXACT_MAX = 200

/** What a signed-rank test finds. */
export interface SignedRanks {
  /** Two-sided. */
  readonly p: number
  /** The sign of most ranks: 1 where positive differences outweigh, -1 where negative ones do. */
  readonly leans: -1 | 0 | 1
}

/**
 * The two-sided p-value of Wilcoxon's signed-rank test, that differences are symmetric about 0 (F. Wilcoxon, "Individual Comparisons by
 * Ranking Methods", 1945). Zeros are left out, ties have their mean rank. Exact for the ranks as they are up to 200 differences, then by
 * the normal distribution with its correction for continuity. 1 where all are 0.
 */
export function wilcoxonSignedRank(differences: readonly number[]): SignedRanks {
  const signed = differences.filter((difference) => Math.abs(difference) > EQUAL_BELOW)
  if (signed.length === 0) return { p: 1, leans: 0 }
  // Twice the mean ranks, which are whole numbers.
  const ranks = doubledRanks(signed.map(Math.abs))
  const total = ranks.reduce((sum, rank) => sum + rank, 0)
  const positive = ranks.reduce((sum, rank, index) => sum + ((signed[index] ?? 0) > 0 ? rank : 0), 0)
  const smaller = Math.min(positive, total - positive)
  const leans = positive * 2 === total ? 0 : positive * 2 > total ? 1 : -1
  if (signed.length <= EXACT_MAX) return { p: Math.min(1, 2 * shareOfSumsUpTo(ranks, smaller)), leans }
  const deviation = Math.sqrt(ranks.reduce((sum, rank) => sum + rank ** 2, 0)) / 2
  return { p: Math.min(1, 2 * normalBelow((smaller - total / 2 + 1) / deviation)), leans }
}

function doubledRanks(sizes: readonly number[]): number[] {
  const order = sizes.map((size, index) => ({ size, index })).sort((one, other) => one.size - other.size)
  const ranks: number[] = []
  for (let from = 0; from < order.length;) {
    let to = from + 1
    while (to < order.length && (order[to]?.size ?? 0) - (order[from]?.size ?? 0) <= EQUAL_BELOW) to++
    for (const { index } of order.slice(from, to)) ranks[index] = from + 1 + to
    from = to
  }
  return ranks
}

/** The share of all choices of ranks whose sum is at most `sum`. */
function shareOfSumsUpTo(ranks: readonly number[], sum: number): number {
  let shares = new Float64Array(sum + 1)
  shares[0] = 1
  for (const rank of ranks) {
    const next = shares.map((share) => share / 2)
    for (let at = rank; at <= sum; at++) next[at] = (next[at] ?? 0) + (shares[at - rank] ?? 0) / 2
    shares = next
  }
  return shares.reduce((all, share) => all + share, 0)
}

/** The distribution function of the standard normal distribution (Abramowitz and Stegun 26.2.17; error below 7.5e-8). */
function normalBelow(z: number): number {
  if (z > 0) return 1 - normalBelow(-z)
  const t = 1 / (1 - 0.2316419 * z)
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return (Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI)) * polynomial
}

/**
 * The two-sided p-value of McNemar's test, that as many pairs changed one way as the other (Q. McNemar, 1947), by the binomial
 * distribution.
 *
 * @param onlyOne pairs of which only the first passes
 * @param onlyOther pairs of which only the second passes
 */
export function mcNemar(onlyOne: number, onlyOther: number): number {
  const pairs = onlyOne + onlyOther
  let [probability, below] = [0.5 ** pairs, 0]
  if (probability === 0) return Math.min(1, 2 * normalBelow((Math.min(onlyOne, onlyOther) - pairs / 2 + 0.5) / (Math.sqrt(pairs) / 2)))
  for (let count = 0; count <= Math.min(onlyOne, onlyOther); count++) {
    below += probability
    probability *= (pairs - count) / (count + 1)
  }
  return Math.min(1, 2 * below)
}

const RESAMPLES = 2_000

/**
 * The 95 % interval of the mean, by resampling the values (percentile bootstrap: B. Efron and R. Tibshirani, "An Introduction to the
 * Bootstrap", 1993, 13.3). The same values give the same interval.
 */
export function intervalOfMean(values: readonly number[]): readonly [low: number, high: number] {
  if (values.length === 0) return [NaN, NaN]
  const random = createRandom(values.length)
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0
    for (let drawn = 0; drawn < values.length; drawn++) sum += values[Math.floor(random() * values.length)] ?? 0
    return sum / values.length
  }).sort()
  return [means[Math.floor(RESAMPLES * 0.025)] ?? NaN, means[Math.ceil(RESAMPLES * 0.975) - 1] ?? NaN]
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** The standard deviation of a sample; 0 for fewer than two values. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0
  const average = mean(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / (values.length - 1))
}

/** Quantiles of the normal distribution: a difference is found at 5 %, two-sided, with a probability of 80 %. */
const FOUND = 1.96 + 0.8416

/** The smallest mean difference that would most likely be found (5 %, power 80 %: J. Cohen, "Statistical Power Analysis", 1988). */
export const smallestFound = (differences: readonly number[]): number => (FOUND * deviation(differences)) / Math.sqrt(differences.length)

/** The value below which a share of the values is: the nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN
}
