/** Parameters of BM25, with their usual values. Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009). */
export const BM25 = { k1: 1.2, b: 0.75 } as const

/** Statistics of a collection for the terms of one query. */
export interface TermStatistics {
  /** Number of texts. */
  readonly texts: number
  /** Average number of terms of a text, repetitions included. */
  readonly averageLength: number
  /** Number of texts that contain each term of the query; 0 if none does. */
  readonly textsWith: ReadonlyMap<string, number>
}

/** Inverse document frequency of a term. Never negative, as in Lucene. */
export const idf = (textCount: number, textsWith: number): number =>
  Math.log(1 + Math.max(0, textCount - textsWith + 0.5) / (textsWith + 0.5))

/** The number of occurrences of a term in a text; `undefined` or 0 if it has none. */
export type TermCounts = Pick<ReadonlyMap<string, number>, 'get'>

/** The number of occurrences of each term in a text, and the length of the text in terms, repetitions included. */
export interface CountedTerms {
  readonly counts: ReadonlyMap<string, number>
  readonly length: number
}

/** What the score of a text needs to know of it. */
export interface ScoredTerms {
  readonly counts: TermCounts
  readonly length: number
}

/**
 * Creates a function that scores texts for one query: the BM25 score divided by the highest possible one, from 0 to 1. This makes scores of
 * different queries comparable. A text of average length with every term once scores 0.45; 1 is a limit that is never reached.
 */
export function createScore({ texts, averageLength, textsWith }: TermStatistics): (text: ScoredTerms) => number {
  const weights = [...textsWith].map(([term, count]) => [term, idf(texts, count)] as const)
  const most = weights.reduce((sum, [, weight]) => sum + weight, 0) * (BM25.k1 + 1)
  return ({ counts, length }) => {
    if (most === 0) return 0
    const norm = BM25.k1 * (1 - BM25.b + (BM25.b * length) / Math.max(1, averageLength))
    let score = 0
    for (const [term, weight] of weights) {
      const count = counts.get(term) ?? 0
      score += (weight * count * (BM25.k1 + 1)) / (count + norm)
    }
    return score / most
  }
}
