import { Worker } from 'node:worker_threads'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { FromWorker, ToWorker, WorkerData } from './embed-protocol.ts'

export interface ThreadOptions extends WorkerData {
  /** The module that the thread runs. */
  readonly module: string | URL
  readonly onMessage: (message: FromWorker) => void
  /** Called when the thread ends after it was ready and without `stop`. */
  readonly onCrash: (why: string) => void
}

/** A running thread that has loaded its model. */
export interface EmbedThread {
  post(message: ToWorker): void
  /** Settles once the thread has ended, after the current model run: ending a thread during a run crashes the process. */
  stop(): Promise<void>
}

/** Starts the thread and waits until its model is loaded. @throws ColloquyError `bad_model` if loading fails. */
export async function startThread({ module, onMessage, onCrash, ...workerData }: ThreadOptions): Promise<EmbedThread> {
  const worker = new Worker(module, { workerData, name: 'embed' })
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  let isReady = false
  let isStopping = false
  let why = 'it exited without an error'
  worker.on('message', (message: FromWorker) => {
    if (message.type === 'ready') {
      isReady = true
      ready.resolve()
    } else if (message.type === 'unusable') {
      why = message.message
    } else {
      onMessage(message)
    }
  })
  worker.on('error', (error) => {
    why = messageOf(error)
  })
  worker.on('exit', () => {
    ended.resolve()
    ready.reject(new ColloquyError('bad_model', why))
    if (isReady && !isStopping) onCrash(why)
  })
  await ready.promise
  return {
    post: (message) => worker.postMessage(message),
    async stop() {
      isStopping = true
      worker.postMessage({ type: 'stop' } satisfies ToWorker)
      await ended.promise
    },
  }
}
