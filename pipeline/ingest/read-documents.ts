import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { z } from 'zod'
import { zodProblem } from '../../schemas/envelope.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { decodeUtf8, parseJson } from '../../schemas/json.ts'
import { KNOWLEDGE_LIMITS } from '../../schemas/knowledge-events.ts'
import { namingFile } from '../runtime/file-errors.ts'
import { chunkDocument } from './chunking/chunk-document.ts'
import type { Document } from './document-parts.ts'
import type { FoundFile } from './find-files.ts'
import { type Line, openLines } from './line-file.ts'

/** A document of a file, or the problem with it. */
export interface Read {
  /** From 1; only in a file of lines. */
  readonly line?: number
  readonly document?: Document
  readonly problem?: string
  readonly bytes: number
}

/** Larger documents are refused. */
const DOCUMENT_BYTES_MAX = 32 * 1024 * 1024

/** Yields the documents of a file one by one, with bounded memory. An unreadable document is yielded as a problem. */
export async function* documentsIn(file: FoundFile): AsyncGenerator<Read> {
  if (file.format === 'lines') {
    const { lines } = await openLines(file.path)
    for await (const line of lines) {
      const read = readLine(line)
      if (read !== undefined) yield { ...read, line: line.number, bytes: line.bytes.length }
    }
    return
  }
  try {
    const text = await textOf(file)
    const { title, chunks } = chunkDocument(file.format, text, file.format === 'code' ? file.source : undefined)
    yield { document: { source: file.source, title, chunks }, bytes: file.bytes }
  } catch (error) {
    yield { problem: messageOf(error), bytes: file.bytes }
  }
}

async function textOf({ path, bytes: size }: FoundFile): Promise<string> {
  if (size > DOCUMENT_BYTES_MAX) {
    throw new ColloquyError('too_long', `the file has ${size} bytes; at most ${DOCUMENT_BYTES_MAX} are allowed`)
  }
  const content = await namingFile(path, readFile(path))
  const bytes = path.endsWith('.gz') ? await promisify(gunzip)(content, { maxOutputLength: DOCUMENT_BYTES_MAX }) : content
  if (bytes.includes(0)) throw new ColloquyError('no_text', 'the file is binary: it contains zero bytes')
  const text = decodeUtf8(bytes)
  if (text === undefined) throw new ColloquyError('no_text', 'the file is not UTF-8')
  return text
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
  },
  'must be an object {"id", "text", "title"?, "lang"?, "url"?}',
)

/** Returns `undefined` for a blank line. */
function readLine({ bytes, problem }: Line): Pick<Read, 'document' | 'problem'> | undefined {
  if (problem !== undefined) return { problem }
  const text = decodeUtf8(bytes)
  if (text === undefined) return { problem: 'not UTF-8' }
  if (text.trim() === '') return undefined
  const value = parseJson(text)
  if (value === undefined) return { problem: 'not JSON' }
  const read = lineSchema.safeParse(value)
  if (!read.success) return { problem: zodProblem(read.error, '').replace(/^: /, '') }
  const { id, title, lang, url } = read.data
  if (![id, title, lang, url].every((text) => text?.isWellFormed() !== false)) {
    return { problem: 'a lone surrogate is not well-formed Unicode' }
  }
  const { chunks } = chunkDocument('text', read.data.text, title ?? undefined)
  return { document: { source: id, title: title ?? undefined, lang: lang ?? undefined, url: url ?? undefined, chunks } }
}
