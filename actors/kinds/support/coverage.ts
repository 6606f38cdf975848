import { type Refers, standsAlone } from './asking/follow-up.ts'
import { synonymsOf } from './synonyms.ts'
import { termsOf, wordsOf } from './terms.ts'

interface Titled {
  readonly title: string
  readonly text: string
}

/** The share of a question that a set of terms covers, 0 to 1. */
export type Coverage = (terms: ReadonlySet<string>) => number

/** Weight of a word that only a synonym covers. */
const SYNONYM_WEIGHT = 0.7

/**
 * Measures how much of a question a text covers: the weighted share of the question's words among the text's terms. A word weighs more the
 * rarer it is in `texts`, and most where no text has it.
 *
 * @param relatedOf terms that stand for a word, at a lower weight
 */
export function createCoverage(texts: readonly Titled[], relatedOf = synonymsOf): (question: string) => Coverage {
  const rarity = rarityIn(texts)

  return (question) => {
    const words = [...new Set(wordsOf(question))].map((word) => {
      const parts = termsOf(word)
      return { parts, synonyms: relatedOf(word), weight: Math.max(...parts.map(rarity)) }
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

/** A small sample says little about rarity; it counts as part of at least this many texts. */
const TEXTS_MIN = 24

/** Inverse document frequency as in BM25: the logarithm of the ratio of texts without a term to texts with it. */
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

/** The share of a question that refers back is that of the question alone or, where more, of the question with what it takes up. */
export function coverageInContext(
  coverageOf: (question: string) => Coverage,
  { text, about, refers }: { readonly text: string; readonly about: string | null; readonly refers: Refers },
): Coverage {
  const alone = coverageOf(text)
  if (about === null || standsAlone(refers)) return alone
  const together = coverageOf(`${about} ${text}`)
  return (terms) => Math.max(alone(terms), together(terms))
}
