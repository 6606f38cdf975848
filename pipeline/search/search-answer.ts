import type { Embedder } from '../embedding/embedder.ts'
import type { Explanation, HitExplanation, Reranked } from './explanation.ts'
import type { TextRange } from './highlights.ts'
import type { SearchRequest } from './search-request.ts'
import type { SearchArea } from './vector-store.ts'

/** One search result. */
export interface SearchHit {
  readonly id: string
  /** Id of the message, or name of the learned document. */
  readonly source: string
  /**
   * 0 to 1. Comparable between queries to the same model, except with the fusion `rrf`. With `auto`, never less than that of a later hit of
   * the same age. If the answer was re-ranked, that of the re-ranker.
   */
  readonly score: number
  /** The score before re-ranking, on the scale of searches without it. If the answer was re-ranked. */
  readonly fused?: number | undefined
  readonly text: string
  readonly in: SearchArea
  readonly kind: string
  readonly actor: string
  readonly chunk: number
  readonly lang: string | null
  readonly at: string
  readonly seq: number
  /** Cosine of the vectors, -1 to 1; `null` in the mode `keyword`. */
  readonly dense: number | null
  /** Normalised BM25 score, 0 to 1; `null` in the mode `dense`. */
  readonly keyword: number | null
  /** Ranges of `text` that contain terms of the query, in UTF-16 units. */
  readonly highlights: readonly TextRange[]
  /** If it was asked for. */
  readonly explain?: HitExplanation | undefined
}

export interface SearchAnswer {
  readonly hits: readonly SearchHit[]
  /** Number of near-duplicates of these hits that were dropped. */
  readonly duplicates: number
  /** `lexical` models match equal words, `semantic` ones equal meaning. */
  readonly model: Embedder['kind']
  /** How many of the best hits, at most `limit`, were left out for their score; absent without a least score. */
  readonly belowMin?: number | undefined
  /** What became of re-ranking; absent if it was not asked for or the process has no re-ranker. */
  readonly reranked?: Reranked | undefined
  /** If it was asked for. */
  readonly explanation?: Explanation | undefined
  /** LOG sequence up to which the index had all texts when the search began. In answers to tasks, where it is known. */
  readonly indexedSeq?: number | undefined
}

export type Search = (request: SearchRequest) => Promise<SearchAnswer>
