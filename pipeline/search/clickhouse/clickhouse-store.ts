import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { ColloquyError } from '../../../schemas/errors.ts'
import { parseJson } from '../../../schemas/json.ts'
import { SYNC_INSERT } from '../../runtime/sync-insert.ts'
import { countTerms, createScore } from '../bm25.ts'
import { termsOf } from '../search-terms.ts'
import { type IndexFilter, type IndexPoint, SEARCH_AREAS, type StoreHit, type VectorStore } from '../vector-store.ts'
import { bestByTerms, statisticsOf } from './keyword-search.ts'
import { addIndex, hasIndex, nearestByIndex, nearestExactly } from './nearest-neighbours.ts'
import { SINGLE_THREAD, type Where, whereOf } from './point-query.ts'
import { ensurePointTables, namesOf } from './point-tables.ts'

export interface ClickHouseStoreOptions {
  readonly client: ClickHouseClient
  /** Fingerprint of the model; names the collection. */
  readonly fingerprint: string
  readonly dimension: number
  /** Max points of a tenant that a query scans; default 20,000. A collection with more points in total gets a vector index. */
  readonly exactPointsMax?: number
}

const EXACT_POINTS_MAX = 20_000
/** How long the numbers of points of a tenant are cached. */
const SIZES_MS = 5_000
const TENANTS_CACHED_MAX = 10_000
/** Max points that one statement removes. */
const REMOVED_MAX = 256
/** Max distinct terms of a query; the rarest are used. */
const QUERY_TERMS_MAX = 64
/** Max terms whose frequencies are read to find the rarest. */
const TERMS_READ_MAX = 512

/**
 * The `hit` column: all properties of a hit, and its term counts. They are stored, because computing term counts takes longer than all
 * other work for a candidate.
 */
