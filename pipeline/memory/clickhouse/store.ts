import type { ClickHouseClient } from '@clickhouse/client'
import { LRUCache } from 'lru-cache'
import { ColloquyError } from '../../../schemas/errors.ts'
import { createScore } from '../bm25.ts'
import { MEMORY_AREAS, type MemoryFilter, type MemoryPoint, type StoreHit, type VectorStore } from '../store.ts'
import { termsOf } from '../terms.ts'
import { bestByTerms, textsWith } from './keyword.ts'
import { addIndex, hasIndex, nearestByIndex, nearestExactly } from './nearest.ts'
import { namesOf, prepareCollection } from './tables.ts'
import { whereOf, type Where } from './where.ts'

export interface ClickHouseStoreOptions {
  readonly client: ClickHouseClient
  /** Of the model; it names the collection. */
  readonly fingerprint: string
  readonly dimension: number
  /** Up to so many of a tenant's points are scanned; default 20,000. Once the collection has more in all, an index is kept. */
  readonly exactPointsMax?: number
}

const EXACT_POINTS_MAX = 20_000
/** What is known of how many texts there are is read anew after this time. */
const COUNTS_MS = 5_000
const TENANTS_KNOWN_MAX = 10_000
/** Points that one statement removes. */
const REMOVED_MAX = 256
/** Distinct terms of a question; of more, those in the fewest texts. */
const QUESTION_TERMS_MAX = 64
/** Terms that are looked up to find those. */
const LOOKED_UP_MAX = 512

interface Row {
  readonly id: string
  readonly area: string
  readonly kind: string
  readonly actor: string
  readonly source: string
  readonly lang: string
  readonly atMs: string | number
  readonly seq: string | number
  readonly chunk: number
  readonly text: string
  readonly similarity: number
}
interface Counts {
  /** Of each area, and the terms of them all together. */
  readonly areas: ReadonlyMap<string, { readonly texts: number; readonly terms: number }>
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
    const result = await client.query({ query: sql, query_params: { ...params }, format: 'JSONEachRow' })
    return result.json<T>()
  }
  const remove = async (condition: string, params: Readonly<Record<string, unknown>>): Promise<void> => {
    for (const table of [names.points, names.postings]) {
      await client.command({ query: `DELETE FROM ${table} WHERE ${condition}`, query_params: { ...params } })
    }
    known.clear()
  }
  const existing: VectorStore['existing'] = async (ids) => {
    if (ids.length === 0) return new Set()
    const rows = await query<{ id: string }>(`SELECT id FROM ${names.points} WHERE id IN {ids:Array(UUID)}`, { ids })
    return new Set(rows.map((row) => row.id))
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
  const readCounts = async (tenant: string): Promise<Counts> => {
    const [areas, tables, indexed] = await Promise.all([
      query<{ area: string; texts: string | number; terms: string | number }>(
        `SELECT area, count() AS texts, sum(length) AS terms FROM ${names.points} WHERE tenant = {tenant:String} GROUP BY area`, { tenant }),
      query<{ rows: string | number }>('SELECT total_rows AS rows FROM system.tables WHERE database = currentDatabase() AND name = {name:String}', { name: names.points }),
      isIndexed || hasIndex(deps),
    ])
    return {
      areas: new Map(areas.map(({ area, texts, terms }) => [area, { texts: Number(texts), terms: Number(terms) }])),
      total: Number(tables[0]?.rows ?? 0), isIndexed: indexed,
    }
  }
  // Nobody but the first waits for them: what was known goes while they are read anew.
  const known = new LRUCache<string, Counts>({ max: TENANTS_KNOWN_MAX, ttl: COUNTS_MS, allowStale: true, fetchMethod: readCounts })
  const nearest = async (where: Where, filter: MemoryFilter, vector: Float32Array, limit: number, counts: Counts): Promise<string[]> => {
    const texts = sum(counts, areasOf(filter), 'texts')
    // A conversation or a source is small whatever its tenant is.
    const isSmall = texts <= exactPointsMax || filter.actor !== undefined || filter.source !== undefined
    if (isSmall || !counts.isIndexed) return nearestExactly(deps, where, vector, limit)
    const found = await nearestByIndex(deps, where, vector, limit, texts / Math.max(1, counts.total))
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
      await insert(client, names.intake, rows.map(({ row, terms }) => ({ ...row, ...terms })))
      await insert(client, names.points, rows.map(({ row }, index) => ({
        ...row, chunk: points[index]?.chunk, text: points[index]?.text, vector: [...points[index]?.vector ?? []],
      })))
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
    async search({ tenant, filter, vector, terms: given, limit }) {
      const where = whereOf(tenant, filter)
      const areas = areasOf(filter)
      const counts = await known.forceFetch(tenant)
      const byVector = vector && nearest(where, filter, vector, limit, counts)
      const byTerms = (async () => {
        if (given === undefined) return undefined
        const terms = [...new Set(given)].slice(0, LOOKED_UP_MAX)
        const frequencies = terms.length === 0 ? [] : [...await textsWith(deps, tenant, areas, terms)]
        const texts = sum(counts, areas, 'texts')
        const statistics = {
          texts, averageLength: sum(counts, areas, 'terms') / Math.max(1, texts),
          textsWith: new Map(frequencies.sort(([, a], [, b]) => a - b).slice(0, QUESTION_TERMS_MAX)),
        }
        return { score: createScore(statistics), ids: await bestByTerms(deps, where, areas, statistics, limit) }
      })()
      const [near, keyword] = await Promise.all([byVector, byTerms])
      const ids = [...new Set([...near ?? [], ...keyword?.ids ?? []])]
      if (ids.length === 0) return []
      const rows = await query<Row>(
        `SELECT id, area, kind, actor, source, lang, toUnixTimestamp64Milli(at) AS atMs, seq, chunk, text,
${vector === undefined ? '0' : 'arrayDotProduct(vector, {vector:Array(Float32)})'} AS similarity
FROM ${names.points} WHERE ${where.sql} AND id IN {ids:Array(UUID)}`, { ...where.params, ids, ...(vector && { vector: [...vector] }) })
      // A writer that was killed between two inserts may have left one twice.
      return [...new Map(rows.map((row) => [row.id, row])).values()].map((row): StoreHit => ({
        id: row.id, tenant, in: row.area === 'knowledge' ? 'knowledge' : 'messages', kind: row.kind, actor: row.actor, source: row.source, chunk: row.chunk,
        lang: row.lang === '' ? null : row.lang, at: new Date(Number(row.atMs)).toISOString(), seq: Number(row.seq), text: row.text,
        similarity: vector === undefined ? null : row.similarity, keyword: keyword?.score(termsOf(row.text)) ?? null,
      }))
    },
  }
}

const areasOf = (filter: MemoryFilter): readonly string[] => (filter.in === undefined ? MEMORY_AREAS : [filter.in])

const sum = ({ areas }: Counts, of: readonly string[], what: 'texts' | 'terms'): number =>
  of.reduce((all, area) => all + (areas.get(area)?.[what] ?? 0), 0)

function rowOf({ id, tenant, in: area, kind, actor, source, lang, at, seq, text }: MemoryPoint) {
  const terms = termsOf(text)
  const counts = new Map<string, number>()
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  return {
    row: { id, tenant, area, kind, actor, source, lang: lang ?? '', at, seq, length: terms.length },
    terms: { terms: [...counts.keys()], counts: [...counts.values()] },
  }
}

async function insert(client: ClickHouseClient, table: string, values: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  await client.insert({ table, values: [...values], format: 'JSONEachRow', clickhouse_settings: { date_time_input_format: 'best_effort' } })
}
