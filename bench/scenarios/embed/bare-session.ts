import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { BareSessionData, Batch } from './bare-session-worker.ts'

/** The ONNX session of a model without the embedder around it, in a worker thread. */
export interface BareSession {
  /** @returns milliseconds that the runs took; preparing their inputs is not included */
  run(batches: readonly Batch[]): Promise<number>
  stop(): Promise<void>
}

export async function startBareSession(data: BareSessionData): Promise<BareSession> {
  const worker = new Worker(new URL('bare-session-worker.ts', import.meta.url), { workerData: data })
  await once(worker, 'message')
  return {
    async run(batches) {
      const answer = once(worker, 'message')
      worker.postMessage(batches)
      const [ms] = (await answer) as [number]
      return ms
    },
    async stop() {
      await worker.terminate()
    },
  }
}
