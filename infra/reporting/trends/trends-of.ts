import { type Forecast, forecast } from './forecast.ts'
import type { Backtest, ExpectedHour, HourlySeries, Trend, TrendOptions, UnusualHour } from './hourly-series.ts'
import { HOUR_MS, HOURS_OF_DAY, HOURS_OF_WEEK, hoursOfWeek } from './hours-of-week.ts'
import type { Timed } from './seasonal-level.ts'

/** Series of one call; those after them are left out. */
export const SERIES_MAX = 100
/** Weeks that are read of a series, the last ones. */
export const WEEKS_MAX = 12
/** Shorter series are not forecast: a profile of the week and its errors need a week each. */
const WEEKS_MIN = 2
/** Earlier weeks whose same hours make the usual day. */
const USUAL_WEEKS = 4
/** Events that are added to the last day and the usual one, so that a rise from 1 to 5 leads no rise from 100 to 200. */
const SHRINKAGE = 20
/** Unusual hours of a series that are listed. */
const UNUSUAL_MAX = 24
/** An hour is unusual beyond so many deviations, which is about one of 15,000, and so many events more or less. */
const [SURPRISE_MIN, EXCESS_MIN] = [4, 3]

/** Trends of several series, the one that rises most first. Pure; about 50 ms a series with four weeks or more. */
export const trendsOf = (series: readonly HourlySeries[], options: TrendOptions = {}): Trend[] =>
  series
    .slice(0, SERIES_MAX)
    .map((one) => trendOf(one, options))
    .toSorted((one, other) => (other.rise ?? -Infinity) - (one.rise ?? -Infinity))

/** What a series does: whether it rises, which hours of the last week were unusual, and what is to be expected. Pure. */
export function trendOf({ name, start, counts: all }: HourlySeries, { zone = 'UTC', hours = HOURS_OF_WEEK }: TrendOptions = {}): Trend {
  const skipped = Math.max(0, all.length - WEEKS_MAX * HOURS_OF_WEEK)
  const counts = Float64Array.from(all.slice(skipped))
  const startMs = start.getTime() + skipped * HOUR_MS
  const ahead = Math.min(Math.max(0, Math.floor(hours)), HOURS_OF_WEEK)
  const slots = hoursOfWeek(new Date(startMs), counts.length + ahead, zone)
  const lastDay = sumOf(counts.subarray(-HOURS_OF_DAY))
  const usualDay = usualDayOf(counts, slots)
  // Before something happened for the first time, nothing could.
  const first = Math.max(
    0,
    counts.findIndex((count) => count > 0),
  )
  const from = (until: number): Timed => ({ counts: counts.subarray(first, until), hours: slots.subarray(first, until) })
  const weeks = sumOf(counts) === 0 ? 0 : Math.floor((counts.length - first) / HOURS_OF_WEEK)
  const atOf = (index: number): Date => new Date(startMs + index * HOUR_MS)
  const lastWeek = counts.length - HOURS_OF_WEEK
  const past = weeks > WEEKS_MIN ? forecast(from(lastWeek), slots.subarray(lastWeek, counts.length)) : null
  return {
    name,
    weeks,
    lastDay,
    usualDay,
    rise: usualDay === null ? null : Math.log((lastDay + SHRINKAGE) / (usualDay + SHRINKAGE)),
    unusual: past === null ? [] : unusualOf(counts.subarray(lastWeek), past, (index) => atOf(lastWeek + index)),
    forecast:
      weeks < WEEKS_MIN
        ? null
        : expectedHours(forecast(from(counts.length), slots.subarray(counts.length)), (at) => atOf(counts.length + at)),
    backtest: past === null ? null : backtestOf(counts, past),
  }
}

const sumOf = (counts: Float64Array): number => counts.reduce((sum, count) => sum + count, 0)

/** The mean of what the hours of the week of the last day had in earlier weeks; `null` where one had none. */
function usualDayOf(counts: Float64Array, slots: Uint8Array): number | null {
  const end = counts.length - HOURS_OF_DAY
  let usual = 0
  for (let at = Math.max(0, end); at < counts.length; at++) {
    let [sum, found] = [0, 0]
    for (let earlier = end - 1; earlier >= 0 && found < USUAL_WEEKS; earlier--) {
      if (slots[earlier] !== slots[at]) continue
      sum += counts[earlier] ?? 0
      found++
    }
    if (found === 0) return null
    usual += sum / found
  }
  return counts.length < HOURS_OF_WEEK + HOURS_OF_DAY ? null : usual
}

const expectedHours = ({ mean, median, low, high }: Forecast, atOf: (index: number) => Date): ExpectedHour[] =>
  Array.from(mean, (value, index) => ({
    at: atOf(index),
    expected: median[index] ?? 0,
    mean: value,
    low: low[index] ?? 0,
    high: high[index] ?? 0,
  }))

function unusualOf(week: Float64Array, past: Forecast, atOf: (index: number) => Date): UnusualHour[] {
  return expectedHours(past, atOf)
    .map((hour, index): UnusualHour => {
      const count = week[index] ?? 0
      return { ...hour, count, surprise: past.surprise(index, count) }
    })
    .filter(({ count, mean, surprise }) => Math.abs(surprise) >= SURPRISE_MIN && Math.abs(count - mean) >= EXCESS_MIN)
    .toSorted((one, other) => Math.abs(other.surprise) - Math.abs(one.surprise))
    .slice(0, UNUSUAL_MAX)
}

/** How well the last week was forecast, also against the seasonal naive forecast, by the mean absolute error. */
export function backtestOf(counts: Float64Array, { median, low, high }: Pick<Forecast, 'median' | 'low' | 'high'>): Backtest {
  const from = counts.length - HOURS_OF_WEEK
  let [error, naive, covered] = [0, 0, 0]
  for (const [index, count] of counts.subarray(from).entries()) {
    error += Math.abs(count - (median[index] ?? 0))
    naive += Math.abs(count - (counts[from - HOURS_OF_WEEK + index] ?? 0))
    if (count >= (low[index] ?? 0) && count <= (high[index] ?? 0)) covered++
  }
  return { errorToNaive: naive === 0 ? null : error / naive, covered: covered / HOURS_OF_WEEK }
}
