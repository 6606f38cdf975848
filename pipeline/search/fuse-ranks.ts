import type { StoreHit } from './vector-store.ts'

/**
 * `auto` adds the evidence of both rankings, whatever the range of a model's cosines (`fuseByEvidence`); `weights` adds weighted scores;
 * `rrf` uses only ranks (reciprocal rank fusion; Cormack, Clarke and Büttcher 2009).
 */
export const FUSIONS = ['auto', 'weights', 'rrf'] as const
export type Fusion = (typeof FUSIONS)[number]

/** Weights of the two rankings; their sum is 1. */
export interface Weights {
  readonly dense: number
  readonly keyword: number
}

export interface Fused {
  readonly hit: StoreHit
  readonly score: number
  /** The place among hits with the same score, from 0; absent if they have none. */
  readonly place?: number
  /** What each search adds to what the order is by. */
  readonly parts: FusedParts
}

export interface FusedParts extends Weights {
  /** Of `auto`: from the search that is sure. */
  readonly sure?: number
}

/** Smoothing constant of the paper. */
export const RRF_K = 60

/**
 * Combines the two scores of each hit. `weights` scores are 0 to 1 and comparable between queries, `rrf` scores only within one query.
 *
 * @param k the smoothing constant of `rrf`: the larger it is, the less the first ranks stand out
 */
export function fuseRanks(hits: readonly StoreHit[], fusion: Exclude<Fusion, 'auto'>, weights: Weights, k: number = RRF_K): Fused[] {
  if (fusion === 'weights') {
    return hits.map((hit) => sumOf(hit, { dense: weights.dense * cosineOf(hit), keyword: weights.keyword * (finite(hit.keyword) ?? 0) }))
  }
  const [dense, keyword] = [ranksBy(hits, (hit) => finite(hit.similarity) ?? -1), ranksBy(hits, (hit) => hit.keyword ?? 0)]
  // A hit that is first in both rankings scores 1.
  const share = (ranks: ReadonlyMap<StoreHit, number>, hit: StoreHit): number => (k + 1) / (k + (ranks.get(hit) ?? 0))
  return hits.map((hit) => sumOf(hit, { dense: weights.dense * share(dense, hit), keyword: weights.keyword * share(keyword, hit) }))
}

const sumOf = (hit: StoreHit, parts: Weights): Fused => ({ hit, score: parts.dense + parts.keyword, parts })

const ranksBy = (hits: readonly StoreHit[], score: (hit: StoreHit) => number): Map<StoreHit, number> =>
  new Map([...hits].sort((a, b) => score(b) - score(a)).map((hit, index) => [hit, index + 1]))

/** The cosine of a hit, at least 0; 0 without a usable one. */
export const cosineOf = ({ similarity }: Pick<StoreHit, 'similarity'>): number => Math.max(0, finite(similarity) ?? 0)

/** A store may hold vectors that others wrote, with numbers that are not finite. */
export const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null)
