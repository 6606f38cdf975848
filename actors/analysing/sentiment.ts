import { bucketOf, type HashedWeights, openWeights } from './hashed-weights.ts'
import { eachSentimentFeature } from './sentiment-features.ts'
import stored from './sentiment-weights.json' with { type: 'json' }

/** What a text feels about what it is about. */
export const SENTIMENT_LABELS = ['positive', 'negative', 'neutral'] as const
export type SentimentLabel = (typeof SENTIMENT_LABELS)[number]

export interface Sentiment {
  readonly label: SentimentLabel
  /**
   * The probability of positive less that of negative by the model: from −1 to 1, near 0 where the text is neutral or says both. Means of
   * it are meaningful.
   */
  readonly score: number
}

const model = openWeights(stored, SENTIMENT_LABELS.length)

/** Version of what tells sentiments: another version may tell other ones. */
export const SENTIMENT_VERSION = model.version

/** The sentiment of a text in Chinese, English or both. Deterministic. Reads the first `SENTIMENT_CHARACTERS_MAX` code units. */
export const sentimentOf = (text: string): Sentiment => sentimentBy(model, text)

/** The sentiment of a text by other weights, for trainings. */
export function sentimentBy({ steps, buckets, scale }: HashedWeights, text: string): Sentiment {
  let [positive, negative, neutral, features] = [0, 0, 0, 0]
  eachSentimentFeature(text, (hash, value) => {
    const at = bucketOf(hash, buckets) * SENTIMENT_LABELS.length
    positive += value * (steps[at] ?? 0)
    negative += value * (steps[at + 1] ?? 0)
    neutral += value * (steps[at + 2] ?? 0)
    features += 1
  })
  if (features === 0) return { label: 'neutral', score: 0 }
  const highest = Math.max(positive, negative, neutral)
  const likelihood = (sum: number): number => Math.exp((sum - highest) * scale)
  const [up, down, level] = [likelihood(positive), likelihood(negative), likelihood(neutral)] as const
  const label =
    positive === highest && positive > neutral ? 'positive' : negative === highest && negative > neutral ? 'negative' : 'neutral'
  return { label, score: (up - down) / (up + down + level) }
}
