import { stable } from './count-scale.ts'
import { HOURS_OF_DAY, HOURS_OF_WEEK } from './hours-of-week.ts'
import { decompose, expectedOf, type LevelOptions, levelsAhead, type ProfileOptions, type Timed } from './seasonal-level.ts'

/** A way to forecast, with what it would have forecast. */
export interface Way {
  readonly profile: ProfileOptions
  readonly level: LevelOptions
  /** Means that it would have forecast: for each origin, of the hours that followed. */
  readonly means: Float64Array
  /** Weighted mean of the squares of its errors, on the scale of counts. */
  error: number
}

/** What followed the days from which past forecasts are made. */
export interface Past {
  readonly ways: readonly Way[]
  /** For each mean of a way: what was counted, and the weight of the error. */
  readonly counts: Float64Array
  readonly weights: Float64Array
  /** Where the hours of each origin begin in these. */
  readonly places: readonly number[]
}

/** Days before the end from which past forecasts are made. */
const AGES = [28, 25, 22, 19, 16, 13, 10, 7, 6, 5, 4, 3, 2, 1]
/** Weight of an error relative to those of the day after: what was long ago says less about next week. */
const DECAY = 0.92
/** Bursts that nobody could foresee do not choose a way: errors count up to so many deviations. */
const ERROR_MAX = 4

const PROFILES: readonly ProfileOptions[] = (['multiplicative', 'additive'] as const).flatMap((mode) =>
  [0.75, 1].flatMap((decay) => [0, 1].map((pooling) => ({ mode, decay, pooling }))),
)
const LEVELS: readonly LevelOptions[] = [
  { alpha: 0.05, beta: 0 },
  { alpha: 0.15, beta: 0 },
  { alpha: 0.5, beta: 0 },
  { alpha: 0.15, beta: 0.1 },
  { alpha: 0.5, beta: 0.03 },
]

/** What each way would have forecast from the end of each of the last days, a week ahead (rolling origin). */
export function pastForecasts(timed: Timed, cleaned: Float64Array): Past {
  const { counts, hours } = timed
  const days = Math.floor((counts.length - HOURS_OF_WEEK) / HOURS_OF_DAY)
  const ages = AGES.filter((age) => age <= days)
  const origins = ages.map((age) => counts.length - age * HOURS_OF_DAY)
  const spans = origins.map((origin) => Math.min(counts.length - origin, HOURS_OF_WEEK))
  const length = spans.reduce((sum, span) => sum + span, 0)
  const past = { counts: new Float64Array(length), weights: new Float64Array(length) }
  const ways = PROFILES.map((profile) => LEVELS.map((level): Way => ({ profile, level, means: new Float64Array(length), error: 0 })))
  const places: number[] = []
  let place = 0
  for (const [index, origin] of origins.entries()) {
    const span = spans[index] ?? 0
    places.push(place)
    past.counts.set(counts.subarray(origin, origin + span), place)
    for (let hour = 0; hour < span; hour++) past.weights[place + hour] = weightOf(ages, index, Math.floor(hour / HOURS_OF_DAY))
    const known = { counts: cleaned.subarray(0, origin), hours: hours.subarray(0, origin) }
    for (const [number, profile] of PROFILES.entries()) {
      const parts = decompose(known, profile)
      for (const way of ways[number] ?? []) {
        const ahead = levelsAhead(parts, way.level, Math.ceil(span / HOURS_OF_DAY))
        for (let hour = 0; hour < span; hour++) {
          const mean = expectedOf(parts, ahead[Math.floor(hour / HOURS_OF_DAY)] ?? 0, hours[origin + hour] ?? 0)
          way.means[place + hour] = mean
          const error = stable(counts[origin + hour] ?? 0) - stable(mean)
          way.error += (past.weights[place + hour] ?? 0) * Math.min(ERROR_MAX ** 2, error * error)
        }
      }
    }
    place += span
  }
  return { ...past, places, ways: ways.flat() }
}

/** Each of the seven days ahead has the same weight, whether few origins or many have a forecast of it. */
function weightOf(ages: readonly number[], index: number, day: number): number {
  const all = ages.reduce((sum, age) => (age > day ? sum + DECAY ** age : sum), 0)
  return DECAY ** (ages[index] ?? 0) / all
}

/** What a way forecasts for the next hours, at most those of a week. */
export function meansAhead({ profile, level }: Way, { hours }: Timed, cleaned: Float64Array, next: Uint8Array): Float64Array {
  const parts = decompose({ counts: cleaned, hours }, profile)
  const ahead = levelsAhead(parts, level, Math.ceil(next.length / HOURS_OF_DAY))
  return Float64Array.from(next, (hour, at) => expectedOf(parts, ahead[Math.floor(at / HOURS_OF_DAY)] ?? 0, hour))
}
