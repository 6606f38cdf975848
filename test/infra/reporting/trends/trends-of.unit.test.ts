import { expect, test } from 'vitest'
import { SHAPES } from '../../../../bench/eval/trend-series.ts'
import type { HourlySeries } from '../../../../infra/reporting/trends/hourly-series.ts'
import { HOUR_MS, hoursOfWeek } from '../../../../infra/reporting/trends/hours-of-week.ts'
import { trendOf, trendsOf } from '../../../../infra/reporting/trends/trends-of.ts'

const WEEK = 168
/** A Monday. */
const START = new Date('2026-09-07T00:00:00Z')

const seriesOf = (name: string, counts: readonly number[], start = START): HourlySeries => ({ name, start, counts })
const hoursOf = (count: number, countAt: (hour: number) => number): number[] => Array.from({ length: count }, (_, hour) => countAt(hour))
/** A wandering level leaves the band in single weeks: only many of them tell. */
const SEEDS = Array.from({ length: 24 }, (_, index) => index + 1)
/** Twenty in the hours of the day, two at night. */
const daily = (hour: number): number => (hour % 24 >= 8 && hour % 24 < 20 ? 20 : 2)

test.each(SHAPES)('$name: the error is below the seasonal naive one, and the band holds 70 to 90 % of the last week', ({ counts }) => {
  const backtests = SEEDS.map((seed) => trendOf(seriesOf('made', counts(seed, 7 * WEEK)), { hours: 0 }).backtest)
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  expect(mean(backtests.map((one) => one?.errorToNaive ?? NaN))).toBeLessThan(0.95)
  const covered = mean(backtests.map((one) => one?.covered ?? NaN))
  expect(covered).toBeGreaterThan(0.7)
  expect(covered).toBeLessThan(0.9)
})

test('the forecast has the hours after the last one, and each is within its band', () => {
  const counts = SHAPES[0]?.counts(5, 5 * WEEK) ?? []
  const { forecast } = trendOf(seriesOf('made', counts))
  expect(forecast).toHaveLength(WEEK)
  expect(forecast?.[0]?.at).toEqual(new Date(START.getTime() + counts.length * HOUR_MS))
  for (const { expected, mean, low, high } of forecast ?? []) {
    expect([low <= expected, expected <= high, low >= 0, Number.isInteger(low), mean >= 0]).toEqual([true, true, true, true, true])
  }
  expect(trendOf(seriesOf('made', counts), { hours: 24 }).forecast).toEqual(forecast?.slice(0, 24))
  expect(trendOf(seriesOf('made', counts), { hours: 10_000 }).forecast).toHaveLength(WEEK)
})

test.each([
  ['nothing', []],
  ['one hour', [7]],
  ['nothing but zeros', hoursOf(4 * WEEK, () => 0)],
  ['less than two weeks', hoursOf(2 * WEEK - 1, daily)],
  ['zeros before less than two weeks', [...hoursOf(3 * WEEK, () => 0), ...hoursOf(WEEK, daily)]],
])('%s: there is no forecast, and nothing is unusual', (name, counts) => {
  expect(trendOf(seriesOf(name, counts))).toMatchObject({ forecast: null, backtest: null, unusual: [] })
})

test('two weeks and a part of a day are forecast, but cannot be judged yet', () => {
  const trend = trendOf(seriesOf('young', hoursOf(2 * WEEK + 5, daily)))
  expect(trend).toMatchObject({ weeks: 2, backtest: null, unusual: [] })
  expect(trend.forecast?.map(({ expected }) => expected)).toEqual(hoursOf(WEEK, (hour) => daily(hour + 5)))
})

test('an outage and a burst are unusual, and are not expected to come back', () => {
  const counts = hoursOf(6 * WEEK, daily)
  const [outage, burst] = [6 * WEEK - 60, 6 * WEEK - 100]
  counts.fill(0, outage, outage + 6)
  counts.fill(200, burst, burst + 3)
  const { unusual, forecast } = trendOf(seriesOf('shop', counts))
  const hours = (from: number, length: number): string[] =>
    hoursOf(length, (hour) => from + hour).map((hour) => new Date(START.getTime() + hour * HOUR_MS).toISOString())
  expect(
    unusual
      .filter(({ surprise }) => surprise > 0)
      .map(({ at }) => at.toISOString())
      .toSorted(),
  ).toEqual(hours(burst, 3))
  expect(unusual.filter(({ surprise }) => surprise < 0).map(({ at }) => at.toISOString())).toEqual(
    expect.arrayContaining(hours(outage, 6).filter((_, index) => daily(outage + index) === 20)),
  )
  expect(unusual[0]).toMatchObject({ count: 200 })
  expect(forecast?.map(({ expected }) => expected)).toEqual(hoursOf(WEEK, daily))
})

test('few events do not lead those that rise; a series with a day too few has no rise', () => {
  const rising = (usual: number, last: number): number[] => [...hoursOf(2 * WEEK - 24, () => usual), ...hoursOf(24, () => last)]
  const names = trendsOf(
    [
      seriesOf('from 100 to 200 an hour', rising(100, 200)),
      seriesOf('as usual', rising(50, 50)),
      seriesOf('from none to five a day', [...hoursOf(2 * WEEK - 5, () => 0), 1, 1, 1, 1, 1]),
      seriesOf('falling', rising(50, 10)),
      seriesOf(
        'short',
        hoursOf(WEEK + 23, () => 10),
      ),
    ],
    { hours: 0 },
  ).map(({ name, rise }) => [name, rise === null ? null : Math.sign(rise)])
  expect(names).toEqual([
    ['from 100 to 200 an hour', 1],
    ['from none to five a day', 1],
    ['as usual', 0],
    ['falling', -1],
    ['short', null],
  ])
})

test('a call reads at most 100 series and twelve weeks of each', () => {
  expect(trendsOf(hoursOf(150, (index) => index).map((index) => seriesOf(String(index), [1])))).toHaveLength(100)
  const long = hoursOf(60 * WEEK, daily)
  const late = new Date(START.getTime() + 48 * WEEK * HOUR_MS)
  expect(trendOf(seriesOf('long', long))).toEqual(trendOf(seriesOf('long', long.slice(48 * WEEK), late)))
})

test('peaks follow the clock when daylight saving ends', () => {
  // Clocks go back on October 25, 2026.
  const zone = 'Europe/Berlin'
  const all = hoursOfWeek(START, 8 * WEEK, zone)
  const counts = Array.from(all, (hour) => (hour % 24 === 9 ? 90 : 5))
  const known = 7 * WEEK - 24
  const { forecast } = trendOf(seriesOf('opening', counts.slice(0, known)), { zone })
  expect(forecast?.map(({ expected }) => expected)).toEqual(counts.slice(known, known + WEEK))
})

test('the hour that clocks skip is missing, and the one that they show twice comes twice', () => {
  const hours = (text: string, zone: string): number[] => Array.from(hoursOfWeek(new Date(text), 4, zone))
  expect(hours('2026-11-30T00:00:00Z', 'UTC')).toEqual([0, 1, 2, 3])
  expect(hours('2026-03-29T00:00:00Z', 'Europe/Berlin')).toEqual([145, 147, 148, 149])
  expect(hours('2026-10-24T23:00:00Z', 'Europe/Berlin')).toEqual([145, 146, 146, 147])
  expect(hours('2026-11-29T18:00:00Z', 'Asia/Kathmandu')).toEqual([167, 0, 1, 2])
})
