import { deviationOf, median, stable } from './count-scale.ts'
import { HOURS_OF_DAY, HOURS_OF_WEEK } from './hours-of-week.ts'

const DAYS_OF_WEEK = 7

/** Counts with the hour of the week of each. The first day may be cut off: days are counted from the end. */
export interface Timed {
  readonly counts: Float64Array
  /** From 0 (Monday, midnight) to 167. */
  readonly hours: Uint8Array
}

/** How the profile of a week is learnt. */
export interface ProfileOptions {
  /** Whether a higher level has higher peaks, or the same ones on a higher ground. */
  readonly mode: (typeof MODES)[number]
  /** Weight of a week relative to the week after it, up to 1. */
  readonly decay: number
  /** Weeks of counts that an hour of the week must have to say as much as its hour of the day and its day do. */
  readonly pooling: number
}

/** How the level follows the counts. */
export interface LevelOptions {
  /** Weight of the newest day in the level, up to 1. */
  readonly alpha: number
  /** Weight of the newest change in the slope; 0 has no slope. */
  readonly beta: number
}

/** A level a day, and what each hour of the week is to it: a factor, or so many more. */
export interface Decomposition {
  readonly mode: ProfileOptions['mode']
  readonly profile: Float64Array
  readonly levels: Float64Array
}

/** Events that an hour of the week must have to say as much as its hour of the day and its day do. */
const POOLED_EVENTS = 2
/** Damping of the slope a day: a forecast goes on rising for some weeks, and not for ever. */
const DAMPING = 0.95
/** Residuals beyond so many deviations are outliers. */
const OUTLIER = 4
/** Share of the hours that may be outliers. */
const OUTLIERS_MAX = 1 / 30
/** What a burst hides of another is seen in the next pass. */
const CLEANING_PASSES = 3
const MODES = ['multiplicative', 'additive'] as const

/** What is expected of an hour of the week at a level. */
export const expectedOf = ({ mode, profile }: Decomposition, level: number, hour: number): number =>
  mode === 'multiplicative' ? level * (profile[hour] ?? 0) : Math.max(0, level + (profile[hour] ?? 0))

/**
 * Decomposes counts into a level a day and a profile of the week, as classical decomposition does (R. Hyndman and G. Athanasopoulos,
 * "Forecasting: Principles and Practice", 3rd edition, 3.4), in hours of the week by the clock, so that daylight saving moves no peak.
 * Hours with few events are pooled with their hour of the day and their day, as by the posterior mean of a gamma prior.
 */
export function decompose(timed: Timed, options: ProfileOptions): Decomposition {
  const days = wholeDays(timed)
  const first = profileOf(days, weeklyMeans(days.counts), options)
  const profile = profileOf(days, levelsOf(days, options.mode, first), options)
  return { mode: options.mode, profile, levels: levelsOf(days, options.mode, profile) }
}

/**
 * The level of each of the next days by Holt's linear method with a damped trend (E. Gardner and E. McKenzie, "Forecasting Trends in Time
 * Series", 1985).
 */
export function levelsAhead({ levels }: Decomposition, { alpha, beta }: LevelOptions, days: number): Float64Array {
  const first = levels.subarray(0, DAYS_OF_WEEK)
  let level = first.reduce((sum, one) => sum + one, 0) / Math.max(1, first.length)
  let slope = 0
  for (const observed of levels) {
    const before = level
    level += DAMPING * slope
    level += alpha * (observed - level)
    slope = DAMPING * slope + beta * (level - before - DAMPING * slope)
  }
  let reach = 0
  return Float64Array.from({ length: days }, (_, day) => {
    reach += DAMPING ** (day + 1)
    return Math.max(0, level + reach * slope)
  })
}

/**
 * The counts with bursts and outages replaced by what was to be expected: they would be expected to come back otherwise. What lasts for
 * three days is none, and no more than one hour in thirty is.
 */
export function withoutOutliers(timed: Timed): Float64Array {
  let cleaned = timed.counts
  for (let pass = 0; pass < CLEANING_PASSES; pass++) {
    const known = { counts: cleaned, hours: timed.hours }
    const expected = MODES.map((mode) => smoothed(known, mode))
    const errors = expected.map((one) => timed.counts.map((count, at) => Math.abs(stable(count) - stable(one[at] ?? 0))))
    const best = median(errors[0] ?? cleaned) <= median(errors[1] ?? cleaned) ? 0 : 1
    const sorted = (errors[best] ?? cleaned).toSorted()
    const most = Math.max(OUTLIER * deviationOf(sorted), sorted[Math.floor(sorted.length * (1 - OUTLIERS_MAX))] ?? 0)
    cleaned = timed.counts.map((count, at) => ((errors[best]?.[at] ?? 0) > most ? (expected[best]?.[at] ?? 0) : count))
  }
  return cleaned
}

/**
 * What is expected of each hour: the median of its hour of the week, relative to the median level of the days around it. Neither knows of
 * a burst of some hours.
 */
