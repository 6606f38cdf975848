import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { EmbedModel } from '../../../pipeline/embedding/embedding-model.ts'

export interface BareData {
  readonly model: EmbedModel
  readonly threads: number
}

/** Tokens of the texts of one run. */
export type Batch = readonly (readonly number[])[]

/** The ONNX session of a model by itself, in a thread of its own. */
export interface BareSession {
  /** @returns how long the runs took, in milliseconds; their inputs are made before */
  run(batches: readonly Batch[]): Promise<number>
  stop(): Promise<void>
}

export async function startBareSession(data: BareData): Promise<BareSession> {
  const worker = new Worker(new URL('bare-session-worker.ts', import.meta.url), { workerData: data })
  await once(worker, 'message')
  return {
    async run(batches) {
      const answer = once(worker, 'message')
      worker.postMessage(batches)
      const [ms] = await answer as [number]
      return ms
    },
    async stop() {
      await worker.terminate()
    },
  }
}
