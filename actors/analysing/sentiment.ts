/** What a text feels about what it is about. */
export const SENTIMENT_LABELS = ['positive', 'negative', 'neutral'] as const
export type SentimentLabel = (typeof SENTIMENT_LABELS)[number]

export interface Sentiment {
  readonly label: SentimentLabel
  /** From −1, surely negative, to 1, surely positive; near 0 where the text is neutral or says both. Means of it are meaningful. */
  readonly score: number
}

/** Version of what tells sentiments: another version may tell other ones. */
export const SENTIMENT_VERSION = 0

const POSITIVE = /\b(good|great|love|excellent|nice|happy|amazing|best|thanks)\b|好|棒|喜欢|满意|赞|开心|👍|❤|😊|😍/giu
const NEGATIVE = /\b(bad|hate|terrible|awful|worst|broken|angry|slow|poor)\b|差|烂|垃圾|讨厌|失望|慢|坏|👎|😡|😢|💔/giu
const CHARACTERS_MAX = 2_000

/** The sentiment of a text. */
export function sentimentOf(text: string): Sentiment {
  const read = text.slice(0, CHARACTERS_MAX)
  const difference = (read.match(POSITIVE)?.length ?? 0) - (read.match(NEGATIVE)?.length ?? 0)
  const score = difference / (1 + Math.abs(difference))
  return { label: score > 0 ? 'positive' : score < 0 ? 'negative' : 'neutral', score }
}
