import { randomUUID } from 'node:crypto'
import { QdrantClient } from '@qdrant/js-client-rest'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { ColloquyError, messageOf } from '../../../schemas/errors.ts'
import { withRetry, type Pauses } from '../../runtime/retry.ts'
import { countTerms, createScore, type CountedTerms } from '../bm25.ts'
import { SEARCH_AREAS, type IndexFilter, type StoreHit, type VectorStore } from '../vector-store.ts'
import { termsOf } from '../search-terms.ts'
import { DENSE, prepareCollection, WORDS, type Quantisation } from './qdrant-collection.ts'
import { numberOf, sparseQuestion, sparseText, USUAL_LENGTH } from './sparse-vectors.ts'

export interface QdrantStoreOptions {
  readonly url: string
  readonly apiKey?: string | undefined
  /** Of the model; it names the collection. */
  readonly fingerprint: string
  readonly dimension: number
  /** Of a collection that is made; default `none`. */
  readonly quantisation?: Quantisation
  /** For one request; default 10,000. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000
/** Points of one request. */
const BATCH_MAX = 256
const RETRIES_MAX = 2
const PAUSES: Pauses = { minMs: 200, maxMs: 400 }
/** How common a term is, is known this long. */
const FREQUENCY_MS = 30_000
const FREQUENCIES_MAX = 100_000
/** Distinct terms of a question. */
const QUESTION_TERMS_MAX = 64

const payloadSchema = z.object({
  tenant: z.string(), in: z.enum(SEARCH_AREAS), kind: z.string(), actor: z.string(), source: z.string(), chunk: z.number(),
  lang: z.string().nullable(), at: z.string(), seq: z.number(), text: z.string(),
})

/** What Qdrant takes as a filter. */
type Condition = Readonly<Record<string, unknown>>

/**
 * Points in Qdrant: dense vectors, and terms as sparse ones. Every question names the tenant in its filter, which Qdrant's index of tenants answers.
 *
 * @throws ColloquyError `qdrant_failed` where it does not answer or refuses, `other_dimension`
 */
export async function openQdrantStore(options: QdrantStoreOptions): Promise<VectorStore> {
  const { url, apiKey, dimension, quantisation = 'none' } = options
  const client = new QdrantClient({ url, ...(apiKey !== undefined && { apiKey }), timeout: options.timeoutMs ?? TIMEOUT_MS, checkCompatibility: false })
  const name = `colloquy_${options.fingerprint}`
  const frequencies = new LRUCache<string, number>({ max: FREQUENCIES_MAX, ttl: FREQUENCY_MS })

  /** All that is asked may be asked again: a point is written whole, and what is removed stays so. */
  const ask = async <T>(request: () => Promise<T>): Promise<T> => {
    try {
      return await withRetry(request, { pauses: PAUSES, retriesMax: RETRIES_MAX, isFinal: (error) => !isPassing(error) })
    } catch (cause) {
      if (cause instanceof ColloquyError) throw cause
      throw new ColloquyError('qdrant_failed', `Qdrant at ${url} ${isPassing(cause) ? 'does not answer' : 'refuses'} (${messageOf(cause)}); check COLLOQUY_QDRANT_URL and COLLOQUY_QDRANT_API_KEY`, { cause })
    }
  }
  const id = await ask(() => prepareCollection(client, name, { dimension, quantisation, newId: randomUUID }))
  /** A collection that somebody removed is made anew, empty: whoever fills it learns so that what he stored is gone. */
  const makeAnew = async (error: unknown): Promise<never[]> => {
    if (statusOf(error) !== NOT_FOUND) throw error
    await prepareCollection(client, name, { dimension, quantisation, newId: () => id })
    return []
  }
  const count = async (must: readonly Condition[], exact: boolean): Promise<number> =>
    (await ask(() => client.count(name, { filter: { must: [...must] }, exact }))).count
  const remembered = async (key: string, must: readonly Condition[]): Promise<number> => {
    const known = frequencies.get(key) ?? await count(must, false)
    frequencies.set(key, known)
    return known
  }
  const scoreOf = async (tenant: string, terms: readonly string[]): Promise<(text: CountedTerms) => number> => {
    const own = conditionsOf(tenant, {})
    const [texts, ...textsWith] = await Promise.all([
      remembered(tenant, own),
      ...terms.map((term) => remembered(`${tenant} ${term}`, [...own, { key: 'terms', match: { value: numberOf(term) } }])),
    ])
    return createScore({ texts, averageLength: USUAL_LENGTH, textsWith: new Map(terms.map((term, index) => [term, textsWith[index] ?? 0])) })
  }
  const remove = async (must: readonly Condition[]): Promise<void> => {
    await ask(() => client.delete(name, { filter: { must: [...must] }, wait: true }))
    frequencies.clear()
  }

  return {
    id, dimension,
    async upsert(points) {
      const wrong = points.find(({ vector }) => vector.length !== dimension)
      if (wrong !== undefined) throw new ColloquyError('other_dimension', `a vector has ${wrong.vector.length} dimensions, and the collection ${name} in Qdrant has ${dimension}`)
      for (let from = 0; from < points.length; from += BATCH_MAX) {
        const batch = points.slice(from, from + BATCH_MAX).map(({ id: pointId, vector, ...payload }) => {
          const words = sparseText(termsOf(payload.text))
          return { id: pointId, vector: { [DENSE]: [...vector], [WORDS]: words }, payload: { ...payload, terms: words.indices } }
        })
        await ask(() => client.upsert(name, { points: batch, wait: true }))
      }
    },
    async existing(ids) {
      const found = new Set<string>()
      for (let from = 0; from < ids.length; from += BATCH_MAX) {
        const records = await ask(() => client.retrieve(name, { ids: ids.slice(from, from + BATCH_MAX), with_payload: false, with_vector: false }).catch(makeAnew))
        for (const record of records) found.add(String(record.id))
      }
      return found
    },
    async remove(ids) {
      for (let from = 0; from < ids.length; from += BATCH_MAX) {
        await ask(() => client.delete(name, { points: ids.slice(from, from + BATCH_MAX), wait: true }))
      }
      frequencies.clear()
    },
    removeAbove: (seq) => remove([{ key: 'seq', range: { gt: seq } }]),
    deleteBy: (tenant, filter) => remove(conditionsOf(tenant, filter)),
    count: (tenant, filter) => count(conditionsOf(tenant, filter), true),
    async search({ tenant, filter, vector: coming, terms: given, limit }) {
      const vector = await coming
      const terms = given && [...new Set(given)].slice(0, QUESTION_TERMS_MAX)
      const must = { must: [...conditionsOf(tenant, filter)] }
      const ways = [
        ...(vector === undefined ? [] : [{ query: [...vector], using: DENSE, filter: must, limit }]),
        ...(terms === undefined || terms.length === 0 ? [] : [{ query: sparseQuestion(terms), using: WORDS, filter: must, limit }]),
      ]
      if (ways.length === 0) return []
      const [{ points }, score] = await Promise.all([
        // Both ways at once: Qdrant puts their places together, and each point that it gives back is scored by both here.
        ask(() => client.query(name, { prefetch: ways, query: { fusion: 'rrf' }, filter: must, limit: limit * ways.length, with_payload: true, with_vector: vector === undefined ? false : [DENSE] })),
        terms && scoreOf(tenant, terms),
      ])
      return points.map((point): StoreHit => {
        const payload = payloadSchema.parse(point.payload)
        // Not to be believed of a server that somebody else may have filled.
        if (payload.tenant !== tenant) throw new ColloquyError('qdrant_failed', `Qdrant at ${url} answered with a point of another tenant; does another program write to its collection?`)
        return { ...payload, id: String(point.id), similarity: vector === undefined ? null : dot(vector, denseOf(point.vector)), keyword: score?.(countTerms(termsOf(payload.text))) ?? null }
      })
    },
  }
}

function conditionsOf(tenant: string, { since, until, ...equal }: IndexFilter): Condition[] {
  const range = { ...(since !== undefined && { gte: new Date(since).toISOString() }), ...(until !== undefined && { lt: new Date(until).toISOString() }) }
  return [
    { key: 'tenant', match: { value: tenant } },
    ...Object.entries(equal).flatMap(([key, value]) => (value === undefined ? [] : [{ key, match: { value } }])),
    ...(Object.keys(range).length === 0 ? [] : [{ key: 'at', range }]),
  ]
}

const denseSchema = z.object({ [DENSE]: z.array(z.number()) })
const denseOf = (vectors: unknown): readonly number[] => denseSchema.safeParse(vectors).data?.[DENSE] ?? []

const dot = (a: Float32Array, b: readonly number[]): number => b.reduce((sum, value, index) => sum + value * (a[index] ?? 0), 0)

/** Whether it may work another time: nobody answers, or the server has too much to do. A refusal has a status below 500. */
function isPassing(error: unknown): boolean {
  const status = statusOf(error)
  return typeof status !== 'number' || status >= 500 || status === 429
}

const NOT_FOUND = 404
const statusOf = (error: unknown): unknown => (error instanceof Error && 'status' in error ? error.status : undefined)
