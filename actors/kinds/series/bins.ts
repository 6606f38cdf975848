import { z } from 'zod'

/** Each bin is so many times as wide as the one below it: a percentile is within 7.3 % of the reading that it stands for. */
const WIDTH = 1.15
const LOG_WIDTH = Math.log(WIDTH)
/** Bins of a bucket. Of readings that span more than a factor of 28, the lowest share a bin. */
const BINS_MAX = 24
/** A bin of readings around 1. Those of tiny ones are counted in bin 1, zeros in 0, and negative ones have negative numbers. */
const BIN_OF_ONE = 1_000

/** Number and count of each bin, in turn: a histogram with bins of equal ratio, as in DDSketch (Masson, Rim and Lee, VLDB 2019). */
export const binsSchema = z.array(z.int())
type Bins = z.infer<typeof binsSchema>

/** Bytes of the bins of a bucket as JSON, at most: five digits and a sign for the number, seven digits for the count. */
export const BIN_BYTES_MAX = BINS_MAX * 15

function binOf(value: number): number {
  if (value === 0) return 0
  return Math.sign(value) * Math.max(1, BIN_OF_ONE + Math.round(Math.log(Math.abs(value)) / LOG_WIDTH))
}

const valueOf = (bin: number): number => (bin === 0 ? 0 : Math.sign(bin) * WIDTH ** (Math.abs(bin) - BIN_OF_ONE))

const countsOf = (bins: Bins): [bin: number, count: number][] =>
  bins.flatMap((bin, index) => (index % 2 === 0 ? [[bin, bins[index + 1] ?? 0] as [number, number]] : []))

/** The bins with further values. */
export function addToBins(bins: Bins, values: readonly number[]): Bins {
  const counts = new Map(countsOf(bins))
  for (const value of values) counts.set(binOf(value), (counts.get(binOf(value)) ?? 0) + 1)
  const sorted = [...counts].sort(([a], [b]) => a - b)
  const tooMany = sorted.splice(0, Math.max(0, sorted.length - BINS_MAX))
  const [lowest] = sorted
  if (lowest !== undefined) lowest[1] += tooMany.reduce((sum, [, count]) => sum + count, 0)
  return sorted.flat()
}

/** A percentile of the values in several lists of bins; NaN where there are none. */
export function percentileOf(lists: readonly Bins[], percent: number): number {
  const counts = new Map<number, number>()
  for (const [bin, count] of lists.flatMap(countsOf)) counts.set(bin, (counts.get(bin) ?? 0) + count)
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const rank = Math.max(1, Math.ceil((percent / 100) * total))
  let below = 0
  for (const [bin, count] of [...counts].sort(([a], [b]) => a - b)) {
    below += count
    if (below >= rank) return valueOf(bin)
  }
  return NaN
}
