import { hash } from 'node:crypto'
import { ColloquyError } from '../../schemas/errors.ts'
import { chunkIdOf, KNOWLEDGE_LIMITS, type SourceTaught } from '../../schemas/knowledge-events.ts'
import { LIMITS } from '../../schemas/limits.ts'

/** What a source says, as it is to be known. */
export interface Document {
  /** Names it in hits and citations. */
  readonly source: string
  readonly title?: string | undefined
  readonly lang?: string | undefined
  readonly url?: string | undefined
  readonly chunks: readonly string[]
}

/** A document as the inputs that teach it. */
export interface DocumentParts {
  readonly revision: string
  readonly chunkIds: ReadonlySet<string>
  readonly parts: readonly SourceTaught[]
}

/** Of the chunks of one part as JSON: what is left of an input is for all else. */
const PART_BYTES_MAX = LIMITS.inputBytesMax - 16 * 1024
const REVISION_CHARS = 22

/**
 * Divides a document into inputs that INBOX takes.
 *
 * @throws ColloquyError `empty_document`, `too_long` where it has more chunks than a source may have
 */
export function documentPartsOf({ source, title, lang, url, chunks }: Document): DocumentParts {
  if (chunks.length === 0) throw new ColloquyError('empty_document', 'there is no text in it')
  if (chunks.length > KNOWLEDGE_LIMITS.chunksMax) {
    throw new ColloquyError('too_long', `it makes ${chunks.length} chunks, and a source may have ${KNOWLEDGE_LIMITS.chunksMax}; divide it into several files`)
  }
  const about = { source, title, lang, url }
  const revision = hash('sha256', JSON.stringify([about, chunks]), 'base64url').slice(0, REVISION_CHARS)
  const groups = grouped(chunks)
  let from = 0
  const parts = groups.map((group, index): SourceTaught => {
    const part = { ...about, revision, part: index + 1, parts: groups.length, from, chunks: group }
    from += group.length
    return part
  })
  return { revision, chunkIds: new Set(chunks.map(chunkIdOf)), parts }
}

function grouped(chunks: readonly string[]): string[][] {
  const groups: string[][] = []
  let bytes = Infinity
  for (const chunk of chunks) {
    const more = Buffer.byteLength(JSON.stringify(chunk)) + 1
    bytes += more
    if (bytes > PART_BYTES_MAX) {
      groups.push([])
      bytes = more
    }
    groups.at(-1)?.push(chunk)
  }
  return groups
}
