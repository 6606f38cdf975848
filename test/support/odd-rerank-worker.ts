import { parentPort } from 'node:worker_threads'
import type { ToRerankThread } from '../../pipeline/reranking/rerank-protocol.ts'

/** The re-ranking thread with two changes: a question with `crash` ends it, and after one with `hang` it never answers again. */
const port = parentPort
/** Longer than any test, and not for ever: nothing can end the thread meanwhile. */
const HANG_MS = 30_000
let isHanging = false
port?.on('message', (message: ToRerankThread) => {
  if (message.type === 'rerank' && message.job.question.includes('crash')) throw new Error('a question made the thread crash')
  if (message.type !== 'rerank' || !message.job.question.includes('hang') || isHanging) return
  isHanging = true
  // As a model run that does not end: it blocks the thread.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HANG_MS)
})
await import('../../pipeline/reranking/rerank-worker.ts')
