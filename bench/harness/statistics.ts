/** Quantile: the value that is above this share of the values; 0 for an empty list. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

/** Quartiles over the repeats of one measurement. */
export interface Spread {
  readonly p25: number
  readonly p50: number
  readonly p75: number
  readonly repeats: number
}

export const spreadOf = (values: readonly number[]): Spread => ({
  p25: rounded(quantile(values, 0.25)),
  p50: rounded(quantile(values, 0.5)),
  p75: rounded(quantile(values, 0.75)),
  repeats: values.length,
})

export interface Medians {
  readonly figures: Readonly<Record<string, number>>
  readonly spread: Readonly<Record<string, Spread>>
}

/** The medians of repeatedly measured figures, with their spread. */
export function medians(repeats: Readonly<Record<string, readonly number[]>>): Medians {
  const spread = Object.fromEntries(Object.entries(repeats).map(([name, values]) => [name, spreadOf(values)]))
  return { spread, figures: Object.fromEntries(Object.entries(spread).map(([name, { p50 }]) => [name, p50])) }
}

/** Slope of the values per unit of `at`, by least squares; 0 for fewer than two points. */
export function slope(points: readonly (readonly [at: number, value: number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const [meanAt, meanValue] = [mean(([at]) => at), mean(([, value]) => value)]
  const spread = points.reduce((sum, [at]) => sum + (at - meanAt) ** 2, 0)
  if (spread === 0 || points.length < 2) return 0
  return points.reduce((sum, [at, value]) => sum + (at - meanAt) * (value - meanValue), 0) / spread
}

/** Rounds to four significant digits; more would suggest a precision that the measurements do not have. */
export const rounded = (value: number): number => Number(value.toPrecision(4))
