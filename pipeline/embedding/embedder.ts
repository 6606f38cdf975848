import { workerEntry } from '../runtime/worker-entry.ts'
import { hash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { restartPauses } from '../runtime/retry.ts'
import { fingerprintOf, type EmbedAs, type EmbedModel } from './embedding-model.ts'
import { createPendingTexts } from './pending-texts.ts'
import type { FromWorker, TextJob } from './embed-protocol.ts'
import { startThread, type EmbedThread } from './embed-thread.ts'

/** Turns texts into vectors whose dot product says how much they have in common. */
export interface Embedder {
  /** Vectors are comparable only where this is the same; collections are named by it. */
  readonly fingerprint: string
  readonly dimension: number
  /** `lexical` finds the same words, `semantic` the same meaning. */
  readonly kind: EmbedModel['kind']
  /**
   * Vectors of length 1, in the order of the texts; they are shared with the cache, so nobody may change them. A text that is longer
   * than the model gets the mean of its chunks.
   *
   * @throws ColloquyError `embed_failed` where the model fails on one of them, `embedder_closed`
   */
  embed(texts: readonly string[], as: EmbedAs): Promise<Float32Array[]>
  /** Lets what is under way end, refuses what waits, and frees the model. */
  close(): Promise<void>
}

/** An embedder with its model in this process. */
export interface LocalEmbedder extends Embedder {
  readonly model: EmbedModel
  /** The same as `embed`, but a text that the model fails on is an error among the vectors of the others. */
  embedEach(texts: readonly string[], as: EmbedAs): Promise<(Float32Array | ColloquyError)[]>
  /**
   * Chunks that the model can take whole as passages, and that together are the text, with an overlap of an eighth of a chunk.
   *
   * @throws ColloquyError `embed_failed`, `embedder_closed`
   */
  chunk(text: string): Promise<readonly string[]>
}

export interface EmbedderOptions {
  readonly model: EmbedModel
  /** Threads of one run of the model. One less than there are processors leaves the event loop alone. */
  readonly threads: number
  /** Vectors that are kept in memory, the least used going first. */
  readonly cacheBytesMax: number
  /** Passages that wait or are under way; who brings more waits. */
  readonly textsMax: number
  readonly log: Logger
  readonly metrics: Metrics
  /** The module of the thread; another one only to see how its end is dealt with. */
  readonly threadModule?: string | URL
}

/** Of all texts that wait or are under way. */
const CHARACTERS_MAX = 16 * 1024 * 1024
/** Texts that wait to be cut. */
const CHUNKING_MAX = 256
/** What an entry of the cache takes besides its vector. */
const ENTRY_BYTES = 200

/** A text that was being cut as often as this when the thread ended is given up. */
const CUTTING_TRIES_MAX = 2

interface PendingChunks {
  readonly job: TextJob
  readonly resolve: (chunks: readonly string[]) => void
  readonly reject: (error: ColloquyError) => void
  crashes: number
}

/**
 * An embedder with the model in one long-lived thread, so that the event loop never waits for it: what is asked for twice is computed once,
 * questions go before passages, and a thread that ends by itself is started anew with what it had.
 *
 * @throws ColloquyError `bad_model` where the model cannot be loaded.
 */
export async function createEmbedder(options: EmbedderOptions): Promise<LocalEmbedder> {
  const { model, threads, log, metrics } = options
  const cache = new LRUCache<string, Float32Array>({
    maxSize: options.cacheBytesMax, sizeCalculation: (vector) => vector.byteLength + ENTRY_BYTES,
  })
  const underWay = new Map<string, Promise<Float32Array>>()
  const pending = createPendingTexts(options.textsMax, CHARACTERS_MAX)
  const chunking = new Map<number, PendingChunks>()
  const chunkingGate = createInFlightLimiter({ countMax: CHUNKING_MAX, bytesMax: CHARACTERS_MAX })
  const closing = new AbortController()
  let thread: EmbedThread | undefined
  let keys = 0

  const settleChunks = (key: number): PendingChunks | undefined => {
    const request = chunking.get(key)
    if (request !== undefined) chunkingGate.release(request.job.text.length)
    chunking.delete(key)
    return request
  }
  const failure = (why: string): ColloquyError =>
    new ColloquyError('embed_failed', `the embedding model ${model.name} fails on this text: ${why}`)
  const feed = (): void => {
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
        // A copy: a view would keep the vectors of the whole run in memory for as long as one of them is cached.
        pending.settle(key)?.resolve(message.vectors.slice(index * model.dimension, (index + 1) * model.dimension))
      }
      metrics.embedTexts.inc({ by: 'model' }, message.keys.length)
    } else if (message.type === 'chunked') {
      settleChunks(message.key)?.resolve(message.chunks)
    } else if (message.type === 'failed') {
      metrics.embedTexts.inc({ by: 'failed' })
      pending.settle(message.key)?.reject(failure(message.message))
      settleChunks(message.key)?.reject(failure(message.message))
    }
    feed()
  }
  const onEnd = (why: string): void => {
    thread = undefined
    metrics.embedRestarts.inc()
    log.error({ model: model.name, why }, 'the embedding thread ended; it is started anew with what it had')
    const ended = `its thread ended with it (${why})`
    for (const text of pending.returned()) text.reject(failure(ended))
    for (const [key, request] of [...chunking]) {
      request.crashes += 1
      if (request.crashes >= CUTTING_TRIES_MAX) settleChunks(key)?.reject(failure(ended))
    }
    restarting = restart()
  }
  const start = async (): Promise<void> => {
    thread = await startThread({ model, threads, module: options.threadModule ?? workerEntry(import.meta.url, './embed-worker'), onMessage, onEnd })
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
        feed()
        return
      } catch (error) {
        log.error({ err: error, pauseMs }, 'the embedding thread cannot be started')
      }
    }
  }
  let restarting: Promise<void> = Promise.resolve()
  await start()
  log.info({ model: model.name, kind: model.kind, dimension: model.dimension, fingerprint: fingerprintOf(model) }, `embedding with ${model.name}`)

  const isClosed = (): boolean => closing.signal.aborted
  const closed = (): ColloquyError => new ColloquyError('embedder_closed', 'the embedder was closed')

  /** Settles with a vector; never rejects without somebody looking, since everybody who asks gets this very promise. */
  const compute = (text: string, as: EmbedAs, name: string): Promise<Float32Array> => {
    const { promise, resolve, reject } = Promise.withResolvers<Float32Array>()
    pending.add({ key: keys++, text, as, resolve, reject, crashes: 0 })
    underWay.set(name, promise)
    const forget = (): boolean => underWay.delete(name)
    promise.then((vector) => {
      cache.set(name, vector)
      forget()
    }, forget)
    return promise
  }
  const embedEach: LocalEmbedder['embedEach'] = async (texts, as) => {
    const results: Promise<Float32Array | ColloquyError>[] = []
    let known = 0
    for (const given of texts) {
      const text = given.toWellFormed()
      const name = hash('sha256', model.prefixes[as] + text, 'base64')
      const found = (): Float32Array | Promise<Float32Array> | undefined => cache.get(name) ?? underWay.get(name)
      let vector = found()
      if (vector === undefined) {
        await pending.room(as)
        if (isClosed()) throw closed()
        // Somebody else may have brought it while this one waited.
        vector = found()
      }
      if (vector === undefined) feedSoon()
      else known += 1
      results.push(settled(Promise.resolve(vector ?? compute(text, as, name))))
    }
    metrics.embedTexts.inc({ by: 'cache' }, known)
    return Promise.all(results)
  }
  let isFeeding = false
  const feedSoon = (): void => {
    if (isFeeding) return
    isFeeding = true
    // Texts that come in one turn of the event loop are handed over together.
    setImmediate(() => {
      isFeeding = false
      feed()
    })
  }

  return {
    model, fingerprint: fingerprintOf(model), dimension: model.dimension, kind: model.kind, embedEach,
    async embed(texts, as) {
      const results = await embedEach(texts, as)
      return results.map((result) => {
        if (result instanceof Float32Array) return result
        throw result
      })
    },
    async chunk(text) {
      await chunkingGate.whenAvailable()
      if (isClosed()) throw closed()
      const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>()
      const job: TextJob = { key: keys++, text: text.toWellFormed() }
      chunkingGate.acquire(job.text.length)
      chunking.set(job.key, { job, resolve, reject, crashes: 0 })
      thread?.post({ type: 'chunk', job })
      return promise
    },
    async close() {
      if (isClosed()) return
      closing.abort()
      for (const { reject } of pending.clear()) reject(closed())
      for (const key of [...chunking.keys()]) settleChunks(key)?.reject(closed())
      await restarting
      await thread?.stop()
    },
  }
}

/** The error in place of a rejection. */
const settled = (vector: Promise<Float32Array>): Promise<Float32Array | ColloquyError> =>
  vector.catch((error: unknown) => (error instanceof ColloquyError ? error : new ColloquyError('embed_failed', messageOf(error), { cause: error })))
