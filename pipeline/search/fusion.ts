import type { Embedder } from '../embedding/embedder.ts'
import type { CosineScales } from './cosine-scale.ts'
import { BM25_WEIGHT, cosineEvidence, fuseByEvidence, hasEvidence } from './fuse-by-evidence.ts'
import { type Fused, fuseRanks, type Fusion, RRF_K, type Weights } from './fuse-ranks.ts'
import type { CheckedRequest } from './search-request.ts'
import type { StoreHit } from './vector-store.ts'

/** The candidates of a query, as one of the fusions has put both searches together. */
export interface FusedHits {
  readonly fused: readonly Fused[]
  readonly fusion: Fusion
  /** What a unit of each search counts: with `auto` a standard deviation of the cosines and a point of BM25, else the score (place). */
  readonly weights: Weights
  /** Of `rrf`. */
  readonly k?: number
}

export interface FusionOptions {
  readonly kind: Embedder['kind']
  readonly cosineScales?: CosineScales | undefined
  /** The `rrfK` of requests without one. Default: that of the paper. */
  readonly rrfK?: number | undefined
}

/** Default weight of the vector similarity. A lexical model adds little to the keywords (figures in decision 16). */
const DENSE_WEIGHT: Readonly<Record<Embedder['kind'], number>> = { semantic: 0.7, lexical: 0.2 }

/** Creates a function that scores candidates as a request asks for, in no order. Those with nothing in common with it are left out. */
export function createFusion({ kind, cosineScales, rrfK = RRF_K }: FusionOptions) {
  const scaleOf = (q: string) => (kind === 'semantic' ? cosineScales?.(q) : undefined)
  return (hits: readonly StoreHit[], { q, mode, denseWeight, ...asked }: CheckedRequest): FusedHits => {
    const fusion = mode === 'hybrid' ? (asked.fusion ?? (denseWeight === undefined ? 'auto' : 'weights')) : 'weights'
    if (fusion === 'auto') {
      const evidence = cosineEvidence(kind, scaleOf(q))
      return {
        fused: fuseByEvidence(hits.filter(hasEvidence), evidence),
        fusion,
        weights: { dense: evidence.weight, keyword: BM25_WEIGHT },
      }
    }
    const dense = mode === 'hybrid' ? (denseWeight ?? DENSE_WEIGHT[kind]) : mode === 'dense' ? 1 : 0
    const weights = { dense, keyword: 1 - dense }
    const k = asked.rrfK ?? rrfK
    const fused = fuseRanks(hits, fusion, weights, k).filter(({ score }) => score > 0)
    return { fused, fusion, weights, ...(fusion === 'rrf' && { k }) }
  }
}
