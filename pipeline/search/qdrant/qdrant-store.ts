import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { QdrantClient } from '@qdrant/js-client-rest'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { ColloquyError, messageOf } from '../../../schemas/errors.ts'
import { tagLabels } from '../../../schemas/tags.ts'
import { type BatchBounds, boundedBatches } from '../../runtime/bounded-batches.ts'
import { type Pauses, withRetry } from '../../runtime/retry.ts'
import { createScore, type ScoredTerms, type TermScore } from '../bm25.ts'
import { packCounts, unpackCounts } from '../stored-counts.ts'
import { CURRENT_CUTTER, type TermCutter } from '../term-cutter.ts'
import {
  type IndexFilter,
  type IndexPoint,
  type IndexReader,
  type StoredPoint,
  storedTextSchema,
  type StoreHit,
  type StoreQuery,
  type VectorReader,
  type VectorStore,
} from '../vector-store.ts'
import { DENSE, ensureQdrantCollection, qdrantIdentity, type Quantisation, WORDS } from './qdrant-collection.ts'
import { numberOf, sparseQuery, sparseText, USUAL_LENGTH } from './sparse-vectors.ts'

export interface QdrantStoreOptions {
  readonly url: string
  readonly apiKey?: string | undefined
  /** Name of the collection, which belongs to one model and one cutter. */
  readonly collection: string
  /** Default: the current one. */
  readonly cutter?: TermCutter
  readonly dimension: number
  /** Used when the collection is created; default `none`. */
  readonly quantisation?: Quantisation
  /** Timeout of one request; default 10,000. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000
/** Max ids of one request. */
const IDS_MAX = 256
/** Bounds of one upsert, in bytes of its JSON; Qdrant takes 32 MiB. */
const UPSERT_BOUNDS: BatchBounds = { itemsMax: 256, bytesMax: 8 * 1024 * 1024 }
/** Bytes of one number of a vector as JSON, and of one distinct term: its number, its weight, and number and count in the payload. */
const NUMBER_BYTES = 24
const TERM_BYTES = 56
/** Sources of one request that sets or reads tags. */
const SOURCES_MAX = 64
/** Points of one page of tags. */
const TAGS_PAGE_MAX = 1_000
/** Points of one page of a scan. A page has the texts of its points. */
const PAGE_MAX = 64
const RETRIES_MAX = 2
const PAUSES: Pauses = { minMs: 200, maxMs: 400 }
/** How long term frequencies are cached. */
const FREQUENCY_MS = 30_000
const FREQUENCIES_MAX = 100_000
/** Max distinct terms of a query. */
const QUERY_TERMS_MAX = 64

const payloadSchema = storedTextSchema.extend({ tenant: z.string() })
/** What a search reads. The counts are absent from points of versions up to 0.1.0, and from texts with too many terms. */
const foundSchema = payloadSchema.extend({ length: z.number().optional(), counts: z.string().optional() })
/** Without the numbers of the terms, which only the index needs: they are longer than the text. */
const FOUND_FIELDS = Object.keys(foundSchema.shape)

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
  const { url, dimension, cutter = CURRENT_CUTTER, quantisation = 'none' } = options
  const { client, name, request, reader } = connectQdrant(options)
  const frequencies = new LRUCache<string, number>({ max: FREQUENCIES_MAX, ttl: FREQUENCY_MS })

