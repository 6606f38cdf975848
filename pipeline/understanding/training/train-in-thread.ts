import { Worker } from 'node:worker_threads'
import { ColloquyError, ForeignCodeError, messageOf } from '../../../schemas/errors.ts'
import { workerEntry } from '../../runtime/worker-entry.ts'
import type { IntentExample } from '../intents/bad-examples.ts'

export interface TrainingJob {
  readonly examples: readonly IntentExample[]
  /** The vector of each example. Default: none. */
  readonly vectors?: readonly Float32Array[] | undefined
}
export type TrainingResult =
  | { readonly bytes: Uint8Array; readonly error?: undefined }
  | { readonly error: { readonly code: string | undefined; readonly message: string } }

/** Max megabytes of the thread's objects. The vectors and the matrices are outside of it. */
const HEAP_MEGABYTES_MAX = 2_048

/**
 * Trains a set in a thread of its own, which ends with the training. An abort ends it at once.
 *
 * @throws ColloquyError as `trainIntents`; `training_ended` if the thread ends without a result; the reason of the signal
 */
export async function trainInThread(job: TrainingJob, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted()
  const worker = new Worker(workerEntry(import.meta.url, 'train-worker'), {
    name: 'train',
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX },
  })
  const { promise, resolve, reject } = Promise.withResolvers<TrainingResult>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  worker.once('message', resolve)
  worker.once('error', (error) => reject(new ColloquyError('training_ended', `the training failed: ${messageOf(error)}`, { cause: error })))
  worker.once('exit', (code) => reject(new ColloquyError('training_ended', `the thread of the training ended with ${code}`)))
  try {
    const result = await promise
    if (result.error === undefined) return result.bytes
    throw new ForeignCodeError(result.error.code ?? 'training_ended', result.error.message)
  } finally {
    signal.removeEventListener('abort', abort)
    await worker.terminate()
  }
}
