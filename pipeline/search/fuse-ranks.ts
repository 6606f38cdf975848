import type { StoreHit } from './vector-store.ts'

/** By weighted scores, or by places alone (reciprocal rank fusion; Cormack, Clarke and Büttcher 2009). */
export const FUSIONS = ['weights', 'rrf'] as const
export type Fusion = (typeof FUSIONS)[number]

/** Both together 1. */
export interface Weights {
  readonly dense: number
  readonly keyword: number
}

export interface Fused {
  readonly hit: StoreHit
  readonly score: number
}

/** How much the first places stand out, as in the paper. */
const RRF_K = 60

/** One score from two. That of weights is from 0 to 1 and means the same for every question; that of places compares within one only. */
export function fuseRanks(hits: readonly StoreHit[], fusion: Fusion, weights: Weights): Fused[] {
  if (fusion === 'weights') {
    return hits.map((hit) => ({ hit, score: weights.dense * Math.max(0, hit.similarity ?? 0) + weights.keyword * (hit.keyword ?? 0) }))
  }
  const [dense, keyword] = [placesBy(hits, (hit) => hit.similarity ?? -1), placesBy(hits, (hit) => hit.keyword ?? 0)]
  const first = 1 / (RRF_K + 1)
  // Over the best there is: first by both.
  return hits.map((hit) => ({ hit, score: (weights.dense / (RRF_K + (dense.get(hit) ?? 0)) + weights.keyword / (RRF_K + (keyword.get(hit) ?? 0))) / first }))
}

const placesBy = (hits: readonly StoreHit[], score: (hit: StoreHit) => number): Map<StoreHit, number> =>
  new Map([...hits].sort((a, b) => score(b) - score(a)).map((hit, index) => [hit, index + 1]))
