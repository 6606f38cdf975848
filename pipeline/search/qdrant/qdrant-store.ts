import { randomUUID } from 'node:crypto'
import { QdrantClient } from '@qdrant/js-client-rest'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { ColloquyError, messageOf } from '../../../schemas/errors.ts'
import { type Pauses, withRetry } from '../../runtime/retry.ts'
import { type CountedTerms, countTerms, createScore } from '../bm25.ts'
import { termsOf } from '../search-terms.ts'
import { type IndexFilter, SEARCH_AREAS, type StoreHit, type VectorStore } from '../vector-store.ts'
import { DENSE, ensureQdrantCollection, type Quantisation, WORDS } from './qdrant-collection.ts'
import { numberOf, sparseQuery, sparseText, USUAL_LENGTH } from './sparse-vectors.ts'

export interface QdrantStoreOptions {
  readonly url: string
  readonly apiKey?: string | undefined
  /** Fingerprint of the model; names the collection. */
  readonly fingerprint: string
  readonly dimension: number
  /** Used when the collection is created; default `none`. */
  readonly quantisation?: Quantisation
  /** Timeout of one request; default 10,000. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000
/** Max points of one request. */
const BATCH_MAX = 256
const RETRIES_MAX = 2
const PAUSES: Pauses = { minMs: 200, maxMs: 400 }
/** How long term frequencies are cached. */
const FREQUENCY_MS = 30_000
const FREQUENCIES_MAX = 100_000
/** Max distinct terms of a query. */
const QUERY_TERMS_MAX = 64

const payloadSchema = z.object({
  tenant: z.string(),
  in: z.enum(SEARCH_AREAS),
  kind: z.string(),
  actor: z.string(),
  source: z.string(),
  chunk: z.number(),
  lang: z.string().nullable(),
  at: z.string(),
  seq: z.number(),
  text: z.string(),
})

/** A condition of a Qdrant filter. */
type Condition = Readonly<Record<string, unknown>>

/**
 * Opens a store in Qdrant, with dense vectors and with terms as sparse vectors. Every query filters by tenant, through Qdrant's tenant
 * index.
 *
 * @throws ColloquyError `qdrant_failed` if Qdrant does not answer or refuses, `other_dimension` as `ensureQdrantCollection`. All methods
 * throw `qdrant_failed`, and `upsert` throws `other_dimension` for a vector of another dimension.
 */
export async function openQdrantStore(options: QdrantStoreOptions): Promise<VectorStore> {
  const { url, apiKey, dimension, quantisation = 'none' } = options
  const timeout = options.timeoutMs ?? TIMEOUT_MS
  const client = new QdrantClient({ url, ...(apiKey !== undefined && { apiKey }), timeout, checkCompatibility: false })
  const name = `colloquy_${options.fingerprint}`
  const frequencies = new LRUCache<string, number>({ max: FREQUENCIES_MAX, ttl: FREQUENCY_MS })

  /** Sends a request, with retries. Every request is idempotent. */
  const request = async <T>(send: () => Promise<T>): Promise<T> => {
    try {
      return await withRetry(send, { pauses: PAUSES, retriesMax: RETRIES_MAX, isFinal: (error) => !isTransient(error) })
    } catch (cause) {
      if (cause instanceof ColloquyError) throw cause
      const what = isTransient(cause) ? 'does not answer' : 'refuses the request'
      throw new ColloquyError(
        'qdrant_failed',
        `Qdrant at ${url} ${what} (${messageOf(cause)}); ` + 'check COLLOQUY_QDRANT_URL and COLLOQUY_QDRANT_API_KEY',
        { cause },
      )
    }
  }
  const id = await request(() => ensureQdrantCollection(client, name, { dimension, quantisation, newId: randomUUID }))
  /** Recreates a deleted collection, empty. The indexer then finds none of its points and fills the collection again. */
  const recreate = async (error: unknown): Promise<never[]> => {
    if (statusOf(error) !== NOT_FOUND) throw error
    await ensureQdrantCollection(client, name, { dimension, quantisation, newId: () => id })
    return []
  }
  const count = async (must: readonly Condition[], exact: boolean): Promise<number> =>
    (await request(() => client.count(name, { filter: { must: [...must] }, exact }))).count
  const cachedCount = async (key: string, must: readonly Condition[]): Promise<number> => {
    const cached = frequencies.get(key) ?? (await count(must, false))
    frequencies.set(key, cached)
    return cached
  }
  const scoreOf = async (tenant: string, terms: readonly string[]): Promise<(text: CountedTerms) => number> => {
    const own = conditionsOf(tenant, {})
    const [texts, ...textsWith] = await Promise.all([
      cachedCount(tenant, own),
      ...terms.map((term) => cachedCount(`${tenant} ${term}`, [...own, { key: 'terms', match: { value: numberOf(term) } }])),
    ])
    const textsWithTerm = new Map(terms.map((term, index) => [term, textsWith[index] ?? 0]))
    return createScore({ texts, averageLength: USUAL_LENGTH, textsWith: textsWithTerm })
  }
  const remove = async (must: readonly Condition[]): Promise<void> => {
    await request(() => client.delete(name, { filter: { must: [...must] }, wait: true }))
    frequencies.clear()
  }

  return {
    id,
    dimension,
    async upsert(points) {
      const wrong = points.find(({ vector }) => vector.length !== dimension)
      if (wrong !== undefined) {
        throw new ColloquyError(
          'other_dimension',
          `a vector has ${wrong.vector.length} dimensions, and the collection ${name} in Qdrant has ${dimension}`,
        )
      }
      for (let from = 0; from < points.length; from += BATCH_MAX) {
        const batch = points.slice(from, from + BATCH_MAX).map(({ id: pointId, vector, ...payload }) => {
          const words = sparseText(termsOf(payload.text))
          return { id: pointId, vector: { [DENSE]: [...vector], [WORDS]: words }, payload: { ...payload, terms: words.indices } }
        })
        await request(() => client.upsert(name, { points: batch, wait: true }))
      }
    },
    async existing(ids) {
      const found = new Set<string>()
      for (let from = 0; from < ids.length; from += BATCH_MAX) {
        const batch = ids.slice(from, from + BATCH_MAX)
        const records = await request(() => client.retrieve(name, { ids: batch, with_payload: false, with_vector: false }).catch(recreate))
        for (const record of records) found.add(String(record.id))
      }
      return found
    },
    async remove(ids) {
      for (let from = 0; from < ids.length; from += BATCH_MAX) {
        await request(() => client.delete(name, { points: ids.slice(from, from + BATCH_MAX), wait: true }))
      }
      frequencies.clear()
    },
    rollbackTo: (seq) => remove([{ key: 'seq', range: { gt: seq } }]),
    deleteBy: (tenant, filter) => remove(conditionsOf(tenant, filter)),
    count: (tenant, filter) => count(conditionsOf(tenant, filter), true),
    async search({ tenant, filter, vector: vectorOrPromise, terms: allTerms, limit }) {
      const vector = await vectorOrPromise
      const terms = allTerms && [...new Set(allTerms)].slice(0, QUERY_TERMS_MAX)
      const must = { must: [...conditionsOf(tenant, filter)] }
      const prefetch = [
        ...(vector === undefined ? [] : [{ query: [...vector], using: DENSE, filter: must, limit }]),
        ...(terms === undefined || terms.length === 0 ? [] : [{ query: sparseQuery(terms), using: WORDS, filter: must, limit }]),
      ]
      if (prefetch.length === 0) return []
      const [{ points }, score] = await Promise.all([
        // One request for both searches: Qdrant merges the candidates, and both scores of each are computed here.
        request(() =>
          client.query(name, {
            prefetch,
            query: { fusion: 'rrf' },
            filter: must,
            limit: limit * prefetch.length,
            with_payload: true,
            with_vector: vector === undefined ? false : [DENSE],
          }),
        ),
        terms && scoreOf(tenant, terms),
      ])
      return points.map((point): StoreHit => {
        const payload = payloadSchema.parse(point.payload)
        // Checked here too, because others may write to this server.
        if (payload.tenant !== tenant) {
          throw new ColloquyError(
            'qdrant_failed',
            `Qdrant at ${url} answered with a point of another tenant; ` + 'check that no other program writes to its collection',
          )
        }
        const similarity = vector === undefined ? null : dot(vector, denseOf(point.vector))
        return { ...payload, id: String(point.id), similarity, keyword: score?.(countTerms(termsOf(payload.text))) ?? null }
      })
    },
  }
}

function conditionsOf(tenant: string, { since, until, ...equal }: IndexFilter): Condition[] {
  const range = {
    ...(since !== undefined && { gte: new Date(since).toISOString() }),
    ...(until !== undefined && { lt: new Date(until).toISOString() }),
  }
  return [
    { key: 'tenant', match: { value: tenant } },
    ...Object.entries(equal).flatMap(([key, value]) => (value === undefined ? [] : [{ key, match: { value } }])),
    ...(Object.keys(range).length === 0 ? [] : [{ key: 'at', range }]),
  ]
}

const denseSchema = z.object({ [DENSE]: z.array(z.number()) })
const denseOf = (vectors: unknown): readonly number[] => denseSchema.safeParse(vectors).data?.[DENSE] ?? []

const dot = (a: Float32Array, b: readonly number[]): number => b.reduce((sum, value, index) => sum + value * (a[index] ?? 0), 0)

/** Whether a retry may help: the server is unreachable or overloaded. A refusal has a status below 500, except 429. */
function isTransient(error: unknown): boolean {
  const status = statusOf(error)
  return typeof status !== 'number' || status >= 500 || status === 429
}

const NOT_FOUND = 404
const statusOf = (error: unknown): unknown => (error instanceof Error && 'status' in error ? error.status : undefined)
