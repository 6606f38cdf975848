import { parentPort } from 'node:worker_threads'
import type { DocumentProblem, DocumentRequest, MadeDocument } from '../../actors/kinds/document/render-task.ts'
import { messageOf } from '../../schemas/errors.ts'
import { lowerThreadPriority } from '../runtime/thread-priority.ts'
import { makeDocument } from './make-document.ts'

/** What the thread answers to a request. */
export type WorkerReply = { readonly made: MadeDocument | DocumentProblem } | { readonly error: string }

lowerThreadPriority()

/** The thread that makes documents, one at a time. */
parentPort?.on('message', (request: DocumentRequest) => {
  makeDocument(request)
    .then((made): WorkerReply => ({ made }))
    .catch((error: unknown): WorkerReply => ({ error: messageOf(error) }))
    .then((reply) => parentPort?.postMessage(reply))
    .catch(() => process.exit(1))
})
