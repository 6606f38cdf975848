import { hash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { restartPauses } from '../runtime/retry.ts'
import { workerEntry } from '../runtime/worker-entry.ts'
import type { FromWorker, TextJob, ToWorker, WorkerData } from './embed-protocol.ts'
import { type EmbedAs, type EmbedModel, fingerprintOf } from './embedding-model.ts'
import { type ModelThread, startThread } from './model-thread.ts'
import { createPendingTexts } from './pending-texts.ts'

/** Converts texts to vectors; the dot product of two vectors is their similarity. */
export interface Embedder {
  /** Identifies the vector space: only vectors with the same fingerprint are comparable. Names the collection. */
  readonly fingerprint: string
  readonly dimension: number
  /** `lexical` matches equal words, `semantic` equal meaning. */
  readonly kind: EmbedModel['kind']
  /**
   * Returns vectors of length 1, in the order of the texts. The cache shares them: callers must not change them. A text that is longer than
   * the model allows gets the mean of its chunks. Waits while the queue is full.
   *
   * @throws ColloquyError `embed_failed` if the model fails on one of the texts, `embedder_closed`.
   */
  embed(texts: readonly string[], as: EmbedAs): Promise<Float32Array[]>
  /** Rejects all pending calls with `embedder_closed`, waits for the current model run, and frees the model. */
  close(): Promise<void>
}

/** An embedder that runs its model in this process. */
export interface LocalEmbedder extends Embedder {
  readonly model: EmbedModel
  /** Texts that the model has finished. */
  readonly embedded: number
  /** As `embed`, but returns an error in place of the vector for each text that the model fails on. */
  embedEach(texts: readonly string[], as: EmbedAs): Promise<(Float32Array | ColloquyError)[]>
  /**
   * Splits a text into chunks that fit the model as passages and together cover the text. Chunks overlap by an eighth.
   *
   * @throws ColloquyError `embed_failed`, `embedder_closed`.
   */
  chunk(text: string): Promise<readonly string[]>
}

export interface EmbedderOptions {
  readonly model: EmbedModel
  /** CPU threads that one model run may use. One fewer than there are processors leaves one for the event loop. */
  readonly threads: number
  /** Max bytes of cached vectors; the least recently used are evicted first. */
  readonly cacheBytesMax: number
  /** Max passages queued for the model; further producers block. */
  readonly textsMax: number
  readonly log: Logger
  readonly metrics: Metrics
  /** The module that the thread runs. Default: `embed-worker`; tests pass one that crashes. */
  readonly threadModule?: string | URL
}

/** Max characters of all texts queued or in flight. */
const CHARACTERS_MAX = 16 * 1024 * 1024
/** Max texts that wait to be split into chunks. */
const CHUNKING_MAX = 256
/** Estimated size of a cache entry without its vector. */
const ENTRY_BYTES = 200
/** Crashes of the thread after which splitting a text fails. */
const CHUNKING_ATTEMPTS_MAX = 2

interface PendingChunks {
  readonly job: TextJob
  readonly resolve: (chunks: readonly string[]) => void
  readonly reject: (error: ColloquyError) => void
  crashes: number
}

/**
 * Creates an embedder that runs its model in one long-lived thread, so that a model run never blocks the event loop. Equal texts are
 * computed once, and queries go before passages. A thread that crashes is restarted with the texts that it held.
 *
 * @throws ColloquyError `bad_model` if the model cannot be loaded.
 */
export async function createEmbedder(options: EmbedderOptions): Promise<LocalEmbedder> {
  const { model, threads, log, metrics } = options
  const cache = new LRUCache<string, Float32Array>({
    maxSize: options.cacheBytesMax,
    sizeCalculation: (vector) => vector.byteLength + ENTRY_BYTES,
  })
  const inFlight = new Map<string, Promise<Float32Array>>()
  const pending = createPendingTexts(options.textsMax, CHARACTERS_MAX)
  const chunking = new Map<number, PendingChunks>()
  const chunkingLimiter = createInFlightLimiter({ countMax: CHUNKING_MAX, bytesMax: CHARACTERS_MAX })
  const closing = new AbortController()
  let thread: ModelThread<ToWorker> | undefined
  let keys = 0
  let embedded = 0

  const removeChunking = (key: number): PendingChunks | undefined => {
    const request = chunking.get(key)
    if (request !== undefined) chunkingLimiter.release(request.job.text.length)
    chunking.delete(key)
    return request
  }
  const failure = (why: string): ColloquyError =>
    new ColloquyError('embed_failed', `the embedding model ${model.name} fails on this text: ${why}`)
  const sendNext = (): void => {
    const next = thread === undefined ? [] : pending.next()
    for (const as of ['query', 'passage'] as const) {
      const jobs = next.filter((text) => text.as === as).map(({ key, text }) => ({ key, text }))
      if (jobs.length > 0) thread?.post({ type: 'embed', as, jobs })
    }
    metrics.embedWaiting.set(pending.size)
  }
  const onMessage = (message: FromWorker): void => {
    if (message.type === 'embedded') {
      for (const [index, key] of message.keys.entries()) {
        // A copy: a view would keep the vectors of the whole run in memory while one of them is cached.
        pending.remove(key)?.resolve(message.vectors.slice(index * model.dimension, (index + 1) * model.dimension))
      }
      embedded += message.keys.length
      metrics.embedTexts.inc({ by: 'model' }, message.keys.length)
    } else if (message.type === 'chunked') {
      removeChunking(message.key)?.resolve(message.chunks)
    } else if (message.type === 'failed') {
      metrics.embedTexts.inc({ by: 'failed' })
      pending.remove(message.key)?.reject(failure(message.message))
      removeChunking(message.key)?.reject(failure(message.message))
    }
    sendNext()
  }
  const onCrash = (why: string): void => {
    thread = undefined
    metrics.embedRestarts.inc()
    log.error({ model: model.name, why }, 'the embedding thread crashed; restarting it with the texts that it held')
    const crashed = `the embedding thread crashed on it (${why})`
    for (const text of pending.requeueAfterCrash()) text.reject(failure(crashed))
    for (const [key, request] of [...chunking]) {
      request.crashes += 1
      if (request.crashes >= CHUNKING_ATTEMPTS_MAX) removeChunking(key)?.reject(failure(crashed))
    }
    restarting = restart()
  }
  const start = async (): Promise<void> => {
    const module = options.threadModule ?? workerEntry(import.meta.url, './embed-worker')
    const workerData: WorkerData = { model, threads }
    thread = await startThread<ToWorker, FromWorker>({ name: 'embed', module, workerData, onMessage, onCrash })
  }
  const restart = async (): Promise<void> => {
    const pauses = restartPauses()
    while (!closing.signal.aborted) {
      const pauseMs = pauses.after(0)
      await delay(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined)
      if (closing.signal.aborted) return
      try {
        await start()
        for (const { job } of chunking.values()) thread?.post({ type: 'chunk', job })
        sendNext()
        return
      } catch (error) {
        log.error({ err: error, pauseMs }, 'the embedding thread could not be started; retrying after the pause')
      }
    }
  }
  let restarting: Promise<void> = Promise.resolve()
  await start()
  const fingerprint = fingerprintOf(model)
  log.info({ model: model.name, kind: model.kind, dimension: model.dimension, fingerprint }, `embedding with ${model.name}`)

  const isClosed = (): boolean => closing.signal.aborted
  const closed = (): ColloquyError => new ColloquyError('embedder_closed', 'the embedder was closed')

  /** Queues a text and returns the promise that all callers with this text share. Its rejections are always handled. */
  const compute = (text: string, as: EmbedAs, name: string): Promise<Float32Array> => {
    const { promise, resolve, reject } = Promise.withResolvers<Float32Array>()
    pending.add({ key: keys++, text, as, resolve, reject, crashes: 0 })
    inFlight.set(name, promise)
    const remove = (): boolean => inFlight.delete(name)
    promise.then((vector) => {
      cache.set(name, vector)
      remove()
    }, remove)
    return promise
  }
  const embedEach: LocalEmbedder['embedEach'] = async (texts, as) => {
    const results: Promise<Float32Array | ColloquyError>[] = []
    let cached = 0
    for (const input of texts) {
      const text = input.toWellFormed()
      const name = hash('sha256', model.prefixes[as] + text, 'base64')
      const lookUp = (): Float32Array | Promise<Float32Array> | undefined => cache.get(name) ?? inFlight.get(name)
      let vector = lookUp()
      if (vector === undefined) {
        await pending.whenAvailable(as)
        if (isClosed()) throw closed()
        // Another caller may have queued the same text meanwhile.
        vector = lookUp()
      }
      if (vector === undefined) sendNextSoon()
      else cached += 1
      results.push(asResult(Promise.resolve(vector ?? compute(text, as, name))))
    }
    metrics.embedTexts.inc({ by: 'cache' }, cached)
    return Promise.all(results)
  }
  let isSendScheduled = false
  const sendNextSoon = (): void => {
    if (isSendScheduled) return
    isSendScheduled = true
    // Sends the texts of one turn of the event loop together.
    setImmediate(() => {
      isSendScheduled = false
      sendNext()
    })
  }

  return {
    model,
    fingerprint,
    dimension: model.dimension,
    kind: model.kind,
    get embedded() {
      return embedded
    },
    embedEach,
    async embed(texts, as) {
      const results = await embedEach(texts, as)
      return results.map((result) => {
        if (result instanceof Float32Array) return result
        throw result
      })
    },
    async chunk(text) {
      await chunkingLimiter.whenAvailable()
      if (isClosed()) throw closed()
      const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>()
      const job: TextJob = { key: keys++, text: text.toWellFormed() }
      chunkingLimiter.acquire(job.text.length)
      chunking.set(job.key, { job, resolve, reject, crashes: 0 })
      thread?.post({ type: 'chunk', job })
      return promise
    },
    async close() {
      if (isClosed()) return
      closing.abort()
      for (const { reject } of pending.clear()) reject(closed())
      for (const key of [...chunking.keys()]) removeChunking(key)?.reject(closed())
      await restarting
      await thread?.stop()
    },
  }
}

/** Settles with the error instead of rejecting. */
const asResult = (vector: Promise<Float32Array>): Promise<Float32Array | ColloquyError> =>
  vector.catch((error: unknown) =>
    error instanceof ColloquyError ? error : new ColloquyError('embed_failed', messageOf(error), { cause: error }),
  )
