import { forecast } from '../../infra/reporting/trends/forecast.ts'
import { HOURS_OF_WEEK, hoursOfWeek } from '../../infra/reporting/trends/hours-of-week.ts'
import { backtestOf } from '../../infra/reporting/trends/trends-of.ts'
import { SHAPES } from './trend-series.ts'

/** How well the last weeks of series of one shape were forecast. */
export interface ShapeResult {
  readonly shape: string
  readonly weeks: number
  /** Mean absolute error relative to that of the seasonal naive forecast: the mean of all forecasts, and the worst. */
  readonly errorToNaive: number
  readonly errorToNaiveMax: number
  /** Share of the hours of the forecast weeks within the band: the mean, the least and the most. */
  readonly covered: number
  readonly coveredMin: number
  readonly coveredMax: number
  /** Share of the forecast weeks of which the band holds 70 to 90 %. */
  readonly inRange: number
}

/** Weeks of counts before the week that is forecast. */
const WEEKS = [3, 5, 7, 11]
const SEEDS = 20
/** A Monday. */
const START = new Date('2026-09-07T00:00:00Z')

/** Forecasts the last week of made series of each shape from the weeks before it. */
export function measureTrends(print: (text: string) => void): ShapeResult[] {
  print(`${SEEDS} series a row; error: mean absolute error to that of the same hour a week before`)
  return SHAPES.flatMap((shape) =>
    WEEKS.map((weeks) => {
      const results = Array.from({ length: SEEDS }, (_, seed) => {
        const counts = Float64Array.from(shape.counts(seed + 1, (weeks + 1) * HOURS_OF_WEEK))
        const hours = hoursOfWeek(START, counts.length, 'UTC')
        const known = weeks * HOURS_OF_WEEK
        return backtestOf(counts, forecast({ counts: counts.subarray(0, known), hours: hours.subarray(0, known) }, hours.subarray(known)))
      })
      const errors = results.map(({ errorToNaive }) => errorToNaive ?? 0)
      const covered = results.map((result) => result.covered)
      const result = {
        shape: shape.name,
        weeks,
        errorToNaive: meanOf(errors),
        errorToNaiveMax: Math.max(...errors),
        covered: meanOf(covered),
        coveredMin: Math.min(...covered),
        coveredMax: Math.max(...covered),
        inRange: covered.filter((share) => share >= 0.7 && share <= 0.9).length / SEEDS,
      }
      const error = `error ${text(result.errorToNaive)} (worst ${text(result.errorToNaiveMax)})`
      const band = `band holds ${text(result.covered)} (${text(result.coveredMin)} to ${text(result.coveredMax)})`
      print(`${shape.name.padEnd(18)} ${String(weeks).padStart(2)} weeks: ${error}, ${band}, 70 to 90 % in ${text(result.inRange)}`)
      return result
    }),
  )
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const text = (value: number): string => value.toFixed(2)
