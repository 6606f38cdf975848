/** How often something happened in each of consecutive hours. */
export interface HourlySeries {
  /** What is counted, such as `post post.published` or a topic. */
  readonly name: string
  /** Start of the first hour, a full hour of UTC. */
  readonly start: Date
  /**
   * One count an hour without gaps: an hour in which nothing happened has 0, also before something happened for the first time. The last
   * hour is over.
   */
  readonly counts: readonly number[]
}

/** What is expected of an hour, with the band that holds four of five such hours. */
export interface ExpectedHour {
  /** Start of the hour. */
  readonly at: Date
  /** As many hours have more as have less: of a series with few events, 0. */
  readonly expected: number
  /** The mean of such hours, for sums. */
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** An hour that is over, beside what earlier weeks let one expect of it. */
export interface UnusualHour extends ExpectedHour {
  readonly count: number
  /** How far it is from the mean, in the spread of such hours: above 0 more than usual, below 0 less. */
  readonly surprise: number
}

/** What a series does. */
export interface Trend {
  readonly name: string
  /** Whole weeks since something happened for the first time, at most 12. */
  readonly weeks: number
  /** Count of the last 24 hours. */
  readonly lastDay: number
  /** What the same hours of up to four earlier weeks let one expect of them; `null` if there are less than eight days of counts. */
  readonly usualDay: number | null
  /**
   * Logarithm of the last day to the usual one, shrunk so that few events do not lead: 0 is as usual, 0.69 twice as much, below 0 less.
   * `null` without a usual day.
   */
  readonly rise: number | null
  /**
   * Unusual hours of the last week, the most surprising first, at most 24; none where the series is too short for a forecast of that week.
   */
  readonly unusual: readonly UnusualHour[]
  /** The hours after the last one; `null` where the series is too short for a forecast: less than two weeks. */
  readonly forecast: readonly ExpectedHour[] | null
  /** How well the last week was forecast from those before it; `null` where the series is too short for that: less than three weeks. */
  readonly backtest: Backtest | null
}

/** How well a forecast was. */
export interface Backtest {
  /** Mean absolute error, relative to that of the same hour a week before (the seasonal naive forecast); `null` where that has no error. */
  readonly errorToNaive: number | null
  /** Share of the hours within the band, from 0 to 1. */
  readonly covered: number
}

/** How trends are looked for. */
export interface TrendOptions {
  /** Time zone of the hours of a week. Default: UTC. */
  readonly zone?: string
  /** Hours to forecast, at most 168. Default: 168. */
  readonly hours?: number
}
