import { hash } from 'node:crypto'
import { ColloquyError } from '../../schemas/errors.ts'
import { chunkIdOf, KNOWLEDGE_LIMITS, type SourceTaught } from '../../schemas/knowledge-events.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { hasTags, tagLabels, type Tags } from '../../schemas/tags.ts'

/** A document to upload, already split into chunks. */
export interface Document {
  /** Identifies the document in hits and citations. */
  readonly source: string
  readonly title?: string | undefined
  readonly lang?: string | undefined
  readonly url?: string | undefined
  /** Within the bounds of `tagsSchema`. */
  readonly tags?: Tags | undefined
  readonly chunks: readonly string[]
}

/** A document as the data of the inputs that upload it. */
export interface DocumentParts {
  /** Hash over the content, the properties and the tags. */
  readonly revision: string
  readonly chunkIds: ReadonlySet<string>
  readonly parts: readonly SourceTaught[]
}

/** Max bytes of the chunks of one part as JSON; the rest of an input is for its other fields. */
const PART_BYTES_MAX = LIMITS.inputBytesMax - 16 * 1024
const REVISION_CHARS = 22

/**
 * Splits a document into parts that fit into an input.
 *
 * @throws ColloquyError `empty_document`, or `too_long` if it has more than `KNOWLEDGE_LIMITS.chunksMax` chunks.
 */
export function documentPartsOf({ source, title, lang, url, tags = {}, chunks }: Document): DocumentParts {
  if (chunks.length === 0) throw new ColloquyError('empty_document', 'the document has no text')
  if (chunks.length > KNOWLEDGE_LIMITS.chunksMax) {
    throw new ColloquyError(
      'too_long',
      `the document has ${chunks.length} chunks; at most ${KNOWLEDGE_LIMITS.chunksMax} are allowed; split it into several files`,
    )
  }
  const properties = { source, title, lang, url }
  // A document without tags has the revision that it had before there were tags.
  const content = hasTags(tags) ? [properties, chunks, tagLabels(tags)] : [properties, chunks]
  const revision = hash('sha256', JSON.stringify(content), 'base64url').slice(0, REVISION_CHARS)
  const groups = groupsOf(chunks, PART_BYTES_MAX - Buffer.byteLength(JSON.stringify(tags)))
  let from = 0
  const parts = groups.map((group, index): SourceTaught => {
    const part = { ...properties, ...(hasTags(tags) && { tags }), revision, part: index + 1, parts: groups.length, from, chunks: group }
    from += group.length
    return part
  })
  return { revision, chunkIds: new Set(chunks.map(chunkIdOf)), parts }
}

function groupsOf(chunks: readonly string[], bytesMax: number): string[][] {
  const groups: string[][] = []
  let bytes = Infinity
  for (const chunk of chunks) {
    const more = Buffer.byteLength(JSON.stringify(chunk)) + 1
    bytes += more
    if (bytes > bytesMax) {
      groups.push([])
      bytes = more
    }
    groups.at(-1)?.push(chunk)
  }
  return groups
}
