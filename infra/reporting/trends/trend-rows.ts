import { z } from 'zod'
import type { ExpectedHour, HourlySeries, Trend, UnusualHour } from './hourly-series.ts'
import { HOUR_MS, HOURS_OF_WEEK } from './hours-of-week.ts'
import { trendsOf } from './trends-of.ts'

/** Unusual hours of all series together. */
const UNUSUAL_MAX = 50

const seriesSchema = z.array(
  z.object({
    total: z.coerce.number(),
    kind: z.string().nullable(),
    type: z.string().nullable(),
    start: z.string(),
    counts: z.array(z.coerce.number()),
  }),
)
type Counted = z.infer<typeof seriesSchema>[number]

/** A row of the answer, with times as ClickHouse writes them. */
export interface TrendRow {
  readonly total: boolean
  readonly about: 'series' | 'unusual' | 'forecast'
  readonly kind: string | null
  readonly type: string | null
  readonly hour: string | null
  readonly weeks: number | null
  readonly events: number | null
  readonly usual: number | null
  readonly rise: number | null
  readonly expected: number | null
  readonly mean: number | null
  readonly band_low: number | null
  readonly band_high: number | null
  readonly surprise: number | null
  readonly error_to_naive: number | null
  readonly covered: number | null
}

const NOTHING = {
  hour: null,
  weeks: null,
  events: null,
  usual: null,
  rise: null,
  expected: null,
  mean: null,
  band_low: null,
  band_high: null,
  surprise: null,
  error_to_naive: null,
  covered: null,
} as const

/** The answer to the question `trends` from the rows of its query: what rises, what was unusual, and the forecast of all. */
export function trendRows(rows: unknown, zone: string): TrendRow[] {
  const counted = seriesSchema.parse(rows)
  // All series begin with the first event of any: before, nobody counted.
  const all = counted.find(({ total }) => total === 1)?.counts ?? []
  const first = Math.max(
    0,
    all.findIndex((count) => count > 0),
  )
  const totals = trendsWith(counted, 1, first, { zone, hours: HOURS_OF_WEEK })
  const parts = trendsWith(counted, 0, first, { zone, hours: 0 })
  const unusual = (parts.length === 1 ? totals : [...totals, ...parts])
    .flatMap(({ names, trend }) => trend.unusual.map((hour) => ({ names, hour })))
    .toSorted((one, other) => Math.abs(other.hour.surprise) - Math.abs(one.hour.surprise))
    .slice(0, UNUSUAL_MAX)
  return [
    ...[...totals, ...parts].map(({ names, trend }) => seriesRow(names, trend)),
    ...unusual.map(({ names, hour }) => ({ ...expectedRow(names, hour), ...unusualColumns(hour) })),
    ...totals.flatMap(({ names, trend }) => (trend.forecast ?? []).map((hour) => expectedRow(names, hour))),
  ]
}

type Names = Pick<TrendRow, 'total' | 'kind' | 'type'>
interface NamedTrend {
  readonly names: Names
  readonly trend: Trend
}

/** Trends of the total, or of its parts. */
function trendsWith(counted: readonly Counted[], total: number, first: number, options: { zone: string; hours: number }): NamedTrend[] {
  const chosen = new Map(counted.filter((row) => row.total === total).map((row, index) => [String(index), row]))
  const series = [...chosen].map(([name, { start, counts }]): HourlySeries => {
    const startMs = Date.parse(`${start.replace(' ', 'T')}Z`)
    return { name, start: new Date(startMs + first * HOUR_MS), counts: counts.slice(first) }
  })
  return trendsOf(series, options).map((trend) => {
    const { kind = null, type = null } = chosen.get(trend.name) ?? {}
    return { names: { total: total === 1, kind, type }, trend }
  })
}

const seriesRow = (names: Names, { weeks, lastDay, usualDay, rise, backtest }: Trend): TrendRow => ({
  ...NOTHING,
  ...names,
  about: 'series',
  weeks,
  events: lastDay,
  usual: rounded(usualDay),
  rise: rounded(rise),
  error_to_naive: rounded(backtest?.errorToNaive ?? null),
  covered: rounded(backtest?.covered ?? null),
})

const expectedRow = (names: Names, { at, expected, mean, low, high }: ExpectedHour): TrendRow => ({
  ...NOTHING,
  ...names,
  about: 'forecast',
  hour: at.toISOString().slice(0, 19).replace('T', ' '),
  expected,
  mean: rounded(mean),
  band_low: low,
  band_high: high,
})

const unusualColumns = ({ count, surprise }: UnusualHour): Pick<TrendRow, 'about' | 'events' | 'surprise'> => ({
  about: 'unusual',
  events: count,
  surprise: rounded(surprise),
})

/** More digits than these are noise. */
const DIGITS = 4

const rounded = (value: number | null): number | null => (value === null ? null : Number(value.toPrecision(DIGITS)))
