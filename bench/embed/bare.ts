import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { EmbedModel } from '../../pipeline/embed/model.ts'

export interface BareData {
  readonly model: EmbedModel
  readonly threads: number
  /** Tokens of texts, run by run. */
  readonly batches: readonly (readonly (readonly number[])[])[]
}

export interface BareRun {
  readonly texts: number
  readonly ms: number
}

/** The ONNX session of a model by itself, in a thread of its own. */
export interface BareSession {
  /** Goes round the runs for so long. */
  run(ms: number): Promise<BareRun>
  stop(): Promise<void>
}

export async function startBareSession(data: BareData): Promise<BareSession> {
  const worker = new Worker(new URL('bare-worker.ts', import.meta.url), { workerData: data })
  await once(worker, 'message')
  return {
    async run(ms) {
      const answer = once(worker, 'message')
      worker.postMessage(ms)
      const [run] = await answer as [BareRun]
      return run
    },
    async stop() {
      await worker.terminate()
    },
  }
}
