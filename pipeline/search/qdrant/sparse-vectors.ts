import { hash } from 'node:crypto'
import { BM25 } from '../bm25.ts'

/** Terms as Qdrant keeps them: numbered, with what each is worth in its text. Qdrant itself multiplies by the IDF. */
export interface SparseVector {
  readonly indices: number[]
  readonly values: number[]
}

/**
 * Terms of a text of usual length. Qdrant knows IDFs and no lengths, so that this is fixed; who asks scores what was found
 * by the real ones.
 */
export const USUAL_LENGTH = 32

/** The number of a term: 32 bits, so that among a million terms a hundred share theirs with another. */
export const numberOf = (term: string): number => hash('sha256', term, 'buffer').readUInt32LE(0)

export function sparseText(terms: readonly string[]): SparseVector {
  const counts = new Map<number, number>()
  for (const term of terms) counts.set(numberOf(term), (counts.get(numberOf(term)) ?? 0) + 1)
  const norm = BM25.k1 * (1 - BM25.b + BM25.b * terms.length / USUAL_LENGTH)
  return { indices: [...counts.keys()], values: [...counts.values()].map((count) => count * (BM25.k1 + 1) / (count + norm)) }
}

export function sparseQuestion(terms: readonly string[]): SparseVector {
  const indices = [...new Set(terms.map(numberOf))]
  return { indices, values: indices.map(() => 1) }
}
