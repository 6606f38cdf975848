import type { Article } from './knowledge.ts'
import { termsOf } from './terms.ts'

/**
 * How much a term tells among these articles, as BM25 has it: the logarithm of how many lack it to how many have it; most
 * for one that none has.
 */
export function rarityIn(articles: readonly Article[]): (term: string) => number {
  const having = new Map<string, number>()
  for (const { title, text } of articles) {
    for (const term of new Set(termsOf(`${title} ${text}`))) having.set(term, (having.get(term) ?? 0) + 1)
  }
  return (term) => {
    const count = having.get(term) ?? 0
    return Math.log(1 + (articles.length - count + 0.5) / (count + 0.5))
  }
}
