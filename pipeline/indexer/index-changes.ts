import { hash } from 'node:crypto'
import type { IndexPoint } from '../search/vector-store.ts'

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
}

/** Derives the id of a point from its text's key and the chunk's number: a UUID of version 8 (RFC 9562). */
export function pointId({ key }: Pick<IndexText, 'key'>, chunk: number): string {
  const hex = hash('sha256', `${key}/${chunk}`).slice(0, 32)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
}