function smoothed(timed: Timed, mode: ProfileOptions['mode']): Float64Array {
  const { counts, hours } = timed
  const parts = decompose(timed, { mode, decay: 1, pooling: 0 })
  const levels = parts.levels.map((_, day) => median(parts.levels.slice(Math.max(0, day - 2), day + 3)))
  const skipped = counts.length % HOURS_OF_DAY
  const levelAt = (at: number): number => levels[Math.max(0, Math.floor((at - skipped) / HOURS_OF_DAY))] ?? 0
  const isFactor = mode === 'multiplicative'
  const slots = Array.from({ length: HOURS_OF_WEEK }, (): number[] => [])
  for (const [at, count] of counts.entries()) {
    const level = levelAt(at)
    if (!isFactor || level > 0) slots[hours[at] ?? 0]?.push(isFactor ? count / level : count - level)
  }
  const profile = Float64Array.from(slots, (slot) => lowerMedian(slot))
  return counts.map((_, at) => expectedOf({ ...parts, profile }, levelAt(at), hours[at] ?? 0))
}

/** Of two values the lower one: the higher one may be a burst. */
const lowerMedian = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) / 2)] ?? 0

function wholeDays({ counts, hours }: Timed): Timed {
  const skipped = counts.length % HOURS_OF_DAY
  return { counts: counts.subarray(skipped), hours: hours.subarray(skipped) }
}

/** The mean of the week around each day, in which the days of the week cancel out. */
function weeklyMeans(counts: Float64Array): Float64Array {
  const days = counts.length / HOURS_OF_DAY
  const span = Math.min(DAYS_OF_WEEK, days)
  return Float64Array.from({ length: days }, (_, day) => {
    const from = Math.min(Math.max(0, day - 3), days - span) * HOURS_OF_DAY
    let sum = 0
    for (let at = from; at < from + span * HOURS_OF_DAY; at++) sum += counts[at] ?? 0
    return sum / (span * HOURS_OF_DAY)
  })
}

function levelsOf({ counts, hours }: Timed, mode: ProfileOptions['mode'], profile: Float64Array): Float64Array {
  const levels = new Float64Array(counts.length / HOURS_OF_DAY)
  for (let day = 0; day < levels.length; day++) {
    let [sum, shape] = [0, 0]
    for (let at = day * HOURS_OF_DAY; at < (day + 1) * HOURS_OF_DAY; at++) {
      sum += counts[at] ?? 0
      shape += profile[hours[at] ?? 0] ?? 0
    }
    if (mode === 'additive') levels[day] = (sum - shape) / HOURS_OF_DAY
    // A day on which nothing is ever to be expected says nothing about the level.
    else levels[day] = shape > 0.01 ? sum / shape : (levels[day - 1] ?? 0)
  }
  return levels
}

/** What was counted in hours that are alike: events to exposure, or how many more than the level to their weights. */
interface Pool {
  readonly sums: Float64Array
  readonly weights: Float64Array
}

function profileOf({ counts, hours }: Timed, levels: Float64Array, { mode, decay, pooling }: ProfileOptions): Float64Array {
  const isFactor = mode === 'multiplicative'
  const [slots, hoursOfDay, days] = [poolOf(HOURS_OF_WEEK), poolOf(HOURS_OF_DAY), poolOf(DAYS_OF_WEEK)]
  let [allWeights, usual] = [0, 0]
  let [weight, weekLeft] = [1, HOURS_OF_WEEK]
  for (let at = counts.length - 1; at >= 0; at--) {
    const level = levels[Math.floor(at / HOURS_OF_DAY)] ?? 0
    const exposure = isFactor ? weight * level : weight
    const sum = isFactor ? weight * (counts[at] ?? 0) : weight * ((counts[at] ?? 0) - level)
    const slot = hours[at] ?? 0
    add(slots, slot, sum, exposure)
    add(hoursOfDay, slot % HOURS_OF_DAY, sum, exposure)
    add(days, Math.floor(slot / HOURS_OF_DAY), sum, exposure)
    allWeights += weight
    usual += exposure
    if (--weekLeft > 0) continue
    weight *= decay
    weekLeft = HOURS_OF_WEEK
  }
  const prior = isFactor ? POOLED_EVENTS + (pooling * usual) / Math.max(1, allWeights) : 0.1 + pooling
  const profile = Float64Array.from({ length: HOURS_OF_WEEK }, (_, slot) => {
    const [hour, day] = [meanOf(hoursOfDay, slot % HOURS_OF_DAY), meanOf(days, Math.floor(slot / HOURS_OF_DAY))]
    return ((slots.sums[slot] ?? 0) + prior * (isFactor ? hour * day : hour + day)) / ((slots.weights[slot] ?? 0) + prior)
  })
  const mean = profile.reduce((sum, one) => sum + one, 0) / HOURS_OF_WEEK
  if (!isFactor) return profile.map((one) => one - mean)
  return mean > 0 ? profile.map((one) => one / mean) : profile.fill(1)
}

const poolOf = (length: number): Pool => ({ sums: new Float64Array(length), weights: new Float64Array(length) })

function add({ sums, weights }: Pool, key: number, sum: number, weight: number): void {
  sums[key] = (sums[key] ?? 0) + sum
  weights[key] = (weights[key] ?? 0) + weight
}

const meanOf = ({ sums, weights }: Pool, key: number): number => ((weights[key] ?? 0) > 0 ? (sums[key] ?? 0) / (weights[key] ?? 1) : 0)
