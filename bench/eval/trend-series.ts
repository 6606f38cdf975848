import { createRandom } from '../harness/random.ts'

/** A shape of a series: what is to be expected of each hour, and how counts deviate from it. */
export interface Shape {
  readonly name: string
  counts(seed: number, hours: number): number[]
}

const TAU = 2 * Math.PI

/** The course of a day and a week: nights are quiet, weekends quieter. The mean is about 1. */
function cycle(at: number): number {
  const day = 1 + 0.7 * Math.sin((TAU * ((at % 24) - 9)) / 24) + 0.2 * Math.sin((2 * TAU * (at % 24)) / 24)
  return Math.max(0.02, day) * (Math.floor(at / 24) % 7 >= 5 ? 0.6 : 1.16)
}

/** A normal number, by Box and Muller. */
const normal = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(TAU * random())

/** A Poisson number: Knuth's product of uniform ones, or its normal approximation. */
function poisson(random: () => number, mean: number): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)))
  let [count, product] = [-1, 1]
  const least = Math.exp(-mean)
  do {
    product *= random()
    count++
  } while (product > least)
  return count
}

const drawn =
  (meanAt: (at: number, random: () => number) => number) =>
  (seed: number, hours: number): number[] => {
    const random = createRandom(seed)
    return Array.from({ length: hours }, (_, at) => poisson(random, meanAt(at - hours, random)))
  }
const from0 = (at: number): number => ((at % 168) + 168) % 168

/** Counts of a daily and weekly cycle with a level that wanders: the logarithm of its factor follows from the one of the hour before. */
const wandering =
  (after: (log: number, random: () => number) => number) =>
  (seed: number, hours: number): number[] => {
    const random = createRandom(seed)
    let log = 0
    return Array.from({ length: hours }, (_, at) => {
      log = after(log, random)
      return poisson(random, 40 * Math.exp(log) * cycle(from0(at - hours)))
    })
  }
/** A rate an hour of what happens once in so many days. */
const onceIn = (days: number): number => 1 / (24 * days)

/** Shapes of series. Hours are counted from the end, so that what happens in them happens at the same distance of the end. */
export const SHAPES: readonly Shape[] = [
  { name: 'level shift', counts: drawn((at) => 40 * cycle(from0(at)) * (at > -24 * 24 ? 1.8 : 1)) },
  { name: 'sparse', counts: drawn((at) => 0.4 * cycle(from0(at))) },
  {
    name: 'growth and burst',
    counts: drawn(
      (at, random) =>
        30 * Math.exp((at + 1344) / 2000) * cycle(from0(at)) * Math.exp(0.25 * normal(random)) * (at > -400 && at < -391 ? 8 : 1),
    ),
  },
  { name: 'random walk', counts: wandering((log, random) => log + 0.08 * Math.sqrt(onceIn(1)) * normal(random)) },
  { name: 'many level shifts', counts: wandering((log, random) => log + (random() < onceIn(12) ? 0.4 * normal(random) : 0)) },
  { name: 'noise of days', counts: wandering((log, random) => log * (1 - onceIn(3)) + 0.3 * Math.sqrt(2 * onceIn(3)) * normal(random)) },
]
