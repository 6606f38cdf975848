import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { workerEntry } from '../../runtime/worker-entry.ts'
import type { DocumentFile } from './read-file.ts'
import type { ReaderReply } from './reader-process.ts'

/** Bounds for reading one document. */
export interface ReaderLimits {
  readonly readMsMax: number
  /** MiB of the reader's objects, and of all its memory. The latter is measured on Linux only. */
  readonly heapMiBMax: number
  readonly memoryMiBMax: number
}

const LIMITS: ReaderLimits = { readMsMax: 60_000, heapMiBMax: 1_024, memoryMiBMax: 2_048 }
const MEMORY_CHECK_MS = 100

/** Reads documents in a process of its own, one at a time. */
export interface DocumentReader {
  /** Never rejects: a file that kills the process, or exceeds a limit, is a problem of that file. */
  read(file: DocumentFile): Promise<ReaderReply>
  close(): Promise<void>
}

/**
 * Creates a reader. Parsers of foreign formats run in a process, because a file can keep a parser busy for ever or make it take all memory,
 * and a thread cannot be bounded in all of that. The process starts with the first document, and after each that ended it.
 */
export function createDocumentReader(limits: ReaderLimits = LIMITS): DocumentReader {
  let child: ChildProcess | undefined
  const start = (): ChildProcess =>
    fork(workerEntry(import.meta.url, './reader-process'), {
      execArgv: [`--max-old-space-size=${limits.heapMiBMax}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
  return {
    async read(file) {
      const process = (child ??= start())
      const reply = await replyOf(process, file, limits)
      if ('ended' in reply) {
        child = undefined
        return { problem: reply.ended }
      }
      return reply
    },
    async close() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
      child = undefined
    },
  }
}

/** The reply to a document, or why the process has ended without one. */
async function replyOf(
  child: ChildProcess,
  file: DocumentFile,
  { readMsMax, heapMiBMax, memoryMiBMax }: ReaderLimits,
): Promise<ReaderReply | { readonly ended: string }> {
  const done = new AbortController()
  const { promise, resolve } = Promise.withResolvers<ReaderReply | { readonly ended: string }>()
  let limit: string | undefined
  const exceed = (which: string): void => {
    limit ??= which
    child.kill('SIGKILL')
  }
  const onMessage = (reply: ReaderReply): void => resolve(reply)
  const onExit = (): void => resolve({ ended: `reading it ${limit ?? `took more than ${heapMiBMax} MiB of memory, or ended the parser`}` })
  child.once('message', onMessage).once('exit', onExit).once('error', onExit)
  const timer = setTimeout(() => exceed(`took longer than ${readMsMax} ms`), readMsMax)
  const watch = setInterval(() => {
    residentMiBOf(child.pid).then(
      (size) => {
        if (size > memoryMiBMax && !done.signal.aborted) exceed(`took more than ${memoryMiBMax} MiB of memory`)
      },
      () => undefined,
    )
  }, MEMORY_CHECK_MS)
  try {
    child.send(file, (error) => {
      if (error !== null) onExit()
    })
    return await promise
  } finally {
    done.abort()
    clearTimeout(timer)
    clearInterval(watch)
    child.off('message', onMessage).off('exit', onExit).off('error', onExit)
  }
}

const PAGE_BYTES = 4_096

/** Memory of a process; 0 where the system does not tell. */
async function residentMiBOf(pid: number | undefined): Promise<number> {
  if (process.platform !== 'linux' || pid === undefined) return 0
  const pages = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')[1]
  return (Number(pages) * PAGE_BYTES) / 1024 ** 2
}