  const prepare = (): Promise<string> => request(() => ensureQdrantCollection(client, name, { dimension, quantisation, newId: randomUUID }))
  await prepare()
  const count = async (must: readonly Condition[], exact: boolean): Promise<number> =>
    (await request(() => client.count(name, { filter: { must: [...must] }, exact }))).count
  const cachedCount = async (key: string, must: readonly Condition[]): Promise<number> => {
    const cached = frequencies.get(key)
    if (cached !== undefined) return cached
    const counted = await count(must, false)
    frequencies.set(key, counted)
    return counted
  }
  const scoreOf = async (tenant: string, terms: readonly string[]): Promise<(text: ScoredTerms) => TermScore> => {
    const own = conditionsOf(tenant, {})
    const [texts, ...textsWith] = await Promise.all([
      cachedCount(tenant, own),
      ...terms.map((term) => cachedCount(`${tenant} ${term}`, [...own, { key: 'terms', match: { value: numberOf(term) } }])),
    ])
    const textsWithTerm = new Map(terms.map((term, index) => [term, textsWith[index] ?? 0]))
    return createScore({ texts, averageLength: USUAL_LENGTH, textsWith: textsWithTerm })
  }
  /**
   * The nearest points and those with the best terms, in one request. Qdrant ranks both together by the vector, so that each comes with its
   * exact cosine and none with its vector, which is longer than everything else in the answer.
   */
  const candidatesOf = async ({ tenant, filter, limit, ...query }: StoreQuery) => {
    const [vector, terms = []] = [await query.vector, query.terms]
    const must = { must: [...conditionsOf(tenant, filter)] }
    const dense = vector && { query: [...vector], using: DENSE, filter: must, limit }
    const words = terms.length > 0 ? { query: sparseQuery(terms), using: WORDS, filter: must, limit } : undefined
    const ranking = dense ?? words
    if (ranking === undefined) return { points: [], isDense: false }
    const prefetch = [dense, words].filter((one) => one !== undefined)
    const { points } = await request(() =>
      client.query(name, {
        prefetch,
        query: ranking.query,
        using: ranking.using,
        params: { exact: true },
        filter: must,
        limit: limit * prefetch.length,
        with_payload: FOUND_FIELDS,
        with_vector: false,
      }),
    )
    return { points, isDense: dense !== undefined }
  }
  const remove = async (must: readonly Condition[]): Promise<void> => {
    await request(() => client.delete(name, { filter: { must: [...must] }, wait: true }))
    frequencies.clear()
  }

  return {
    ...reader,
    dimension,
    cutter,
    prepare,
    async upsert(points) {
      const wrong = points.find(({ vector }) => vector.length !== dimension)
      if (wrong !== undefined) {
        throw new ColloquyError(
          'other_dimension',
          `a vector has ${wrong.vector.length} dimensions, and the collection ${name} in Qdrant has ${dimension}`,
        )
      }
      for (const batch of boundedBatches(
        points.values().map((point) => requestPoint(point, cutter)),
        UPSERT_BOUNDS,
        bytesOfPoint,
      )) {
        await request(() => client.upsert(name, { points: batch, wait: true }), 'points')
      }
    },
    async remove(ids) {
      for (let from = 0; from < ids.length; from += IDS_MAX) {
        await request(() => client.delete(name, { points: ids.slice(from, from + IDS_MAX), wait: true }))
      }
      frequencies.clear()
    },
    async setTags(sources) {
      for (let from = 0; from < sources.length; from += SOURCES_MAX) {
        const operations = sources
          .slice(from, from + SOURCES_MAX)
          .map(({ tenant, actor, seq, tags }) => ({
            set_payload: { payload: { tags: tagLabels(tags), tagsSeq: seq }, filter: { must: sourceConditions(tenant, actor) } },
          }))
        await request(() => client.batchUpdate(name, { operations, wait: true }))
      }
    },
    async rollbackTo(seq) {
      await remove([{ key: 'seq', range: { gt: seq } }])
      const filter = { must: [{ key: 'tagsSeq', range: { gt: seq } }] }
      await request(() => client.setPayload(name, { payload: { tags: [], tagsSeq: 0 }, filter, wait: true }))
    },
    deleteBy: (tenant, filter) => remove(conditionsOf(tenant, filter)),
    count: (tenant, filter) => count(conditionsOf(tenant, filter), true),
    async search(query) {
      const { tenant } = query
      const terms = query.terms && [...new Set(query.terms)].slice(0, QUERY_TERMS_MAX)
      // Concurrently: the frequencies of the terms do not need the vector.
      const [{ points, isDense }, score] = await Promise.all([candidatesOf({ ...query, terms }), terms && scoreOf(tenant, terms)])
      return points.map((point): StoreHit => {
        const { counts, length, ...payload } = foundSchema.parse(point.payload)
        // Checked here too, because others may write to this server.
        if (payload.tenant !== tenant) {
          throw new ColloquyError(
            'qdrant_failed',
            `Qdrant at ${url} answered with a point of another tenant; ` + 'check that no other program writes to its collection',
          )
        }
        const counted = (): ScoredTerms =>
          counts === undefined || length === undefined ? cutter.count(payload.text) : { counts: unpackCounts(counts), length }
        const scored = score?.(counted()) ?? { keyword: null, bm25: null }
        return { ...payload, id: String(point.id), similarity: isDense ? point.score : null, ...scored }
      })
    },
  }
}

