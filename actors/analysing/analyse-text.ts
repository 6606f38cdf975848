import { type Sentiment, sentimentOf } from './sentiment.ts'
import { keywordsOfText } from './text-keywords.ts'
import { languageOfText } from './text-language.ts'

/** What can be told of a text by the text alone. */
export interface TextAnalysis {
  /** An ISO 639-1 code such as `zh` or `en`; `null` where the text is too short to tell. */
  readonly language: string | null
  readonly sentiment: Sentiment
  /** The words that say most of it, in lower case, the best first; at most `KEYWORDS_MAX` of `text-keywords.ts`. */
  readonly keywords: readonly string[]
}

/**
 * Analyses a text in Chinese, English or both: its language, its sentiment and its keywords.
 *
 * Pure and deterministic: the same text gives the same result under the same `SENTIMENT_VERSION`. Each part reads the start of a long text
 * only, so that a text of a megabyte costs no more than one of some thousand characters. A text without words is neutral; of other
 * languages, emoji, ratings and borrowed words are read.
 */
export function analyseText(text: string): TextAnalysis {
  return { language: languageOfText(text), sentiment: sentimentOf(text), keywords: keywordsOfText(text) }
}
