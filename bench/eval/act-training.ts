import { bucketOf, hashOf, type StoredWeights } from '../../actors/analysing/hashed-weights.ts'
import { featuresOf } from '../../pipeline/understanding/acts/act-features.ts'
import { ACTS } from '../../schemas/dialogue-acts.ts'
import type { LabelledMessage } from './act-sets.ts'
import { type Sample, trainWeights } from './hashed-training.ts'

/** A change of the features, of the form of the weights, or of the training makes another version. */
const VERSION = 1
const BUCKETS = 32_768

/** Trains the model of acts. The result depends on the messages only. */
export const trainActs = (messages: readonly LabelledMessage[]): StoredWeights =>
  trainWeights(messages.map(sampleOf), { version: VERSION, buckets: BUCKETS, classes: ACTS.length })

function sampleOf({ text, history, act }: LabelledMessage): Sample {
  const features = featuresOf(text, history)
  return {
    buckets: Int32Array.from(features, ({ name }) => bucketOf(hashOf(name), BUCKETS)),
    values: Float64Array.from(features, ({ value }) => value),
    class: ACTS.indexOf(act),
  }
}