interface Connection {
  readonly client: QdrantClient
  readonly name: string
  /** Sends a request, with retries. Every request is idempotent. @param content the request carries points, which may be refused. */
  request<T>(send: () => Promise<T>, content?: 'points'): Promise<T>
  readonly reader: IndexReader & VectorReader
}

type ConnectOptions = Pick<QdrantStoreOptions, 'url' | 'apiKey' | 'collection' | 'timeoutMs'>

/** Opens the points of a collection for reading, without its model. Its methods throw ColloquyError as `openQdrantStore`'s do. */
export const openQdrantIndexReader = (options: ConnectOptions): IndexReader & VectorReader => connectQdrant(options).reader

function connectQdrant({ url, apiKey, collection, timeoutMs: timeout = TIMEOUT_MS }: ConnectOptions): Connection {
  const client = new QdrantClient({ url, ...(apiKey !== undefined && { apiKey }), timeout, checkCompatibility: false })
  const name = `colloquy_${collection}`
  const request: Connection['request'] = async (send, content) => {
    try {
      return await withRetry(send, { pauses: PAUSES, retriesMax: RETRIES_MAX, isFinal: (error) => !isTransient(error) })
    } catch (cause) {
      if (cause instanceof ColloquyError) throw cause
      if (statusOf(cause) === NOT_FOUND) {
        throw new ColloquyError(
          'index_filling',
          `the collection ${name} of the search index is not in Qdrant; the role embed creates it and fills it from LOG`,
          { cause },
        )
      }
      if (content === 'points' && REFUSED.has(statusOf(cause))) {
        throw new ColloquyError('index_refused', `Qdrant refuses a point (${messageOf(cause)})`, { cause })
      }
      const what = isTransient(cause) ? 'does not answer' : 'refuses the request'
      throw new ColloquyError(
        'qdrant_failed',
        `Qdrant at ${url} ${what} (${messageOf(cause)}); ` + 'check COLLOQUY_QDRANT_URL and COLLOQUY_QDRANT_API_KEY',
        { cause },
      )
    }
  }
  async function* scroll(must: readonly Condition[]): AsyncGenerator<readonly StoredPoint[]> {
    for (let offset: string | number | undefined; ;) {
      const page = await request(() =>
        client.scroll(name, {
          filter: { must: [...must] },
          limit: PAGE_MAX,
          ...(offset !== undefined && { offset }),
          with_payload: { exclude: ['terms', 'counts'] },
          with_vector: false,
        }),
      )
      yield page.points.map(({ id, payload }) => ({ ...readPayload(payload), id: String(id) }))
      const next = page.next_page_offset
      if (typeof next !== 'string' && typeof next !== 'number') return
      offset = next
    }
  }
  const reader: IndexReader & VectorReader = {
    identity: () => request(() => qdrantIdentity(client, name)),
    async *scan(range) {
      if ((await reader.identity()) === undefined) return
      const tenant: readonly Condition[] = range.tenant === undefined ? [] : [{ key: 'tenant', match: { value: range.tenant } }]
      yield* scroll([{ key: 'seq', range: { ...(range.from > 0 && { gte: range.from }), lte: range.to } }, ...tenant])
      // Points of other programs may have no sequence.
      if (range.from === 0) yield* scroll([{ is_empty: { key: 'seq' } }, ...tenant])
    },
    async existing(ids) {
      const found = new Set<string>()
      for (let from = 0; from < ids.length; from += IDS_MAX) {
        const batch = ids.slice(from, from + IDS_MAX)
        for (const { id } of await request(() => client.retrieve(name, { ids: batch, with_payload: false, with_vector: false }))) {
          found.add(String(id))
        }
      }
      return found
    },
    async tagsOf(tenant, actors) {
      const found = new Map<string, string[][]>()
      for (let from = 0; from < actors.length; from += SOURCES_MAX) {
        const filter = { must: sourceConditions(tenant, ...actors.slice(from, from + SOURCES_MAX)) }
        for (let offset: string | number | undefined; ;) {
          const page = await request(() =>
            client.scroll(name, { filter, limit: TAGS_PAGE_MAX, ...(offset !== undefined && { offset }), with_payload: ['actor', 'tags'] }),
          )
          for (const { payload } of page.points) addTags(found, payload)
          const next = page.next_page_offset
          if (typeof next !== 'string' && typeof next !== 'number') break
          offset = next
        }
      }
      return found
    },
    async vectorsOf(tenant, ids) {
      const found = new Map<string, Float32Array>()
      for (let from = 0; from < ids.length; from += IDS_MAX) {
        const batch = ids.slice(from, from + IDS_MAX)
        const points = await request(() => client.retrieve(name, { ids: batch, with_payload: ['tenant'], with_vector: [DENSE] }))
        for (const { id, payload, vector } of points) {
          if (payload?.['tenant'] === tenant) found.set(String(id), Float32Array.from(denseOf(vector)))
        }
      }
      return found
    },
  }
  return { client, name, request, reader }
}

