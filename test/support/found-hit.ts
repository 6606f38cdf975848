import type { StoreHit } from '../../pipeline/search/vector-store.ts'
import { pointOf } from './vector-store-contract.ts'

/** A hit of a store, with any scores. */
export function foundHit(name: string, more: Partial<StoreHit>): StoreHit {
  const { vector: _vector, ...stored } = pointOf(name, name)
  return { ...stored, similarity: 0, keyword: 0, bm25: 0, ...more }
}
