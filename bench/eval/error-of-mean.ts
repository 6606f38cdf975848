/** Half of the 95 % interval, in standard errors. */
const HALF_INTERVAL = 1.96

/**
 * The mean with half of its 95 % interval. Values of one group, such as the questions of a visitor, may depend on each other: their sums
 * count as independent, not the values. Liang and Zeger, "Longitudinal data analysis using generalized linear models", Biometrika 1986.
 *
 * @param groups the group of each value
 */
export function meanWithError(values: readonly number[], groups: readonly string[]): { readonly mean: number; readonly error: number } {
  const count = Math.max(1, values.length)
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const sums = new Map<string, number>()
  for (const [at, value] of values.entries()) {
    const group = groups[at] ?? ''
    sums.set(group, (sums.get(group) ?? 0) + value - mean)
  }
  const squares = [...sums.values()].reduce((sum, one) => sum + one ** 2, 0)
  return { mean, error: (HALF_INTERVAL * Math.sqrt(squares)) / count }
}
