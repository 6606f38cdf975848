import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { type ModelThread, startThread } from '../embedding/model-thread.ts'
import { restartPauses } from '../runtime/retry.ts'
import { workerEntry } from '../runtime/worker-entry.ts'
import type { CrossEncoderModel } from './cross-encoder.ts'
import type { FromRerankThread, RerankThreadData, ToRerankThread } from './rerank-protocol.ts'
import type { Reranker } from './reranker.ts'

export interface CrossEncoderOptions {
  readonly model: CrossEncoderModel
  /** CPU threads that one model run may use. */
  readonly threads: number
  readonly log: Logger
  /** The module that the thread runs. Default: `rerank-worker`; tests pass one that crashes. */
  readonly threadModule?: string | URL
  /** How long `close` waits for a model run, in milliseconds. Default 10,000. */
  readonly stopMsMax?: number
}

/** Questions at the thread at one time; more fail at once, because they would be late. */
const QUESTIONS_MAX = 32
const STOP_MS_MAX = 10_000

/**
 * Creates a re-ranker that runs a cross-encoder in one long-lived thread, so that a model run never blocks the event loop. A thread that
 * ends is restarted; what it was asked fails.
 *
 * @throws ColloquyError `bad_model` if the model cannot be loaded.
 */
export async function createCrossEncoderReranker(options: CrossEncoderOptions): Promise<Reranker> {
  const { model, threads, log, stopMsMax = STOP_MS_MAX } = options
  const pending = new Map<number, PromiseWithResolvers<readonly number[]>>()
  /** Also those that nobody waits for any more, until the thread has forgotten them. */
  const atThread = new Set<number>()
  const closing = new AbortController()
  let thread: ModelThread<ToRerankThread> | undefined
  let keys = 0

  const failed = (why: string): ColloquyError => new ColloquyError('rerank_failed', `the re-ranker ${model.name} ${why}`)
  const failAll = (why: string): void => {
    for (const { reject } of pending.values()) reject(failed(why))
    pending.clear()
  }
  const onMessage = (message: FromRerankThread): void => {
    if (message.type === 'ready' || message.type === 'unusable') return
    atThread.delete(message.key)
    if (message.type === 'reranked') pending.get(message.key)?.resolve(message.scores)
    else if (message.type === 'failed') pending.get(message.key)?.reject(failed(`fails: ${message.message}`))
  }
  const onCrash = (why: string): void => {
    thread = undefined
    atThread.clear()
    log.error({ model: model.name, why }, 'the re-ranking thread ended; restarting it')
    failAll(`ended (${why})`)
    restarting = restart()
  }
  const start = async (): Promise<void> => {
    const module = options.threadModule ?? workerEntry(import.meta.url, './rerank-worker')
    const workerData: RerankThreadData = { model, threads }
    thread = await startThread<ToRerankThread, FromRerankThread>({ name: 'rerank', module, workerData, onMessage, onCrash })
  }
  const restart = async (): Promise<void> => {
    const pauses = restartPauses()
    while (thread === undefined) {
      const pauseMs = pauses.after(0)
      await delay(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined)
      if (closing.signal.aborted) return
      await start().catch((error: unknown) => {
        log.error({ err: messageOf(error), pauseMs }, 'the re-ranking thread could not be started; retrying after the pause')
      })
    }
  }
  let restarting: Promise<void> = Promise.resolve()
  await start()
  log.info({ model: model.name, revision: model.revision }, `re-ranking with ${model.name}`)

  return {
    name: model.name,
    async rerank(question, texts, signal) {
      if (closing.signal.aborted) throw failed('was closed')
      if (thread === undefined) throw failed('is being restarted')
      if (atThread.size >= QUESTIONS_MAX) throw failed(`is asked more than ${QUESTIONS_MAX} questions at one time`)
      const key = keys++
      const asked = Promise.withResolvers<readonly number[]>()
      const cancel = (): void => {
        thread?.post({ type: 'cancel', key })
        asked.reject(failed('was not waited for'))
      }
      pending.set(key, asked)
      atThread.add(key)
      signal.addEventListener('abort', cancel, { once: true })
      thread.post({ type: 'rerank', job: { key, question, texts } })
      try {
        return await asked.promise
      } finally {
        pending.delete(key)
        signal.removeEventListener('abort', cancel)
      }
    },
    async close() {
      if (closing.signal.aborted) return
      closing.abort()
      failAll('was closed')
      await restarting
      // A thread whose run does not end is left behind: ending it would crash the process.
      await Promise.race([thread?.stop(), delay(stopMsMax, undefined, { ref: false })])
    },
  }
}
