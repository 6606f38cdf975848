/** Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009); the values are the usual ones. */
export const BM25 = { k1: 1.2, b: 0.75 } as const

/** What a collection knows about terms: how many texts it has, how long they are on average, and how many have each term. */
export interface TermStatistics {
  readonly texts: number
  /** Terms of a text, repetitions included. */
  readonly averageLength: number
  /** Of the terms of a question. One that no text has is 0. */
  readonly textsWith: ReadonlyMap<string, number>
}

/** How much a term tells. Never below 0, as in Lucene. */
export const idf = (textCount: number, textsWith: number): number => Math.log(1 + Math.max(0, textCount - textsWith + 0.5) / (textsWith + 0.5))

/** How often each term is in a text, and its length in terms, repetitions included. */
export interface CountedTerms {
  readonly counts: ReadonlyMap<string, number>
  readonly length: number
}

export function countTerms(terms: readonly string[]): CountedTerms {
  const counts = new Map<string, number>()
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  return { counts, length: terms.length }
}

/**
 * Scores texts for a question: BM25 over the most that any text could reach for it, from 0 to 1. So a score says the same for
 * every question: how much of what it asks for is in the text. A text of usual length that has every word once comes to 0.45; 1 is a limit.
 */
export function createScore({ texts, averageLength, textsWith }: TermStatistics): (text: CountedTerms) => number {
  const weights = [...textsWith].map(([term, count]) => [term, idf(texts, count)] as const)
  const most = weights.reduce((sum, [, weight]) => sum + weight, 0) * (BM25.k1 + 1)
  return ({ counts, length }) => {
    if (most === 0) return 0
    const norm = BM25.k1 * (1 - BM25.b + BM25.b * length / Math.max(1, averageLength))
    let score = 0
    for (const [term, weight] of weights) {
      const count = counts.get(term) ?? 0
      score += weight * count * (BM25.k1 + 1) / (count + norm)
    }
    return score / most
  }
}
