import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { ModelStubData, StubbedAnswer } from './model-stub-worker.ts'

/** A stub of a language model in a thread of its own, over real HTTP. */
export interface ModelStub {
  readonly url: string
  /** What it has told of answers in pieces, by their question. */
  readonly answers: ReadonlyMap<string, StubbedAnswer>
  stop(): Promise<void>
}

export async function startModelStub(data: ModelStubData): Promise<ModelStub> {
  const worker = new Worker(new URL('model-stub-worker.ts', import.meta.url), { workerData: data })
  const [port] = (await once(worker, 'message')) as [number]
  const answers = new Map<string, StubbedAnswer>()
  worker.on('message', (answer: StubbedAnswer) => void answers.set(answer.question, answer))
  return {
    answers,
    url: `http://127.0.0.1:${port}/v1`,
    async stop() {
      await worker.terminate()
    },
  }
}
