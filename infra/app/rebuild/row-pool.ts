import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Range, Target } from '../../../pipeline/projector/write-range.ts'
import { WRITERS_MAX } from '../../../pipeline/rebuild/rebuild.ts'
import { type Pauses, withRetry } from '../../../pipeline/runtime/retry.ts'
import { workerEntry } from '../../../pipeline/runtime/worker-entry.ts'
import { ColloquyError, ForeignCodeError, hasCode } from '../../../schemas/errors.ts'
import type { Settings } from '../../settings.ts'

/** The data that a thread starts with. */
export interface WorkerData {
  readonly settings: Settings
  /** Database of the tables that are written. */
  readonly database: string
}
/** A message to a thread: a range whose rows it must write, or `end`, which ends the thread. */
export type RangeRequest = { readonly range: Range; readonly target: Target } | 'end'
/** A message from a thread: records written since the last message, or the result of a range. */
export type RangeReply =
  | { readonly records: number }
  | { readonly done: true }
  | { readonly failed: { readonly code: string | undefined; readonly message: string } }

/** A pool of threads that write rows. */
export interface RowPool {
  /** Writes the rows of ranges. After a failure all threads are ended, and the pool cannot be used again. */
  write(ranges: readonly Range[], target: Target, onRecords: (count: number) => void): Promise<void>
  stop(): Promise<void>
}

/** Retries of a range whose reading was interrupted. */
const RETRIES_MAX = 9
const PAUSES: Pauses = { minMs: 1_000, maxMs: 1_000 }

/** Starts a thread per processor, up to `WRITERS_MAX`. */
export function createRowPool(data: WorkerData, signal: AbortSignal): RowPool {
  const workers = Array.from(
    { length: Math.min(availableParallelism(), WRITERS_MAX) },
    () => new Worker(workerEntry(import.meta.url, './row-worker'), { workerData: data }),
  )
  // `order` reports the error of a thread; this handler only keeps Node from throwing it.
  for (const worker of workers) worker.on('error', () => undefined)

  const writeOne = async (worker: Worker, range: Range, target: Target, onRecords: (count: number) => void): Promise<void> => {
    let written = 0
    const attempt = async (): Promise<void> => {
      const failed = await requestRange(worker, { range, target }, signal, (count) => {
        written += count
        onRecords(count)
      })
      if (failed === undefined) return
      throw new ForeignCodeError(
        failed.code ?? 'rebuild_failed',
        `could not write records ${range.from} to ${range.to}: ${failed.message}. Remove the cause, and run "colloquy rebuild" again`,
      )
    }
    await withRetry(attempt, {
      pauses: PAUSES,
      retriesMax: RETRIES_MAX,
      signal,
      isFinal: (error) => !hasCode(error, 'interrupted'),
      onRetry() {
        onRecords(-written)
        written = 0
      },
    })
  }

  return {
    async write(ranges, target, onRecords) {
      const remaining = [...ranges]
      try {
        await Promise.all(
          workers.map(async (worker) => {
            for (let range = remaining.shift(); range !== undefined; range = remaining.shift()) {
              await writeOne(worker, range, target, onRecords)
            }
          }),
        )
      } catch (error) {
        // The caller drops the rows after a failure; by then no thread may still write.
        await Promise.all(workers.map((worker) => worker.terminate()))
        throw error
      }
    },
    async stop() {
      for (const worker of workers) worker.postMessage('end' satisfies RangeRequest)
      await Promise.all(workers.filter(({ threadId }) => threadId !== -1).map((worker) => once(worker, 'exit')))
    },
  }
}

/** Sends a range to a thread and waits for the result: a failure or `undefined`. @throws if the thread ends; the signal's reason. */
function requestRange(
  worker: Worker,
  message: Exclude<RangeRequest, 'end'>,
  signal: AbortSignal,
  onRecords: (count: number) => void,
): Promise<{ code: string | undefined; message: string } | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<{ code: string | undefined; message: string } | undefined>()
  const onMessage = (answer: RangeReply): void => {
    if ('records' in answer) onRecords(answer.records)
    else if ('failed' in answer) resolve(answer.failed)
    else resolve(undefined)
  }
  const onExit = (): void => reject(new ColloquyError('rebuild_failed', 'a thread that writes rows ended'))
  const onAbort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
  worker.on('message', onMessage)
  worker.on('error', reject)
  worker.on('exit', onExit)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  else worker.postMessage(message)
  return promise.finally(() => {
    worker.off('message', onMessage)
    worker.off('error', reject)
    worker.off('exit', onExit)
    signal.removeEventListener('abort', onAbort)
  })
}
