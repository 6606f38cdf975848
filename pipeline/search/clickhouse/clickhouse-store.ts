import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { ColloquyError } from '../../../schemas/errors.ts'
import { parseJson } from '../../../schemas/json.ts'
import { SYNC_INSERT } from '../../runtime/sync-insert.ts'
import { countTerms, createScore } from '../bm25.ts'
import { SEARCH_AREAS, type IndexFilter, type IndexPoint, type StoreHit, type VectorStore } from '../vector-store.ts'
import { termsOf } from '../search-terms.ts'
import { brainFloats } from './brain-floats.ts'
import { bestByTerms, statisticsOf } from './keyword-search.ts'
import { addIndex, hasIndex, nearestByIndex, nearestExactly } from './nearest-neighbours.ts'
import { ALONE } from './query-settings.ts'
import { namesOf, prepareCollection } from './point-tables.ts'
import { whereOf, type Where } from './point-filter.ts'

export interface ClickHouseStoreOptions {
  readonly client: ClickHouseClient
  /** Of the model; it names the collection. */
  readonly fingerprint: string
  readonly dimension: number
  /** Up to so many of a tenant's points are scanned; default 20,000. Once the collection has more in all, an index is kept. */
  readonly exactPointsMax?: number
}

const EXACT_POINTS_MAX = 20_000
/** What is known of how many points there are is read anew after this time. */
const SIZES_MS = 5_000
const TENANTS_KNOWN_MAX = 10_000
/** Points that one statement removes. */
const REMOVED_MAX = 256
/** Distinct terms of a question; of more, those in the fewest texts. */
const QUESTION_TERMS_MAX = 64
/** Terms that are looked up to find those. */
const LOOKED_UP_MAX = 512

/** What a hit tells, as it is kept in one column; its terms too, since finding them in a text takes longer than all else that a candidate costs. */
const hitSchema = z.object({
  terms: z.record(z.string(), z.number()), length: z.number(),
  in: z.enum(SEARCH_AREAS), kind: z.string(), actor: z.string(), source: z.string(), chunk: z.number(), lang: z.string().nullable(),
  at: z.string(), seq: z.number(), text: z.string(),
})
interface Row {
  readonly id: string
  readonly hit: string
  readonly similarity: number
}
interface Sizes {
  /** Points of a tenant in each area. */
  readonly areas: ReadonlyMap<string, number>
  /** Of all tenants. */
  readonly total: number
  readonly isIndexed: boolean
}

/**
 * Points in ClickHouse tables. Keyword search goes over postings, nearness over all of a tenant's vectors, or an HNSW index where they are many.
 *
 * @throws ColloquyError `other_dimension` where the collection is there with vectors of another one
 */
