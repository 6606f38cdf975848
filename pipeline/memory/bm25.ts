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

/**
 * Scores texts for a question: BM25 over the most that any text could reach for it, from 0 to 1. So a score says the same for
 * every question: how much of what it asks for is in the text. A text of usual length that has every word once comes to 0.45; 1 is a limit.
 *
 * @returns of the terms of a text, repetitions included
 */
export function createScore({ texts, averageLength, textsWith }: TermStatistics): (terms: readonly string[]) => number {
  const weights = new Map([...textsWith].map(([term, count]) => [term, idf(texts, count)]))
  const most = [...weights.values()].reduce((sum, weight) => sum + weight, 0) * (BM25.k1 + 1)
  return (terms) => {
    if (most === 0) return 0
    const counts = new Map<string, number>()
    for (const term of terms) if (weights.has(term)) counts.set(term, (counts.get(term) ?? 0) + 1)
    const norm = BM25.k1 * (1 - BM25.b + BM25.b * terms.length / Math.max(1, averageLength))
    let score = 0
    for (const [term, count] of counts) score += (weights.get(term) ?? 0) * count * (BM25.k1 + 1) / (count + norm)
    return score / most
  }
}
