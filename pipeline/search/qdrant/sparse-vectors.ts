import { hash } from 'node:crypto'
import { BM25, type CountedTerms } from '../bm25.ts'

/** Terms as Qdrant stores them: their numbers and their BM25 weights without the IDF, which Qdrant multiplies in. */
export interface SparseVector {
  readonly indices: number[]
  readonly values: number[]
}

/**
 * Assumed average number of terms of a text, since Qdrant does not keep the real one. It only affects which candidates Qdrant returns and
 * the length normalisation of their scores.
 */
export const USUAL_LENGTH = 32

/** The 32-bit number of a term. Among a million terms, about a hundred share a number. */
export const numberOf = (term: string): number => hash('sha256', term, 'buffer').readUInt32LE(0)

/** The sparse vector of a text to store. */
export function sparseText({ counts: countsOfTerms, length }: CountedTerms): SparseVector {
  const counts = new Map<number, number>()
  for (const [term, count] of countsOfTerms) counts.set(numberOf(term), (counts.get(numberOf(term)) ?? 0) + count)
  const norm = BM25.k1 * (1 - BM25.b + (BM25.b * length) / USUAL_LENGTH)
  return { indices: [...counts.keys()], values: [...counts.values()].map((count) => (count * (BM25.k1 + 1)) / (count + norm)) }
}

/** The sparse vector of a query: weight 1 for each distinct term. */
export function sparseQuery(terms: readonly string[]): SparseVector {
  const indices = [...new Set(terms.map(numberOf))]
  return { indices, values: indices.map(() => 1) }
}
