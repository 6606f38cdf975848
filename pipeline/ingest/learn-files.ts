import { hash } from 'node:crypto'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { Tags } from '../../schemas/tags.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import type { Document } from './document-parts.ts'
import type { Found, FoundFile, LeftOutFile } from './find-files.ts'
import type { KnowledgeClient } from './knowledge-client.ts'
import { documentsIn, type Read } from './read-documents.ts'
import { createDocumentReader, type DocumentReader } from './reading/document-reader.ts'

export interface LearnOptions {
  readonly knowledge: KnowledgeClient
  /** Tags of all documents; default none. A line of a file adds its own. */
  readonly tags?: Tags | undefined
  /** Aborts the run; `learnFiles` then throws the reason. */
  readonly signal?: AbortSignal
  /** Called after every document with the counts so far; always the same object. */
  readonly onProgress?: (summary: LearnSummary) => void
  /** Default: a process of its own. */
  readonly reader?: DocumentReader
}

/** A document that could not be read or uploaded. */
export interface BadDocument {
  readonly file: string
  /** From 1; only in a file of lines. */
  readonly line?: number
  readonly problem: string
}

/** A file in a folder that is no document. */
export interface SkippedFile {
  readonly file: string
  readonly reason: string
}

export interface LearnSummary {
  files: number
  /** Documents by the outcome of their upload. */
  learned: number
  changed: number
  unchanged: number
  /** Chunks of all documents, and how many of them the search index gains and loses. */
  chunks: number
  added: number
  removed: number
  /** Bytes of the documents read so far. */
  bytes: number
  badCount: number
  /** The first 100 of them. */
  bad: BadDocument[]
  skippedCount: number
  /** The first 100 of them. */
  skipped: SkippedFile[]
  /** Files by their charset, unless that is UTF-8. The charset of a file that does not declare one is a guess. */
  charsets: Record<string, number>
}

/** Max documents uploaded concurrently. */
const UPLOADS_MAX = 32
const BYTES_MAX = 64 * 1024 * 1024
const LISTED_MAX = 100
/** After this many sources, a repeated one is no longer noticed, and the last one wins. */
const NAMES_MAX = 1_000_000
/** Error codes that concern one document; all others end the run. */
const DOCUMENT_ERRORS: ReadonlySet<string> = new Set<ErrorCode>(['empty_document', 'too_long', 'input_refused'])

/**
 * Uploads the documents of files, up to 32 concurrently. Memory is bounded, and a full INBOX slows the reading down. A document that cannot
 * be read or uploaded is counted as bad, and the run continues.
 *
 * @throws the reason of `signal`, or the first error that does not concern a single document.
 */
export async function learnFiles(files: AsyncIterable<Found>, options: LearnOptions): Promise<LearnSummary> {
  const { knowledge, tags, signal, onProgress, reader = createDocumentReader() } = options
  const summary: LearnSummary = {
    files: 0,
    learned: 0,
    changed: 0,
    unchanged: 0,
    chunks: 0,
    added: 0,
    removed: 0,
    bytes: 0,
    badCount: 0,
    bad: [],
    skippedCount: 0,
    skipped: [],
    charsets: {},
  }
  const inFlight = createInFlightLimiter({ countMax: UPLOADS_MAX, bytesMax: BYTES_MAX })
  const failed = new AbortController()
  const aborted = AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])])
  const sources = new Map<string, string>()

  const refuse = (bad: BadDocument): void => {
    summary.badCount += 1
    if (summary.bad.length < LISTED_MAX) summary.bad.push(bad)
  }
  const upload = async (document: Document, at: Omit<BadDocument, 'problem'>): Promise<void> => {
    try {
      const { outcome, chunks, added, removed } = await knowledge.upload(document)
      summary[outcome] += 1
      summary.chunks += chunks
      summary.added += added
      summary.removed += removed
    } catch (error) {
      if (!(error instanceof ColloquyError) || !DOCUMENT_ERRORS.has(error.code)) throw error
      refuse({ ...at, problem: messageOf(error) })
    }
  }
  /** Where this run has seen a source of the same name. */
  const seenBefore = ({ source }: Document, where: string): string | undefined => {
    const name = hash('sha256', source, 'base64').slice(0, 16)
    const before = sources.get(name)
    if (before === undefined && sources.size < NAMES_MAX) sources.set(name, where)
    return before
  }
  const leaveOut = ({ path, skipped, problem }: LeftOutFile): void => {
    if (problem !== undefined) refuse({ file: path, problem })
    if (skipped === undefined) return
    summary.skippedCount += 1
    if (summary.skipped.length < LISTED_MAX) summary.skipped.push({ file: path, reason: skipped })
  }
  const take = ({ line, document, problem, charset, bytes }: Read, file: FoundFile): void => {
    summary.bytes += bytes
    if (charset !== undefined) summary.charsets[charset] = (summary.charsets[charset] ?? 0) + 1
    const at = { file: file.path, ...(line !== undefined && { line }) }
    const before = document && seenBefore(document, line === undefined ? file.path : `line ${line} of ${file.path}`)
    if (document === undefined) refuse({ ...at, problem: problem ?? '' })
    // A file that is listed twice is the same document; two lines with the same id are not.
    else if (before !== undefined && line !== undefined) {
      refuse({ ...at, problem: `id ${JSON.stringify(document.source)} was in ${before} already` })
    } else if (before === undefined) {
      inFlight.acquire(bytes)
      upload(document, at)
        .catch((error: unknown) => failed.abort(error))
        .finally(() => {
          inFlight.release(bytes)
          onProgress?.(summary)
        })
      return
    }
    onProgress?.(summary)
  }
  try {
    for await (const file of files) {
      if (!('format' in file)) {
        leaveOut(file)
        continue
      }
      summary.files += 1
      for await (const read of documentsIn(file, reader, tags)) {
        take(read, file)
        if (inFlight.isFull) await inFlight.whenAvailable()
        aborted.throwIfAborted()
      }
    }
    await inFlight.whenIdle()
    aborted.throwIfAborted()
    return summary
  } finally {
    await reader.close()
  }
}
