import { hash } from 'node:crypto'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import type { Document } from './document-parts.ts'
import type { KnowledgeClient } from './knowledge-client.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { documentsIn, type Read } from './read-documents.ts'
import type { FoundFile } from './find-files.ts'

export interface LearnOptions {
  readonly knowledge: KnowledgeClient
  /** Ends it all, with its reason. */
  readonly signal?: AbortSignal
  /** Called after every document, with what has been done by then. */
  readonly onProgress?: (summary: LearnSummary) => void
}

export interface BadDocument {
  readonly file: string
  readonly line?: number
  readonly problem: string
}

export interface LearnSummary {
  files: number
  /** Sources, by what became of them. */
  learned: number
  changed: number
  unchanged: number
  /** Chunks of all of them, and by how many what is known has changed. */
  chunks: number
  added: number
  removed: number
  /** Of the files, as far as they have been read. */
  bytes: number
  badCount: number
  /** The first of them. */
  bad: BadDocument[]
}

/** Sources under way at one time: each waits for INBOX. */
const SOURCES_MAX = 32
const BYTES_MAX = 64 * 1024 * 1024
const BAD_LISTED_MAX = 100
/** Beyond, a source that comes twice is not noticed, and the last one counts. */
const NAMES_MAX = 1_000_000
/** What is wrong with a document and not with the way to INBOX. */
const DOCUMENTS_FAULT: ReadonlySet<string> = new Set<ErrorCode>(['empty_document', 'too_long', 'input_refused'])

/**
 * Teaches the documents of files, many side by side. Memory is bounded whatever the files are, and a full INBOX holds the reading back.
 *
 * @throws what makes going on impossible; a document that cannot be read or taught is counted, and the next one follows.
 */
export async function learnFiles(files: AsyncIterable<FoundFile>, { knowledge, signal, onProgress }: LearnOptions): Promise<LearnSummary> {
  const summary: LearnSummary = { files: 0, learned: 0, changed: 0, unchanged: 0, chunks: 0, added: 0, removed: 0, bytes: 0, badCount: 0, bad: [] }
  const inFlight = createInFlightLimiter({ countMax: SOURCES_MAX, bytesMax: BYTES_MAX })
  const failing = new AbortController()
  const ended = AbortSignal.any([failing.signal, ...(signal === undefined ? [] : [signal])])
  const names = new Map<string, string>()

  const refuse = (bad: BadDocument): void => {
    summary.badCount += 1
    if (summary.bad.length < BAD_LISTED_MAX) summary.bad.push(bad)
  }
  const teach = async (document: Document, at: Omit<BadDocument, 'problem'>): Promise<void> => {
    try {
      const { outcome, chunks, added, removed } = await knowledge.upload(document)
      summary[outcome] += 1
      summary.chunks += chunks
      summary.added += added
      summary.removed += removed
    } catch (error) {
      if (!(error instanceof ColloquyError) || !DOCUMENTS_FAULT.has(error.code)) throw error
      refuse({ ...at, problem: messageOf(error) })
    }
  }
  /** Where a source of that name came before, in this very run. */
  const cameBefore = ({ source }: Document, where: string): string | undefined => {
    const name = hash('sha256', source, 'base64').slice(0, 16)
    const before = names.get(name)
    if (before === undefined && names.size < NAMES_MAX) names.set(name, where)
    return before
  }
  const take = ({ line, document, problem, bytes }: Read, file: FoundFile): void => {
    summary.bytes += bytes
    const at = { file: file.path, ...(line !== undefined && { line }) }
    const before = document && cameBefore(document, line === undefined ? file.path : `line ${line} of ${file.path}`)
    if (document === undefined) refuse({ ...at, problem: problem ?? '' })
    // A file that is given twice is the same; a line that has the name of another one is not.
    else if (before !== undefined && line !== undefined) refuse({ ...at, problem: `id ${JSON.stringify(document.source)} was in ${before} already` })
    else if (before === undefined) {
      inFlight.acquire(bytes)
      teach(document, at).catch((error: unknown) => failing.abort(error)).finally(() => {
        inFlight.release(bytes)
        onProgress?.(summary)
      })
      return
    }
    onProgress?.(summary)
  }
  for await (const file of files) {
    summary.files += 1
    for await (const read of documentsIn(file)) {
      take(read, file)
      if (inFlight.isFull) await inFlight.whenAvailable()
      ended.throwIfAborted()
    }
  }
  await inFlight.whenIdle()
  ended.throwIfAborted()
  return summary
}
