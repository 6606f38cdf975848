import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { ColloquyError } from '../../../schemas/errors.ts'
import { KNOWLEDGE_LIMITS } from '../../../schemas/knowledge-events.ts'
import { namingFile } from '../../runtime/file-errors.ts'
import { chunkDocument, type Chunked } from '../chunking/chunk-document.ts'
import type { DocumentFormat } from '../find-files.ts'
import { decodeText } from './decode-text.ts'
import { docxPage } from './docx-page.ts'
import { notebookMarkdown } from './notebook-markdown.ts'
import { pdfText } from './pdf-text.ts'

/** A file with one document. */
export interface DocumentFile {
  readonly path: string
  readonly source: string
  readonly format: DocumentFormat
  readonly bytes: number
}

/** What is read from a file: its title and chunks, and its charset unless that is UTF-8. */
export interface ReadDocument extends Chunked {
  readonly charset?: string
}

/** Larger documents are refused. */
const DOCUMENT_BYTES_MAX = 32 * 1024 * 1024
/** A longer text has more chunks than a source may have: this many characters do not fit into the largest of chunks. */
const TEXT_CHARS_MAX = KNOWLEDGE_LIMITS.chunksMax * 2_000

/** @throws ColloquyError if the file cannot be read as its format, or its text is too long */
export async function readDocument({ path, source, format, bytes: size }: DocumentFile): Promise<ReadDocument> {
  if (size > DOCUMENT_BYTES_MAX) throw tooLong(`the file has ${size} bytes; at most ${DOCUMENT_BYTES_MAX} are allowed`)
  const bytes = await contentOf(path)
  if (bytes.length === 0) throw new ColloquyError('empty_document', 'the file is empty')
  const kind = kindOf(bytes)
  if (kind === 'pdf') {
    const { title, text } = await pdfText(bytes)
    return chunkDocument('text', bounded(text), title)
  }
  if (format === 'docx' || kind === 'docx') {
    if (kind === 'ole') throw badDocument('the file is an encrypted or old Office file; save it as DOCX without a password')
    if (kind !== 'docx') throw badDocument('the file is no DOCX: it is no ZIP archive')
    return chunkDocument('html', await docxPage(bytes))
  }
  if (format === 'pdf') throw badDocument('the file is no PDF: it does not start with %PDF-')
  if (kind !== undefined) throw new ColloquyError('no_text', `the file is binary: ${BINARY[kind]}`)
  const { text, charset } = decodeText(bytes)
  const chunked =
    format === 'notebook'
      ? chunkDocument('markdown', bounded(notebookMarkdown(text)))
      : chunkDocument(format, format === 'html' ? text : bounded(text), format === 'code' ? source : undefined)
  return { ...chunked, ...(charset !== undefined && { charset }) }
}

async function contentOf(path: string): Promise<Uint8Array> {
  const content = await namingFile(path, readFile(path))
  if (!path.toLowerCase().endsWith('.gz')) return content
  try {
    return await promisify(gunzip)(content, { maxOutputLength: DOCUMENT_BYTES_MAX })
  } catch (cause) {
    const isTooLarge = cause instanceof RangeError && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'
    if (isTooLarge) throw tooLong(`the file unpacks to more than ${DOCUMENT_BYTES_MAX} bytes`)
    throw cause
  }
}

function bounded(text: string): string {
  if (text.length <= TEXT_CHARS_MAX) return text
  throw tooLong(
    `the text has ${text.length} characters; at most ${TEXT_CHARS_MAX} make the ${KNOWLEDGE_LIMITS.chunksMax} chunks of a source; `
      + 'split it into several files',
  )
}

const tooLong = (problem: string): ColloquyError => new ColloquyError('too_long', problem)
const badDocument = (problem: string): ColloquyError => new ColloquyError('bad_document', problem)

const BINARY = {
  ole: 'an old or encrypted Office file',
  png: 'a PNG picture',
  jpeg: 'a JPEG picture',
  gif: 'a GIF picture',
  gzip: 'it is packed with gzip',
  '7z': 'a 7z archive',
  rar: 'a RAR archive',
  sqlite: 'an SQLite database',
} as const
type Kind = keyof typeof BINARY | 'pdf' | 'docx'

/** The first bytes of files, as latin1. A DOCX is a ZIP archive. */
const STARTS: readonly (readonly [start: string, kind: Kind])[] = [
  ['%PDF-', 'pdf'],
  ['PK\x03\x04', 'docx'],
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'ole'],
  ['\x89PNG', 'png'],
  ['\xff\xd8\xff', 'jpeg'],
  ['GIF8', 'gif'],
  ['\x1f\x8b', 'gzip'],
  ['7z\xbc\xaf\x27\x1c', '7z'],
  ['Rar!\x1a', 'rar'],
  ['SQLite format 3\0', 'sqlite'],
]

function kindOf(bytes: Uint8Array): Kind | undefined {
  const start = Buffer.from(bytes.subarray(0, 16)).toString('latin1')
  return STARTS.find(([prefix]) => start.startsWith(prefix))?.[1]
}
