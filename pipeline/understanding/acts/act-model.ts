import { bucketOf, hashOf, openWeights, type StoredWeights } from '../../../actors/analysing/hashed-weights.ts'
import { type Act, ACTS } from '../../../schemas/dialogue-acts.ts'
import type { Feature } from './act-features.ts'

/** A linear model over hashed features: the score of an act is the sum of its weights. */
export interface ActModel {
  readonly version: number
  /** The scores of all acts, in the order of `ACTS`. */
  score(features: readonly Feature[]): Float64Array
  /** What a feature adds to the score of an act, beyond what it adds to the mean of all. */
  support(feature: Feature, act: Act): number
}

/** @throws as `openWeights` does, if the weights are damaged */
export function openActModel(stored: StoredWeights): ActModel {
  const { version, buckets, scale, steps } = openWeights(stored, ACTS.length)
  const at = (bucket: number, act: number): number => (steps[bucket * ACTS.length + act] ?? 0) * scale
  return {
    version,
    score(features) {
      const scores = new Float64Array(ACTS.length)
      for (const { name, value } of features) {
        const bucket = bucketOf(hashOf(name), buckets)
        for (let act = 0; act < ACTS.length; act += 1) scores[act] = (scores[act] ?? 0) + value * at(bucket, act)
      }
      return scores
    },
    support({ name, value }, act) {
      const bucket = bucketOf(hashOf(name), buckets)
      const mean = ACTS.reduce((sum, _, index) => sum + at(bucket, index), 0) / ACTS.length
      return value * (at(bucket, ACTS.indexOf(act)) - mean)
    },
  }
}
