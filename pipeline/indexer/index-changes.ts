import type { IndexPoint, SourceTags } from '../search/vector-store.ts'

/** A text of a record for the search index, before it is chunked and embedded. */
export type IndexText = Omit<IndexPoint, 'id' | 'chunk' | 'vector'> & {
  /** Unique among all texts in LOG. The ids of the text's points derive from it. */
  readonly key: string
  /** Position in its document, for a text that is a chunk already. Such a text becomes one point, regardless of its length. */
  readonly chunk?: number
}

/** The change that a record makes to the search index. */
export interface IndexChange {
  readonly texts: readonly IndexText[]
  /** Keys of chunks to remove. */
  readonly forgotten: readonly string[]
  /** The tags of its source from now on; absent where it neither has nor had any. */
  readonly tags?: SourceTags
}
