import { z } from 'zod'
import { messageOf } from '../../schemas/errors.ts'
import { decodeUtf8, parseJson } from '../../schemas/json.ts'
import { KNOWLEDGE_LIMITS } from '../../schemas/knowledge-events.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { type Tags, tagsSchema } from '../../schemas/tags.ts'
import { chunkDocument } from './chunking/chunk-document.ts'
import type { Document } from './document-parts.ts'
import type { FoundFile } from './find-files.ts'
import { type Line, openLines } from './line-file.ts'
import type { DocumentReader } from './reading/document-reader.ts'

/** A document of a file, or the problem with it. */
export interface Read {
  /** From 1; only in a file of lines. */
  readonly line?: number
  readonly document?: Document
  readonly problem?: string
  /** The charset, unless it is UTF-8. */
  readonly charset?: string
  readonly bytes: number
}

/**
 * Yields the documents of a file one by one, with bounded memory. An unreadable document is yielded as a problem.
 *
 * @param tags those of each document; tags of a line are added, and replace those of the same keys
 */
export async function* documentsIn(
  { path, source, format, bytes }: FoundFile,
  reader: DocumentReader,
  tags: Tags = {},
): AsyncGenerator<Read> {
  if (format === 'lines') {
    yield* linesIn(path, tags)
    return
  }
  const reply = await reader.read({ path, source, format, bytes })
  if ('problem' in reply) yield { problem: reply.problem, bytes }
  else {
    const { title, chunks, charset } = reply.read
    yield { document: { source, title, tags, chunks }, bytes, ...(charset !== undefined && { charset }) }
  }
}

async function* linesIn(path: string, tags: Tags): AsyncGenerator<Read> {
  try {
    const { lines } = await openLines(path)
    for await (const line of lines) {
      const read = readLine(line, tags)
      if (read !== undefined) yield { ...read, line: line.number, bytes: line.bytes.length }
    }
  } catch (error) {
    yield { problem: messageOf(error), bytes: 0 }
  }
}

const { sourceCharsMax, titleCharsMax, urlCharsMax } = KNOWLEDGE_LIMITS
const lineSchema = z.object(
  {
    id: z.union(
      [z.string().min(1).max(sourceCharsMax), z.int().transform(String)],
      `must be a text of 1 to ${sourceCharsMax} characters, or a whole number`,
    ),
    text: z.string('must be a text'),
    title: z.string().max(titleCharsMax).nullish(),
    lang: z.string().max(35).nullish(),
    url: z.string().max(urlCharsMax).nullish(),
    tags: tagsSchema.nullish(),
  },
  'must be an object {"id", "text", "title"?, "lang"?, "url"?, "tags"?}',
)

const BYTE_ORDER_MARK = /^\ufeff/

/** Returns `undefined` for a blank line. */
function readLine({ bytes, problem }: Line, common: Tags): Pick<Read, 'document' | 'problem'> | undefined {
  if (problem !== undefined) return { problem }
  const text = decodeUtf8(bytes)?.replace(BYTE_ORDER_MARK, '')
  if (text === undefined) return { problem: 'not UTF-8' }
  if (text.trim() === '') return undefined
  const value = parseJson(text)
  if (value === undefined) return { problem: 'not JSON' }
  const read = lineSchema.safeParse(value, IN_WORDS)
  if (!read.success) return { problem: zodProblem(read.error, '') }
  const { id, title, lang, url } = read.data
  if (![id, title, lang, url].every((text) => text?.isWellFormed() !== false)) {
    return { problem: 'a lone surrogate is not well-formed Unicode' }
  }
  const tags = tagsSchema.safeParse({ ...common, ...read.data.tags }, IN_WORDS)
  if (!tags.success) return { problem: zodProblem(tags.error, 'tags, with those of --tag') }
  const { chunks } = chunkDocument('text', read.data.text, title ?? undefined)
  const properties = { title: title ?? undefined, lang: lang ?? undefined, url: url ?? undefined, tags: tags.data }
  return { document: { source: id.normalize('NFC'), ...properties, chunks } }
}
