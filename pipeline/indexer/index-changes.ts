import { hash } from 'node:crypto'
import type { IndexPoint } from '../search/vector-store.ts'

/** A text of a record that is to be found again, before it is cut and embedded. */
export type IndexText = Omit<IndexPoint, 'id' | 'chunk' | 'vector'> & {
  /** Names the text among all that LOG holds; the ids of its points derive from it. */
  readonly key: string
  /** Its place, where it is a chunk already: it is one point, however long. */
  readonly chunk?: number
}

/** What a record changes in the search index. */
export interface IndexChange {
  readonly texts: readonly IndexText[]
  /** Keys of chunks that are to be found no more. */
  readonly forgotten: readonly string[]
}

/** The id of a text's chunk: a UUID (of version 8, RFC 9562) over the text's key. */
export function pointId({ key }: Pick<IndexText, 'key'>, chunk: number): string {
  const hex = hash('sha256', `${key}/${chunk}`).slice(0, 32)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
}
