import { Worker } from 'node:worker_threads'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'

/** What a thread with a model says at its start. */
export type FromStart =
  | { readonly type: 'ready' }
  /** The model could not be loaded. */
  | { readonly type: 'unusable'; readonly message: string }

/** End after the current model run; what is queued is dropped. */
export interface StopMessage {
  readonly type: 'stop'
}

export interface ThreadOptions<From> {
  readonly name: string
  /** The module that the thread runs. */
  readonly module: string | URL
  readonly workerData: unknown
  readonly onMessage: (message: From) => void
  /** Called when the thread ends after it was ready and without `stop`. */
  readonly onCrash: (why: string) => void
}

/** A running thread that has loaded its model. */
export interface ModelThread<To> {
  post(message: To): void
  /** Settles once the thread has ended, after the current model run: ending a thread during a run crashes the process. */
  stop(): Promise<void>
}

/** Starts a thread and waits until its model is loaded. @throws ColloquyError `bad_model` if loading fails. */
export async function startThread<To, From extends { readonly type: string }>(options: ThreadOptions<From>): Promise<ModelThread<To>> {
  const { name, module, workerData, onMessage, onCrash } = options
  const worker = new Worker(module, { workerData, name })
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  let isReady = false
  let isStopping = false
  let why = 'it exited without an error'
  worker.on('message', (message: FromStart | From) => {
    if (!isOfStart(message)) {
      onMessage(message)
    } else if (message.type === 'ready') {
      isReady = true
      ready.resolve()
    } else {
      why = message.message
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
      worker.postMessage({ type: 'stop' } satisfies StopMessage)
      await ended.promise
    },
  }
}

const isOfStart = (message: { readonly type: string }): message is FromStart => message.type === 'ready' || message.type === 'unusable'