/** A payload that is not ours gives a point without properties, with the sequence -1, which no record has. */
const readPayload = (payload: unknown): Omit<StoredPoint, 'id'> =>
  payloadSchema.safeParse(payload).data ?? {
    tenant: '',
    in: 'messages',
    kind: '',
    actor: '',
    source: '',
    chunk: 0,
    lang: null,
    at: '',
    seq: -1,
    text: '',
  }

function requestPoint({ id, vector, ...payload }: IndexPoint, cutter: TermCutter) {
  const counted = cutter.count(payload.text)
  const words = sparseText(counted)
  const counts = packCounts(counted)
  return {
    id,
    vector: { [DENSE]: [...vector], [WORDS]: words },
    payload: { ...payload, terms: words.indices, length: counted.length, ...(counts !== undefined && { counts }) },
  }
}

const bytesOfPoint = ({ vector, payload }: ReturnType<typeof requestPoint>): number =>
  Buffer.byteLength(payload.text) + vector[DENSE].length * NUMBER_BYTES + payload.terms.length * TERM_BYTES

/** The points of sources of knowledge. */
const sourceConditions = (tenant: string, ...actors: readonly string[]): Condition[] => [
  ...conditionsOf(tenant, { in: 'knowledge' }),
  { key: 'actor', match: { any: actors } },
]

const tagsPayload = z.object({ actor: z.string(), tags: z.array(z.string()).catch([]) })

/** Adds the tags of a point to those of its source, if no other point has the same. */
function addTags(found: Map<string, string[][]>, payload: unknown): void {
  const point = tagsPayload.safeParse(payload).data
  if (point === undefined) return
  const lists = found.get(point.actor) ?? []
  found.set(point.actor, lists)
  if (!lists.some((list) => isDeepStrictEqual(list, point.tags))) lists.push(point.tags)
}

function conditionsOf(tenant: string, { since, until, tags = [], ...equal }: IndexFilter): Condition[] {
  const range = {
    ...(since !== undefined && { gte: new Date(since).toISOString() }),
    ...(until !== undefined && { lt: new Date(until).toISOString() }),
  }
  return [
    { key: 'tenant', match: { value: tenant } },
    ...Object.entries(equal).flatMap(([key, value]) => (value === undefined ? [] : [{ key, match: { value } }])),
    ...(Object.keys(range).length === 0 ? [] : [{ key: 'at', range }]),
    ...tags.map((labels) => ({ key: 'tags', match: { any: [...new Set(labels)] } })),
  ]
}

const denseSchema = z.object({ [DENSE]: z.array(z.number()) })
const denseOf = (vectors: unknown): readonly number[] => denseSchema.safeParse(vectors).data?.[DENSE] ?? []

/** Whether a retry may help: the server is unreachable or overloaded. A refusal has a status below 500, except 429. */
function isTransient(error: unknown): boolean {
  const status = statusOf(error)
  return typeof status !== 'number' || status >= 500 || status === 429
}

const NOT_FOUND = 404
/** A bad request, a request that is too large, and a value that cannot be processed. */
const REFUSED: ReadonlySet<unknown> = new Set([400, 413, 422])
const statusOf = (error: unknown): unknown => (error instanceof Error && 'status' in error ? error.status : undefined)
