/** A search by a task in the index of its actor's tenant. */
export interface TaskSearchQuery {
  /** At most 8,192 characters; the rest is ignored. */
  readonly q: string
  /** Search in messages of conversations or in uploaded knowledge. Default: both. */
  readonly in?: 'messages' | 'knowledge'
  /** True: only messages of the actor's own conversation. Default: false. */
  readonly own?: boolean
  /**
   * Only documents that were learned with these tags, such as `{ product: 'otter', lang: ['zh', 'en'] }`: every key must hold, with one of
   * its values. At most 16 values in all. Default: any document, and messages.
   */
  readonly tags?: Readonly<Record<string, string | readonly string[]>>
  /** Only texts from this time on, ISO. Default: any time. */
  readonly since?: string | undefined
  /** Only texts before this time, ISO. Default: any time. */
  readonly until?: string | undefined
  /** Whether near-duplicates of better hits are hits, too. Default: false. */
  readonly all?: boolean
  /** Maximum number of hits; 1 to 100. */
  readonly limit: number
  /** Hits with a lower score are left out, 0 to 1. Default: COLLOQUY_SEARCH_SCORE_MIN. */
  readonly scoreMin?: number
}

/** One hit. */
export interface TaskSearchHit {
  /** Id of this piece of text; the same as long as the text does not change. */
  readonly id: string
  /** For knowledge: the name of its source. For a message: its id. */
  readonly source: string
  readonly text: string
  readonly lang: string | null
  /** ISO time of the text. */
  readonly at: string
  /** 0 to 1; combines similarity of meaning and of words, or is that of the re-ranker. */
  readonly score: number
  /**
   * The score before re-ranking, on the scale that a search has without a re-ranker, for a bound that holds with any. Absent where nothing
   * was re-ranked: it is `score`.
   */
  readonly fused?: number | undefined
}

/**
 * The search index as a task sees it. It contains only messages and knowledge of the actor's own tenant, and lags behind LOG by the lag of
 * the indexer.
 */
export interface TaskSearchIndex {
  /**
   * Searches; the best hit comes first.
   *
   * @throws ColloquyError `no_memory` where no process with a search index answers; retrying may help.
   */
  search(question: TaskSearchQuery): Promise<readonly TaskSearchHit[]>
  /** The version of the tenant's knowledge: a different text after every change, `undefined` where the tenant has never uploaded any. */
  knowledgeVersion(): Promise<string | undefined>
  /**
   * LOG sequence of the last record of the tenant's knowledge, if the index had all up to it when each search of this task began; 0 where
   * the tenant has never uploaded any. `undefined`: the index lags behind, or cannot tell.
   */
  knowledgeSeq(): Promise<number | undefined>
}
