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

/** The scores of a text for one query. */
export interface TermScore {
  /** BM25: a sum over the terms that it has, from 0. */
  readonly bm25: number
  /**
   * BM25 divided by the highest possible score of the query, from 0 to 1. This makes scores of different queries comparable. A text of
   * average length with every term once has 0.45; 1 is a limit that is never reached.
   */
  readonly keyword: number
}

/** Creates a function that scores texts for one query. */
export function createScore({ texts, averageLength, textsWith }: TermStatistics): (text: ScoredTerms) => TermScore {
  const weights = [...textsWith].map(([term, count]) => [term, idf(texts, count)] as const)
  const most = weights.reduce((sum, [, weight]) => sum + weight, 0) * (BM25.k1 + 1)
  return ({ counts, length }) => {
    if (most === 0) return { bm25: 0, keyword: 0 }
    const norm = BM25.k1 * (1 - BM25.b + (BM25.b * length) / Math.max(1, averageLength))
    let score = 0
    for (const [term, weight] of weights) {
      const count = counts.get(term) ?? 0
      score += (weight * count * (BM25.k1 + 1)) / (count + norm)
    }
    return { bm25: score, keyword: score / most }
  }
}
