import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { workerEntry } from '../../../pipeline/runtime/worker-entry.ts'
import { ColloquyError, ForeignCodeError, hasCode } from '../../../schemas/errors.ts'
import { withRetry, type Pauses } from '../../../pipeline/runtime/retry.ts'
import { WRITERS_MAX } from '../../../pipeline/rebuild/rebuild.ts'
import type { Range, Target } from '../../../pipeline/projector/write-range.ts'
import type { Settings } from '../../settings.ts'

export interface WorkerData {
  readonly settings: Settings
  /** Database of the tables that are written. */
  readonly database: string
}
export type Order = { readonly range: Range; readonly target: Target } | 'end'
export type Answer =
  | { readonly records: number }
  | { readonly done: true }
  | { readonly failed: { readonly code: string | undefined; readonly message: string } }

/** Threads that make rows. */
export interface RowPool {
  /** After a failure the pool is of no more use. */
  write(ranges: readonly Range[], target: Target, onRecords: (count: number) => void): Promise<void>
  stop(): Promise<void>
}

/** A range whose reading broke is begun again, this often and after such a pause. */
const RETRIES_MAX = 9
const PAUSES: Pauses = { minMs: 1_000, maxMs: 1_000 }

/** Starts a thread per processor, up to a bound. */
export function createRowPool(data: WorkerData, signal: AbortSignal): RowPool {
  const workers = Array.from({ length: Math.min(availableParallelism(), WRITERS_MAX) }, () =>
    new Worker(workerEntry(import.meta.url, './row-worker'), { workerData: data }))
  // One that cannot even start says so to whoever waits for it.
  for (const worker of workers) worker.on('error', () => undefined)

  const writeOne = async (worker: Worker, range: Range, target: Target, onRecords: (count: number) => void): Promise<void> => {
    let written = 0
    const attempt = async (): Promise<void> => {
      const failed = await order(worker, { range, target }, signal, (count) => {
        written += count
        onRecords(count)
      })
      if (failed === undefined) return
      throw new ForeignCodeError(
        failed.code ?? 'rebuild_failed',
        `records ${range.from} to ${range.to} could not be written: ${failed.message}. Remove the cause, and run "colloquy rebuild" again`)
    }
    await withRetry(attempt, {
      pauses: PAUSES, retriesMax: RETRIES_MAX, signal, isFinal: (error) => !hasCode(error, 'interrupted'),
      onRetry() {
        onRecords(-written)
        written = 0
      },
    })
  }

  return {
    async write(ranges, target, onRecords) {
      const left = [...ranges]
      try {
        await Promise.all(workers.map(async (worker) => {
          for (let range = left.shift(); range !== undefined; range = left.shift()) await writeOne(worker, range, target, onRecords)
        }))
      } catch (error) {
        // Nobody writes any more when the caller clears away.
        await Promise.all(workers.map((worker) => worker.terminate()))
        throw error
      }
    },
    async stop() {
      for (const worker of workers) worker.postMessage('end' satisfies Order)
      await Promise.all(workers.filter(({ threadId }) => threadId !== -1).map((worker) => once(worker, 'exit')))
    },
  }
}

/** Gives a thread a range. Settles with the failure it reports, if any. @throws where the thread dies, and by the signal */
function order(
  worker: Worker, message: Exclude<Order, 'end'>, signal: AbortSignal, onRecords: (count: number) => void,
): Promise<{ code: string | undefined; message: string } | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<{ code: string | undefined; message: string } | undefined>()
  const onMessage = (answer: Answer): void => {
    if ('records' in answer) onRecords(answer.records)
    else if ('failed' in answer) resolve(answer.failed)
    else resolve(undefined)
  }
  const onExit = (): void => reject(new ColloquyError('rebuild_failed', 'a thread that makes rows ended'))
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