const hitSchema = z.object({
  terms: z.record(z.string(), z.number()),
  length: z.number(),
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
interface Row {
  readonly id: string
  readonly hit: string
  readonly similarity: number
}
interface Sizes {
  /** Number of points of the tenant by area. */
  readonly areas: ReadonlyMap<string, number>
  /** Number of points of all tenants. */
  readonly total: number
  readonly isIndexed: boolean
}

/**
 * Opens a store in ClickHouse tables. Keyword search reads postings. Vector search scans the vectors of the tenant, or uses an HNSW index
 * if there are many.
 *
 * @throws ColloquyError `bad_collection` and `other_dimension` as `namesOf` and `ensurePointTables`. `upsert` throws `other_dimension` for
 * a vector of another dimension.
 */
export async function openClickHouseStore(options: ClickHouseStoreOptions): Promise<VectorStore> {
  const { client, dimension, exactPointsMax = EXACT_POINTS_MAX } = options
  const names = namesOf(options.fingerprint)
  const deps = { client, names }
  const id = await ensurePointTables(client, names, dimension)
  let isIndexed = await hasIndex(deps)
  let pointsSinceCheck = exactPointsMax

  const query = async <T>(sql: string, params: Readonly<Record<string, unknown>>): Promise<T[]> => {
    const query_params = { ...params }
    const result = await client.query({ query: sql, query_params, clickhouse_settings: SINGLE_THREAD, format: 'JSONEachRow' })
    return result.json<T>()
  }
  const remove = async (condition: string, params: Readonly<Record<string, unknown>>): Promise<void> => {
    const command = (sql: string): Promise<unknown> => client.command({ query: sql, query_params: { ...params } })
    await command(`INSERT INTO ${names.terms} SELECT tenant, area, term, -count(), 0
FROM ${names.postings} WHERE ${condition} GROUP BY tenant, area, term`)
    await command(`INSERT INTO ${names.terms} SELECT tenant, area, '', -count(), -sum(length)
FROM ${names.points} WHERE ${condition} GROUP BY tenant, area`)
    for (const table of [names.points, names.postings]) await command(`DELETE FROM ${table} WHERE ${condition}`)
    sizes.clear()
  }
  const existing: VectorStore['existing'] = async (ids) => {
    if (ids.length === 0) return new Set()
    const rows = await query<{ id: string }>(`SELECT id FROM ${names.points} WHERE id IN {ids:Array(UUID)}`, { ids })
    return new Set(rows.map((row) => row.id))
  }
  const insert = async (table: string, values: readonly Readonly<Record<string, unknown>>[], columns?: ColumnNames): Promise<void> => {
    // New parts are small and scanned; ClickHouse builds the index when it merges them.
    const settings: ClickHouseSettings = { ...SYNC_INSERT, date_time_input_format: 'best_effort', materialize_skip_indexes_on_insert: 0 }
    await client.insert({
      table,
      values: [...values],
      format: 'JSONEachRow',
      clickhouse_settings: settings,
      ...(columns && { columns: [...columns] }),
    })
  }
  const totalPoints = async (): Promise<number> => {
    const [row] = await query<{ rows: string | number }>(
      'SELECT total_rows AS rows FROM system.tables WHERE database = currentDatabase() AND name = {name:String}',
      { name: names.points },
    )
    return Number(row?.rows ?? 0)
  }
  /** Adds the index once a scan would take too long: building it costs far more than writing the points. */
  const indexIfLarge = async (count: number): Promise<void> => {
    if (isIndexed || (pointsSinceCheck += count) < exactPointsMax / 4) return
    pointsSinceCheck = 0
    if ((await totalPoints()) <= exactPointsMax) return
    await addIndex(deps, dimension)
    isIndexed = true
  }
  const readSizes = async (tenant: string): Promise<Sizes> => {
    const [areas, total, indexed] = await Promise.all([
      query<{ area: string; texts: string | number }>(
        `SELECT area, sum(texts) AS texts FROM ${names.terms} WHERE tenant = {tenant:String} AND term = '' GROUP BY area`,
        { tenant },
      ),
      totalPoints(),
      isIndexed || hasIndex(deps),
    ])
    return { areas: new Map(areas.map(({ area, texts }) => [area, Number(texts)])), total, isIndexed: indexed }
  }
  // Only the first query of a tenant waits for them: later ones use the cached sizes while they are refreshed.
  const sizes = new LRUCache<string, Sizes>({ max: TENANTS_CACHED_MAX, ttl: SIZES_MS, allowStale: true, fetchMethod: readSizes })
  const nearest = async (tenant: string, where: Where, filter: IndexFilter, vector: Float32Array, limit: number): Promise<string[]> => {
    const { areas, total, isIndexed: indexed } = await sizes.forceFetch(tenant)
    const points = areasOf(filter).reduce((sum, area) => sum + (areas.get(area) ?? 0), 0)
    // One conversation or source has few points, however many its tenant has.
    const isSmall = points <= exactPointsMax || filter.actor !== undefined || filter.source !== undefined
    if (isSmall || !indexed) return nearestExactly(deps, where, vector, limit)
    const ids = await nearestByIndex(deps, where, vector, limit, points / Math.max(1, total))
    return ids.length < limit ? nearestExactly(deps, where, vector, limit) : ids
  }

  return {
    id,
    dimension,
    existing,
    async upsert(points) {
      const wrong = points.find(({ vector }) => vector.length !== dimension)
      if (wrong !== undefined) {
        throw new ColloquyError(
          'other_dimension',
          `a vector has ${wrong.vector.length} dimensions, and the collection ${names.points} has ${dimension}`,
        )
      }
      if (points.length === 0) return
      const before = await existing(points.map((point) => point.id))
      if (before.size > 0) await remove('id IN {ids:Array(UUID)}', { ids: [...before] })
      const rows = points.map(rowOf)
      // Terms first: a stored point always has its terms, and searches ignore terms without a point.
      await insert(
        names.intake,
        rows.map(({ row, terms }) => ({ ...row, ...terms })),
      )
      await insert(
        names.points,
        rows.map(({ row, point }) => ({ ...row, ...point })),
        POINT_COLUMNS,
      )
      await indexIfLarge(points.length)
    },
    async remove(ids) {
      for (let from = 0; from < ids.length; from += REMOVED_MAX) {
        await remove('id IN {ids:Array(UUID)}', { ids: ids.slice(from, from + REMOVED_MAX) })
      }
    },
    async rollbackTo(seq) {
      await remove('seq > {seq:UInt64}', { seq })
    },
    async deleteBy(tenant, filter) {
      const { sql, params } = whereOf(tenant, filter)
      await remove(sql, params)
    },
    async count(tenant, filter) {
      const { sql, params } = whereOf(tenant, filter)
      const [row] = await query<{ count: string | number }>(`SELECT count() AS count FROM ${names.points} WHERE ${sql}`, params)
      return Number(row?.count)
    },
    async search({ tenant, filter, vector: vectorOrPromise, terms: allTerms, limit }) {
      const where = whereOf(tenant, filter)
      const areas = areasOf(filter)
      const byVector = async (): Promise<readonly string[]> => {
        const vector = await vectorOrPromise
        return vector === undefined ? [] : nearest(tenant, where, filter, vector, limit)
      }
      const byTerms = async () => {
        if (allTerms === undefined) return undefined
        const { textsWith, ...texts } = await statisticsOf(deps, tenant, areas, [...new Set(allTerms)].slice(0, TERMS_READ_MAX))
        const statistics = { ...texts, textsWith: new Map([...textsWith].sort(([, a], [, b]) => a - b).slice(0, QUERY_TERMS_MAX)) }
        return { score: createScore(statistics), ids: await bestByTerms(deps, where, areas, statistics, limit) }
      }
      // Concurrently: the keyword search does not need the vector.
      const [near, keyword, vector] = await Promise.all([byVector(), byTerms(), vectorOrPromise])
      const ids = [...new Set([...near, ...(keyword?.ids ?? [])])]
      if (ids.length === 0) return []
      const rows = await query<Row>(
        `SELECT id, hit, ${vector === undefined ? '0' : 'arrayDotProduct(vector, {vector:Array(BFloat16)})'} AS similarity
FROM ${names.points} WHERE tenant = {tenant:String} AND id IN {ids:Array(UUID)}`,
        { tenant, ids, ...(vector && { vector: [...vector] }) },
      )
      // An interrupted writer may have left a point twice.
      return [...new Map(rows.map((row) => [row.id, row])).values()].map((row): StoreHit => {
        const { terms, length, ...hit } = hitSchema.parse(parseJson(row.hit))
        const score = keyword?.score({ counts: new Map(Object.entries(terms)), length })
        return { ...hit, id: row.id, tenant, similarity: vector === undefined ? null : row.similarity, keyword: score ?? null }
      })
    },
  }
}

const areasOf = (filter: IndexFilter): readonly string[] => (filter.in === undefined ? SEARCH_AREAS : [filter.in])

type ColumnNames = readonly [string, ...string[]]
const POINT_COLUMNS: ColumnNames = ['tenant', 'area', 'id', 'kind', 'actor', 'source', 'lang', 'at', 'seq', 'length', 'hit', 'bytes']

function rowOf({ id, tenant, vector, ...properties }: IndexPoint) {
  const hit = { ...properties, at: new Date(properties.at).toISOString() }
  const { in: area, kind, actor, source, lang, at, seq, text } = hit
  const { counts, length } = countTerms(termsOf(text))
  return {
    row: { id, tenant, area, kind, actor, source, lang: lang ?? '', at, seq, length },
    terms: { terms: [...counts.keys()], counts: [...counts.values()] },
    point: { hit: JSON.stringify({ ...hit, terms: Object.fromEntries(counts), length }), bytes: brainFloats(vector).toString('base64') },
  }
}

/** Converts finite 32-bit floats to bfloat16, rounded to even, in ClickHouse's byte order. */
export function brainFloats(vector: Float32Array): Buffer {
  const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length)
  const bytes = Buffer.alloc(vector.length * 2)
  for (const [index, value] of bits.entries()) bytes.writeUInt16LE((value + 0x7fff + ((value >>> 16) & 1)) >>> 16, index * 2)
  return bytes
}
