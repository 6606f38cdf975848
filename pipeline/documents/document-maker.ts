import { Worker } from 'node:worker_threads'
import type { DocumentProblem, DocumentRequest, MadeDocument, MakeDocument } from '../../actors/kinds/document/render-task.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { workerEntry } from '../runtime/worker-entry.ts'
import type { WorkerReply } from './document-worker.ts'

/** Bounds for making one document. */
export interface MakerLimits {
  readonly makeMsMax: number
  /** MiB of the objects of the thread. Fonts and files are besides. */
  readonly heapMiBMax: number
  /** A thread without work ends after this time. */
  readonly idleMsMax: number
}

const LIMITS: MakerLimits = { makeMsMax: 20_000, heapMiBMax: 256, idleMsMax: 60_000 }

/**
 * Makes documents in a thread, one at a time, so that no template keeps other tasks waiting. What takes too long or too much memory ends
 * the thread, and is a problem of that document. The thread starts with the first document, and after each that ended it.
 */
export function createDocumentMaker(limits: MakerLimits = LIMITS): MakeDocument {
  let worker: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  let before: Promise<unknown> = Promise.resolve()

  const end = (): void => {
    const ended = worker
    worker = undefined
    // A thread that is ended already is what is wanted.
    ended?.terminate().catch(() => undefined)
  }
  const makeNext = async (request: DocumentRequest, signal: AbortSignal): Promise<MadeDocument | DocumentProblem> => {
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
  }
  return (request, signal) => {
    const made = before.then(() => makeNext(request, signal))
    before = made.catch(() => undefined)
    return made
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
