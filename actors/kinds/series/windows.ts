import { z } from 'zod'
import { addToBins, BIN_BYTES_MAX, binsSchema, percentileOf } from './bins.ts'

/** A window is kept in so many buckets, and the one that is being filled: it covers its span and up to a twelfth more. */
export const BUCKETS = 12

const bucketSchema = z.tuple([
  z.int().meta({ description: 'Number of the bucket since 1970' }),
  z.int().meta({ description: 'Readings' }),
  z.number().meta({ description: 'Their sum' }),
  z.number().meta({ description: 'The lowest' }),
  z.number().meta({ description: 'The highest' }),
  z.number().meta({ description: 'Time of the first, in milliseconds since 1970' }),
  z.number().meta({ description: 'The first' }),
  z.number().meta({ description: 'Time of the last' }),
  z.number().meta({ description: 'The last' }),
  binsSchema,
])
type Bucket = z.infer<typeof bucketSchema>

export const windowSchema = z.object({
  ms: z.int(),
  /** Whether a condition asks for a percentile: only then its buckets have bins. */
  hasBins: z.boolean(),
  /** By number. */
  buckets: z.array(bucketSchema),
})
export type Window = z.infer<typeof windowSchema>

/** A window that a condition asks for. */
export interface WindowNeed {
  readonly ms: number
  readonly hasBins: boolean
  /** Whether the condition changes when there was no reading for so long: this needs no buckets. */
  readonly isAbsence: boolean
}

export interface Reading {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly value: number
}

/** Bytes of a bucket without bins as JSON, at most: 13 + 9 + 20 for number, count and sum, 17 for each value, 14 for each time. */
const BUCKET_BYTES_MAX = 144

/** Bytes that the buckets of such windows take, at most. */
export const windowsBytes = (needs: readonly WindowNeed[]): number =>
  merged(needs).reduce((sum, { hasBins }) => sum + (BUCKETS + 1) * (BUCKET_BYTES_MAX + (hasBins ? BIN_BYTES_MAX : 0)), 0)

/** One window for each span. */
const merged = (needs: readonly WindowNeed[]): Omit<Window, 'buckets'>[] => {
  const byMs = new Map<number, boolean>()
  for (const { ms, hasBins, isAbsence } of needs) if (!isAbsence) byMs.set(ms, hasBins || byMs.get(ms) === true)
  return [...byMs].map(([ms, hasBins]) => ({ ms, hasBins })).sort((a, b) => a.ms - b.ms)
}

/** The windows that are needed. One that is there keeps its buckets. */
export const fitWindows = (windows: readonly Window[], needs: readonly WindowNeed[]): Window[] =>
  merged(needs).map((need) => ({ ...need, buckets: windows.find(({ ms }) => ms === need.ms)?.buckets ?? [] }))

const numberOf = (at: number, { ms }: Pick<Window, 'ms'>): number => Math.floor((at * BUCKETS) / ms)
/** The oldest bucket that is in the window. */
const oldestNumber = (now: number, window: Pick<Window, 'ms'>): number => numberOf(now, window) - BUCKETS

/**
 * Adds readings to a window, in any order, and drops the buckets that it has left behind. The result does not depend on the order; of
 * readings of one time, the last one that came is the later one.
 */
export function withReadings(window: Window, readings: readonly Reading[], now: number): Window {
  const oldest = oldestNumber(now, window)
  const buckets = new Map<number, Bucket>()
  for (const bucket of window.buckets) if (bucket[0] >= oldest) buckets.set(bucket[0], bucket)
  const byNumber = Map.groupBy(readings, ({ at }) => numberOf(at, window))
  for (const [number, group] of byNumber) {
    if (number >= oldest) buckets.set(number, filled(buckets.get(number), number, group, window.hasBins))
  }
  return { ...window, buckets: [...buckets.values()].sort(([a], [b]) => a - b) }
}

function filled(bucket: Bucket | undefined, number: number, readings: readonly Reading[], hasBins: boolean): Bucket {
  let [, count, sum, min, max, firstAt, first, lastAt, last, bins]: Bucket = bucket ?? [
    number,
    0,
    0,
    Infinity,
    -Infinity,
    Infinity,
    0,
    -Infinity,
    0,
    [],
  ]
  for (const { at, value } of readings) {
    count++
    sum += value
    min = Math.min(min, value)
    max = Math.max(max, value)
    if (at < firstAt) [firstAt, first] = [at, value]
    if (at >= lastAt) [lastAt, last] = [at, value]
  }
  if (hasBins)
    bins = addToBins(
      bins,
      readings.map(({ value }) => value),
    )
  return [number, count, rounded(sum, 12), rounded(min), rounded(max), firstAt, rounded(first), lastAt, rounded(last), bins]
}

/** Numbers of a state are bounded in length. */
const rounded = (value: number, digits = 9): number => Number(value.toPrecision(digits))

/** What a condition asks of a window. Without readings, all but counts are NaN, with which no comparison holds. */
export interface Figures {
  readonly count: number
  /** Readings a second. */
  readonly rate: number
  readonly sum: number
  readonly mean: number
  readonly min: number
  readonly max: number
  /** The last reading less the first. */
  readonly change: number
  percentile(percent: number): number
}

export function figuresOf(window: Window, now: number): Figures {
  const oldest = oldestNumber(now, window)
  const buckets = window.buckets.filter(([number]) => number >= oldest)
  let [count, sum, min, max] = [0, 0, Infinity, -Infinity]
  for (const [, bucketCount, bucketSum, bucketMin, bucketMax] of buckets) {
    count += bucketCount
    sum += bucketSum
    min = Math.min(min, bucketMin)
    max = Math.max(max, bucketMax)
  }
  const seconds = (now - (oldest * window.ms) / BUCKETS) / 1_000
  const isEmpty = count === 0
  const bins = buckets.map((bucket) => bucket[9])
  const percentiles = new Map<number, number>()
  return {
    count,
    rate: count / seconds,
    sum,
    mean: isEmpty ? NaN : sum / count,
    min: isEmpty ? NaN : min,
    max: isEmpty ? NaN : max,
    change: (buckets.at(-1)?.[8] ?? NaN) - (buckets[0]?.[6] ?? NaN),
    percentile(percent) {
      const found = percentiles.get(percent) ?? (isEmpty ? NaN : Math.min(max, Math.max(min, percentileOf(bins, percent))))
      percentiles.set(percent, found)
      return found
    },
  }
}

/** When a window next loses a bucket; `Infinity` where it has none. */
export const nextLossAt = ({ ms, buckets }: Window): number => Math.ceil((((buckets[0]?.[0] ?? Infinity) + BUCKETS + 1) * ms) / BUCKETS)
