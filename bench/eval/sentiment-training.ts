import { bucketOf, type StoredWeights } from '../../actors/analysing/hashed-weights.ts'
import { SENTIMENT_LABELS } from '../../actors/analysing/sentiment.ts'
import { eachSentimentFeature } from '../../actors/analysing/sentiment-features.ts'
import { type Sample, type TrainingOptions, trainWeights } from './hashed-training.ts'
import type { LabelledText } from './sentiment-sets.ts'

/** A change of the features, of the form of the weights, or of the training makes another version. */
const VERSION = 1
const BUCKETS = 65_536

/** Trains the model of sentiment. The result depends on the texts and options only. */
export const trainSentiment = (texts: readonly LabelledText[], options: TrainingOptions = {}): StoredWeights =>
  trainWeights(texts.map(sampleOf), { version: VERSION, buckets: BUCKETS, classes: SENTIMENT_LABELS.length }, options)

function sampleOf({ text, label }: LabelledText): Sample {
  const buckets: number[] = []
  const values: number[] = []
  eachSentimentFeature(text, (hash, value) => {
    buckets.push(bucketOf(hash, BUCKETS))
    values.push(value)
  })
  return { buckets: Int32Array.from(buckets), values: Float64Array.from(values), class: SENTIMENT_LABELS.indexOf(label) }
}
