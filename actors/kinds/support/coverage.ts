import { synonymsOf } from './synonyms.ts'
import { termsOf, wordsOf } from './terms.ts'

interface Titled {
  readonly title: string
  readonly text: string
}

/** How much of one question some terms speak of: 0 to 1. */
export type Coverage = (terms: ReadonlySet<string>) => number

/** What a word counts that is only there as a synonym. */
const SYNONYM_WEIGHT = 0.7

/**
 * Measures how much of a question a text speaks of: the share of the question's words that are among the text's terms, each
 * word as heavy as it is rare in the texts that are looked at, and heaviest where none of them has it.
 */
export function createCoverage(texts: readonly Titled[]): (question: string) => Coverage {
  const rarity = rarityIn(texts)

  return (question) => {
    const words = [...new Set(wordsOf(question))].map((word) => {
      const parts = termsOf(word)
      return { parts, synonyms: synonymsOf(word), weight: Math.max(...parts.map(rarity)) }
    })
    const totalWeight = words.reduce((sum, { weight }) => sum + weight, 0)
    if (totalWeight === 0) return () => 0
    return (terms) => {
      const covered = words.reduce((sum, { parts, synonyms, weight }) => {
        if (parts.every((part) => terms.has(part))) return sum + weight
        return synonyms.some((synonym) => terms.has(synonym)) ? sum + weight * SYNONYM_WEIGHT : sum
      }, 0)
      return Math.round((covered / totalWeight) * 1000) / 1000
    }
  }
}

/** Few texts tell little of how rare a word is: they are taken as some of so many. */
const TEXTS_MIN = 24

/** The logarithm of how many texts lack a term to how many have it, as BM25 has it. */
function rarityIn(texts: readonly Titled[]): (term: string) => number {
  const having = new Map<string, number>()
  const all = Math.max(TEXTS_MIN, texts.length)
  for (const { title, text } of texts) {
    for (const term of new Set(termsOf(`${title} ${text}`))) having.set(term, (having.get(term) ?? 0) + 1)
  }
  return (term) => {
    const count = having.get(term) ?? 0
    return Math.log(1 + (all - count + 0.5) / (count + 0.5))
  }
}