export async function openClickHouseStore(options: ClickHouseStoreOptions): Promise<VectorStore> {
  const { client, dimension, exactPointsMax = EXACT_POINTS_MAX } = options
  const names = namesOf(options.fingerprint)
  const deps = { client, names }
  const id = await prepareCollection(client, names, dimension)
  let isIndexed = await hasIndex(deps)
  let added = exactPointsMax

  const query = async <T>(sql: string, params: Readonly<Record<string, unknown>>): Promise<T[]> => {
    const result = await client.query({ query: sql, query_params: { ...params }, clickhouse_settings: ALONE, format: 'JSONEachRow' })
    return result.json<T>()
  }
  const remove = async (condition: string, params: Readonly<Record<string, unknown>>): Promise<void> => {
    const command = (sql: string): Promise<unknown> => client.command({ query: sql, query_params: { ...params } })
    await command(`INSERT INTO ${names.terms} SELECT tenant, area, term, -count(), 0 FROM ${names.postings} WHERE ${condition} GROUP BY tenant, area, term`)
    await command(`INSERT INTO ${names.terms} SELECT tenant, area, '', -count(), -sum(length) FROM ${names.points} WHERE ${condition} GROUP BY tenant, area`)
    for (const table of [names.points, names.postings]) await command(`DELETE FROM ${table} WHERE ${condition}`)
    known.clear()
  }
  const existing: VectorStore['existing'] = async (ids) => {
    if (ids.length === 0) return new Set()
    const rows = await query<{ id: string }>(`SELECT id FROM ${names.points} WHERE id IN {ids:Array(UUID)}`, { ids })
    return new Set(rows.map((row) => row.id))
  }
  const insert = async (table: string, values: readonly Readonly<Record<string, unknown>>[], columns?: ColumnNames): Promise<void> => {
    // Small parts are scanned; the index is made for what merging makes of them.
    const settings: ClickHouseSettings = { ...SYNC_INSERT, date_time_input_format: 'best_effort', materialize_skip_indexes_on_insert: 0 }
    await client.insert({ table, values: [...values], format: 'JSONEachRow', clickhouse_settings: settings, ...(columns && { columns: [...columns] }) })
  }
  /** An index costs far more to build than the points to write: it is made once scanning would take too long. */
  const indexIfLarge = async (count: number): Promise<void> => {
    if (isIndexed || (added += count) < exactPointsMax / 4) return
    added = 0
    const [row] = await query<{ rows: string | number }>(
      'SELECT total_rows AS rows FROM system.tables WHERE database = currentDatabase() AND name = {name:String}', { name: names.points })
    if (Number(row?.rows) <= exactPointsMax) return
    await addIndex(deps, dimension)
    isIndexed = true
  }
  const readSizes = async (tenant: string): Promise<Sizes> => {
    const [areas, tables, indexed] = await Promise.all([
      query<{ area: string; texts: string | number }>(
        `SELECT area, sum(texts) AS texts FROM ${names.terms} WHERE tenant = {tenant:String} AND term = '' GROUP BY area`, { tenant }),
      query<{ rows: string | number }>('SELECT total_rows AS rows FROM system.tables WHERE database = currentDatabase() AND name = {name:String}', { name: names.points }),
      isIndexed || hasIndex(deps),
    ])
    return {
      areas: new Map(areas.map(({ area, texts }) => [area, Number(texts)])),
      total: Number(tables[0]?.rows ?? 0), isIndexed: indexed,
    }
  }
  // Nobody but the first waits for them: what was known goes while they are read anew.
  const known = new LRUCache<string, Sizes>({ max: TENANTS_KNOWN_MAX, ttl: SIZES_MS, allowStale: true, fetchMethod: readSizes })
  const nearest = async (tenant: string, where: Where, filter: IndexFilter, vector: Float32Array, limit: number): Promise<string[]> => {
    const { areas, total, isIndexed: indexed } = await known.forceFetch(tenant)
    const points = areasOf(filter).reduce((sum, area) => sum + (areas.get(area) ?? 0), 0)
    // A conversation or a source is small whatever its tenant is.
    const isSmall = points <= exactPointsMax || filter.actor !== undefined || filter.source !== undefined
    if (isSmall || !indexed) return nearestExactly(deps, where, vector, limit)
    const found = await nearestByIndex(deps, where, vector, limit, points / Math.max(1, total))
    return found.length < limit ? nearestExactly(deps, where, vector, limit) : found
  }

  return {
    id, dimension, existing,
    async upsert(points) {
      const wrong = points.find(({ vector }) => vector.length !== dimension)
      if (wrong !== undefined) {
        throw new ColloquyError('other_dimension', `a vector has ${wrong.vector.length} dimensions, and the collection ${names.points} has ${dimension}`)
      }
      if (points.length === 0) return
      const before = await existing(points.map((point) => point.id))
      if (before.size > 0) await remove('id IN {ids:Array(UUID)}', { ids: [...before] })
      const rows = points.map(rowOf)
      // Whoever finds the point finds its terms too; terms without a point are passed over.
      await insert(names.intake, rows.map(({ row, terms }) => ({ ...row, ...terms })))
      await insert(names.points, rows.map(({ row, point }) => ({ ...row, ...point })), POINT_COLUMNS)
      await indexIfLarge(points.length)
    },
    async remove(ids) {
      for (let from = 0; from < ids.length; from += REMOVED_MAX) await remove('id IN {ids:Array(UUID)}', { ids: ids.slice(from, from + REMOVED_MAX) })
    },
    async removeAbove(seq) {
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
    async search({ tenant, filter, vector: given, terms: asked, limit }) {
      const where = whereOf(tenant, filter)
      const areas = areasOf(filter)
      const byVector = async (): Promise<readonly string[]> => {
        const vector = await given
        return vector === undefined ? [] : nearest(tenant, where, filter, vector, limit)
      }
      const byTerms = async () => {
        if (asked === undefined) return undefined
        const { textsWith, ...texts } = await statisticsOf(deps, tenant, areas, [...new Set(asked)].slice(0, LOOKED_UP_MAX))
        const statistics = { ...texts, textsWith: new Map([...textsWith].sort(([, a], [, b]) => a - b).slice(0, QUESTION_TERMS_MAX)) }
        return { score: createScore(statistics), ids: await bestByTerms(deps, where, areas, statistics, limit) }
      }
      // Side by side: the words need not wait for the vector.
      const [near, keyword, vector] = await Promise.all([byVector(), byTerms(), given])
      const ids = [...new Set([...near, ...keyword?.ids ?? []])]
      if (ids.length === 0) return []
      const rows = await query<Row>(
        `SELECT id, hit, ${vector === undefined ? '0' : 'arrayDotProduct(vector, {vector:Array(BFloat16)})'} AS similarity
FROM ${names.points} WHERE tenant = {tenant:String} AND id IN {ids:Array(UUID)}`, { tenant, ids, ...(vector && { vector: [...vector] }) })
      // A writer that was killed between two inserts may have left one twice.
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

function rowOf({ id, tenant, vector, ...given }: IndexPoint) {
  const hit = { ...given, at: new Date(given.at).toISOString() }
  const { in: area, kind, actor, source, lang, at, seq, text } = hit
  const { counts, length } = countTerms(termsOf(text))
  return {
    row: { id, tenant, area, kind, actor, source, lang: lang ?? '', at, seq, length },
    terms: { terms: [...counts.keys()], counts: [...counts.values()] },
    point: { hit: JSON.stringify({ ...hit, terms: Object.fromEntries(counts), length }), bytes: brainFloats(vector).toString('base64') },
  }
}
