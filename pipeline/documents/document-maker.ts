import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { DocumentProblem, DocumentRequest, MadeDocument, MakeDocument } from '../../actors/kinds/document/render-task.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { createFairTurns } from '../runtime/fair-turns.ts'
import { workerEntry } from '../runtime/worker-entry.ts'
import type { WorkerReply } from './document-worker.ts'

/** Bounds for making documents. */
export interface MakerLimits {
  /** Threads, and documents at one time; all but one of them, those of one tenant. */
  readonly threadsMax: number
  readonly makeMsMax: number
  /** MiB of the objects of the thread. Fonts and files are besides. */
  readonly heapMiBMax: number
  /** A thread without work ends after this time. */
  readonly idleMsMax: number
}

/** Each may take its full heap. Two at least, so that a tenant leaves one to the others. */
const [THREADS_MIN, THREADS_MAX] = [2, 4]
const LIMITS: MakerLimits = {
  threadsMax: Math.min(THREADS_MAX, Math.max(THREADS_MIN, availableParallelism())),
  makeMsMax: 20_000,
  heapMiBMax: 256,
  idleMsMax: 60_000,
}

/**
 * Makes documents in threads that tenants take in turns, so that no template keeps other tasks or tenants waiting. What takes too long or
 * too much memory ends its thread, and is a problem of that document. Another thread starts with the next one.
 */
export function createDocumentMaker(limits: MakerLimits = LIMITS): MakeDocument {
  const turns = createFairTurns({ placesMax: limits.threadsMax, perClientMax: Math.max(1, limits.threadsMax - 1) })
  /** The one that made a document last comes first, so that the others end. */
  const free: DocumentThread[] = []
  return (request, { tenant, signal }) =>
    turns.run(
      tenant,
      async () => {
        const thread = free.pop() ?? createDocumentThread(limits)
        try {
          return await thread.make(request, signal)
        } finally {
          free.push(thread)
        }
      },
      signal,
    )
}

/** A thread that makes one document at a time. It is started by a document, and ends when idle. */
interface DocumentThread {
  make(request: DocumentRequest, signal: AbortSignal): Promise<MadeDocument | DocumentProblem>
}

function createDocumentThread(limits: MakerLimits): DocumentThread {
  let worker: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  const end = (): void => {
    const ended = worker
    worker = undefined
    // A thread that is ended already is what is wanted.
    ended?.terminate().catch(() => undefined)
  }
  return {
    async make(request, signal) {
      signal.throwIfAborted()
      clearTimeout(idle)
      worker ??= startWorker(limits)
      const reply = await replyOf(worker, request, limits, signal)
      if (!('ended' in reply)) {
        idle = setTimeout(end, limits.idleMsMax).unref()
        if ('error' in reply) throw new Error(reply.error)
        return reply.made
      }
      end()
      signal.throwIfAborted()
      return reply.ended
    },
  }
}

function startWorker({ heapMiBMax }: MakerLimits): Worker {
  const worker = new Worker(workerEntry(import.meta.url, './document-worker'), {
    name: 'documents',
    resourceLimits: { maxOldGenerationSizeMb: heapMiBMax },
  })
  // Its end is noticed where a reply is awaited; without work it concerns nobody.
  worker.on('error', () => undefined)
  worker.unref()
  return worker
}

/** The reply to a request, or why the thread has ended, or must end, without one. */
async function replyOf(
  worker: Worker,
  request: DocumentRequest,
  { makeMsMax, heapMiBMax }: MakerLimits,
  signal: AbortSignal,
): Promise<WorkerReply | { readonly ended: DocumentProblem }> {
  const { promise, resolve } = Promise.withResolvers<WorkerReply | { readonly ended: DocumentProblem }>()
  const fail = (problem: string): void => resolve({ ended: { code: 'document_too_costly', problem } })
  const onMessage = (reply: WorkerReply): void => resolve(reply)
  const onError = (error: unknown): void =>
    fail(codeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY' ? `making it took more than ${heapMiBMax} MiB of memory` : messageOf(error))
  const onExit = (): void => fail('making it ended the thread')
  const onAbort = (): void => fail('making it was given up')
  const timer = setTimeout(() => fail(`making it took longer than ${makeMsMax} ms`), makeMsMax)
  worker.once('message', onMessage).once('error', onError).once('exit', onExit)
  signal.addEventListener('abort', onAbort, { once: true })
  worker.ref()
  try {
    worker.postMessage(request)
    return await promise
  } finally {
    worker.unref()
    clearTimeout(timer)
    worker.off('message', onMessage).off('error', onError).off('exit', onExit)
    signal.removeEventListener('abort', onAbort)
  }
}
