import { Worker } from 'node:worker_threads'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { FromWorker, ToWorker, WorkerData } from './embed-protocol.ts'

export interface ThreadOptions extends WorkerData {
  /** The module that runs in the thread. */
  readonly module: string | URL
  readonly onMessage: (message: FromWorker) => void
  /** It ended without having been told to: a crash. Not called before it was ready. */
  readonly onEnd: (why: string) => void
}

/** A thread with a loaded model in it. */
export interface EmbedThread {
  post(message: ToWorker): void
  /** Ends it after the run under way: a thread that is ended in the middle of one takes the process with it. */
  stop(): Promise<void>
}

/** Starts the thread and waits for its model. @throws ColloquyError `bad_model` where that cannot be loaded */
export async function startThread({ module, onMessage, onEnd, ...workerData }: ThreadOptions): Promise<EmbedThread> {
  const worker = new Worker(module, { workerData, name: 'embed' })
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  let isReady = false
  let isStopping = false
  let why = 'it ended by itself'
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
  worker.on('error', (error) => { why = messageOf(error) })
  worker.on('exit', () => {
    ended.resolve()
    ready.reject(new ColloquyError('bad_model', why))
    if (isReady && !isStopping) onEnd(why)
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
