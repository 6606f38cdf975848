import { z } from 'zod'
import { bestOf, bestOther, type Scale, scaleOf } from './decisions.ts'
import { fitLogistic, sigmoid } from './logistic.ts'

/** Share of the set's own messages that the threshold takes for out of scope. */
export const FALSE_OUT_OF_SCOPE = 0.05
/** Weight of the vectors' decision values against those of the terms, by cross-validation. */
export const VECTOR_WEIGHT = 1.5
/** Held-out examples below which nothing can be learned from them: the starting values hold. */
const HELD_OUT_MIN = 20
/** Examples out of scope from which the scope is learned as well. */
const OUTSIDE_MIN = 10
/** Rivals of an example that calibrate the confidence, best first; the others have nearly none. */
const RIVALS = 5
/** Share of examples with several intents from which a set has messages with several intents, and not by mistake. */
const SEVERAL_SHARE = 0.01
const QUANTILES = 200

const scale = z.object({ mean: z.number(), deviation: z.number() })
export const calibrationSchema = z.object({
  terms: scale,
  vectors: scale.optional(),
  /** Logistic weights of a value, of its lead over the best other one, and a constant. */
  confidence: z.array(z.number()).length(3),
  /** Least confidence of an intent beside the best one. */
  threshold: z.number(),
  /** Weights of the best value and of the value of the head that knows what is out of scope. */
  scope: z.array(z.number()).length(2),
  /** The scope of held-out examples, at equal steps from the lowest to the highest. */
  quantiles: z.array(z.number()).min(2),
})
export type Calibration = z.infer<typeof calibrationSchema>

/** Decision values of held-out examples, and what is true of each. */
export interface HeldOut {
  readonly terms: readonly Float32Array[]
  readonly vectors: readonly Float32Array[] | undefined
  /** Columns of the intents of each example; none: out of scope. */
  readonly truths: readonly (readonly number[])[]
  /** Number of intents. A further column is the head for what is out of scope. */
  readonly intents: number
}

/** Values of the intents on one scale; the head for out of scope, if there is one, is the last. */
export function addDecisions(
  terms: Float32Array,
  vectors: Float32Array | undefined,
  calibration: Pick<Calibration, 'terms' | 'vectors'>,
): Float32Array {
  const standardised = (value: number, { mean, deviation }: Scale): number => (value - mean) / deviation
  return terms.map((value, column) => {
    const own = standardised(value, calibration.terms)
    if (vectors === undefined || calibration.vectors === undefined) return own
    return own + VECTOR_WEIGHT * standardised(vectors[column]!, calibration.vectors)
  })
}

export function calibrate({ terms, vectors, truths, intents }: HeldOut): Calibration {
  const scales = { terms: scaleOf(terms), ...(vectors !== undefined && { vectors: scaleOf(vectors) }) }
  const all = terms.map((row, index) => addDecisions(row, vectors?.[index], scales))
  const values = all.map((row) => row.subarray(0, intents))
  const confidence = all.length < HELD_OUT_MIN ? STARTING_CONFIDENCE : fitConfidence(values, truths)
  const scope = fitScope(all, truths, intents)
  const inScope = all.filter((_, index) => truths[index]!.length > 0)
  return {
    ...scales,
    confidence,
    threshold: fitThreshold(values, truths, confidence),
    scope,
    quantiles: quantilesOf(inScope.map((row) => scopeValue(row, intents, scope))),
  }
}

const STARTING_CONFIDENCE = [1, 1, -2]

/** Probability that a message has this intent. */
export function confidenceOf(values: Float32Array, column: number, weights: readonly number[]): number {
  const value = values[column]!
  return sigmoid(weights[0]! * value + weights[1]! * (value - bestOther(values, column)) + weights[2]!)
}

function fitConfidence(values: readonly Float32Array[], truths: HeldOut['truths']): number[] {
  const points: number[][] = []
  const outcomes: boolean[] = []
  for (const [index, row] of values.entries()) {
    const rivals = [...row.keys()].sort((one, other) => row[other]! - row[one]!).slice(0, RIVALS)
    for (const column of new Set([...rivals, ...truths[index]!])) {
      points.push([row[column]!, row[column]! - bestOther(row, column)])
      outcomes.push(truths[index]!.includes(column))
    }
  }
  return fitLogistic(points, outcomes)
}

/** The threshold with the highest sum of micro-F1 and share of messages whose whole set is right. */
function fitThreshold(values: readonly Float32Array[], truths: HeldOut['truths'], weights: readonly number[]): number {
  const several = truths.filter((truth) => truth.length > 1).length
  if (several < SEVERAL_SHARE * truths.length || truths.length < HELD_OUT_MIN) return 0.5
  const known = values.flatMap((row, index) =>
    truths[index]!.length === 0
      ? []
      : [{ confidences: Array.from(row, (_, column) => confidenceOf(row, column, weights)), truth: truths[index]! }],
  )
  let best = { threshold: 0.5, quality: 0 }
  for (let threshold = 0.2; threshold < 0.8; threshold += 0.01) {
    let [right, given, wanted, whole] = [0, 0, 0, 0]
    for (const { confidences, truth } of known) {
      const first = bestOf(confidences)
      const chosen = confidences.flatMap((confidence, column) => (column === first || confidence >= threshold ? [column] : []))
      const hits = chosen.filter((column) => truth.includes(column)).length
      right += hits
      given += chosen.length
      wanted += truth.length
      if (hits === chosen.length && hits === truth.length) whole += 1
    }
    const quality = (2 * right) / (given + wanted) + whole / known.length
    if (quality > best.quality) best = { threshold, quality }
  }
  return best.threshold
}

export function scopeValue(all: Float32Array, intents: number, weights: readonly number[]): number {
  const values = all.subarray(0, intents)
  const outside = all[intents] ?? 0
  return weights[0]! * values[bestOf(values)]! + weights[1]! * outside
}

function fitScope(all: readonly Float32Array[], truths: HeldOut['truths'], intents: number): number[] {
  const outside = truths.filter((truth) => truth.length === 0).length
  if (outside < OUTSIDE_MIN || (all[0]?.length ?? 0) === intents) return [1, 0]
  const points = all.map((row) => [row[bestOf(row.subarray(0, intents))]!, row[intents]!])
  return fitLogistic(
    points,
    truths.map((truth) => truth.length > 0),
  ).slice(0, 2)
}

function quantilesOf(values: readonly number[]): number[] {
  const sorted = [...values].sort((one, other) => one - other)
  if (sorted.length < HELD_OUT_MIN) return [-2, 2]
  return Array.from({ length: QUANTILES + 1 }, (_, step) => sorted[Math.round((step / QUANTILES) * (sorted.length - 1))]!)
}

/** Share of the set's own held-out examples that score lower, from 0 to 1. */
export function scopeShare(value: number, quantiles: readonly number[]): number {
  const above = quantiles.findIndex((quantile) => quantile >= value)
  if (above < 0) return 1
  if (above === 0) return 0
  const [low, high] = [quantiles[above - 1]!, quantiles[above]!]
  return (above - 1 + (high > low ? (value - low) / (high - low) : 0)) / (quantiles.length - 1)
}
