import type { Recommendation, RecommendQuery } from '../../schemas/recommendation-query.ts'

/** How a text lies in the space of meaning. */
export interface TextVector {
  /** Fingerprint of the embedding model; `null` with the built-in one, which knows words only. */
  readonly fingerprint: string | null
  /** Absent with the built-in model. */
  readonly vector?: Float32Array | undefined
}

/** What tasks of recommendation get. */
export interface TaskRecommending {
  /**
   * Recommends items to a visitor, by the index of the catalogue and of what all visitors of the actor's kind did.
   *
   * @throws ColloquyError `index_behind` while the index is still being read from LOG; a later attempt finds more of it
   */
  recommend(query: RecommendQuery): Promise<Recommendation>
  /** The vector of a text by the embedding model in use. @throws ColloquyError `embed_failed`, `no_memory` */
  vectorOf(text: string): Promise<TextVector>
}
