import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import { ColloquyError, messageOf } from '../../../schemas/errors.ts'
import { type BatchBounds, boundedBatches } from '../../runtime/bounded-batches.ts'
import { damageError, isMissingTable, isRowRefusal, PARAMETER_BOUNDS, parameterBytes } from '../../runtime/clickhouse-failures.ts'
import { SYNC_INSERT } from '../../runtime/sync-insert.ts'
import { createScore } from '../bm25.ts'
import { CURRENT_CUTTER, type TermCutter } from '../term-cutter.ts'
import { type IndexPoint, type IndexReader, type StoreHit, type VectorReader, type VectorStore } from '../vector-store.ts'
import { contentVersionOf } from './content-version.ts'
import { bestByTerms, statisticsOf } from './keyword-search.ts'
import { addIndex, hasIndex, type IndexShare, nearestByIndex, nearestExactly } from './nearest-neighbours.ts'
import { SINGLE_THREAD, type Where, whereOf } from './point-query.ts'
import { scanPoints } from './point-scan.ts'
import { ensurePointTables, identityOf, type Names, namesOf } from './point-tables.ts'
import { areasOf, countPoints, createSearchPlanner, partsOf } from './search-plan.ts'
import { insertTags, tagsReader } from './source-tags.ts'
import { readHit, writeHit } from './stored-hit.ts'

export interface ClickHouseStoreOptions {
  readonly client: ClickHouseClient
  /** Name of the collection, which belongs to one model and one cutter. */
  readonly collection: string
  /** Default: the current one. */
  readonly cutter?: TermCutter
  readonly dimension: number
  /** Max points of a tenant that a query scans; default 20,000. A collection with more points in total gets a vector index. */
  readonly exactPointsMax?: number
}

const EXACT_POINTS_MAX = 20_000
/** Bounds of one insert, in bytes of texts and vectors. The terms of a text have up to a few times as many. */
const INSERT_BOUNDS: BatchBounds = { itemsMax: 1_024, bytesMax: 2 * 1024 * 1024 }
/** Bytes of one number of a vector, as base64 of a bfloat16. */
const VECTOR_BYTES = 3
/** Max distinct terms of a query; the rarest are used. */
const QUERY_TERMS_MAX = 64
/** Bounds of the terms whose frequencies are read to find the rarest. */
const TERMS_READ: BatchBounds = { ...PARAMETER_BOUNDS, itemsMax: 512 }

interface Row {
  readonly id: string
  readonly hit: string
  readonly similarity: number
}
/**
 * Opens a store in ClickHouse tables. Keyword search reads postings. Vector search scans the vectors of the tenant, or uses an HNSW index
 * if there are many.
 *
 * @throws ColloquyError `bad_collection` and `other_dimension` as `namesOf` and `ensurePointTables`. `upsert` throws `other_dimension` for
 * a vector of another dimension.
 */
export async function openClickHouseStore(options: ClickHouseStoreOptions): Promise<VectorStore> {
  const { client, dimension, cutter = CURRENT_CUTTER, exactPointsMax = EXACT_POINTS_MAX } = options
  const names = namesOf(options.collection)
  const deps = { client, names }
  const reader = openClickHouseIndexReader(options)
  const prepare = (): Promise<string> => ensurePointTables(client, names, dimension)
  await prepare()
  let isIndexed = await hasIndex(deps)
  let pointsSinceCheck = exactPointsMax
  const planner = createSearchPlanner({ ...deps, exactPointsMax, isIndexed: () => isIndexed })

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
    planner.clear()
  }
  const insert = async (table: string, values: readonly Readonly<Record<string, unknown>>[], columns?: ColumnNames): Promise<void> => {
    // A part without an index would slow down all searches (`nearestByIndex`). Before there is an index, `addIndex` will index all parts.
    const settings: ClickHouseSettings = {
      ...SYNC_INSERT,
      date_time_input_format: 'best_effort',
      materialize_skip_indexes_on_insert: isIndexed ? 1 : 0,
    }
    await client.insert({
      table,
      values: [...values],
      format: 'JSONEachRow',
      clickhouse_settings: settings,
      ...(columns && { columns: [...columns] }),
    })
  }
  /** Adds the index once a scan would take too long: building it costs far more than writing the points. */
  const indexIfLarge = async (count: number): Promise<void> => {
    if (isIndexed || (pointsSinceCheck += count) < exactPointsMax / 4) return
    pointsSinceCheck = 0
    if ((await partsOf(deps)).total <= exactPointsMax) return
    await addIndex(deps, dimension)
    isIndexed = true
  }
  const nearest = async (plan: IndexShare | undefined, where: Where, vector: Float32Array, limit: number): Promise<string[]> => {
    if (plan === undefined) return nearestExactly(deps, where, vector, limit)
    const ids = await nearestByIndex(deps, where, vector, limit, plan)
    return ids.length < limit ? nearestExactly(deps, where, vector, limit) : ids
  }

  const upsertBatch = async (points: readonly IndexPoint[]): Promise<void> => {
    const before = await reader.existing(points.map((point) => point.id))
    if (before.size > 0) await removeAll([...before])
    const rows = points.map((point) => rowOf(point, cutter))
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
  }
  const removeAll = async (ids: readonly string[]): Promise<void> => {
    for (const some of boundedBatches(ids, PARAMETER_BOUNDS, parameterBytes)) await remove('id IN {ids:Array(UUID)}', { ids: some })
  }

  const store: VectorStore = {
    ...reader,
    dimension,
    cutter,
    async prepare() {
      const id = await prepare()
      planner.clear()
      isIndexed = await hasIndex(deps)
      return id
    },
    async upsert(points) {
      const wrong = points.find(({ vector }) => vector.length !== dimension)
      if (wrong !== undefined) {
        throw new ColloquyError(
          'other_dimension',
          `a vector has ${wrong.vector.length} dimensions, and the collection ${names.points} has ${dimension}`,
        )
      }
      const bytesOf = ({ text }: IndexPoint): number => Buffer.byteLength(text) + dimension * VECTOR_BYTES
      for (const batch of boundedBatches(points, INSERT_BOUNDS, bytesOf)) await upsertBatch(batch)
    },
    // A statement that deletes nothing costs as much as one that does.
    remove: async (ids) => removeAll([...(await reader.existing(ids))]),
    setTags: (sources) => insertTags(client, names, sources),
    async rollbackTo(seq) {
      await remove('seq > {seq:UInt64}', { seq })
      await client.command({ query: `DELETE FROM ${names.tags} WHERE seq > {seq:UInt64}`, query_params: { seq } })
    },
    async deleteBy(tenant, filter) {
      const { sql, params } = whereOf(names, tenant, filter)
      await remove(sql, params)
    },
    count: (tenant, filter) => countPoints(deps, tenant, filter),
    async search({ tenant, filter, vector: vectorOrPromise, terms: allTerms, limit }) {
      const where = whereOf(names, tenant, filter)
      const areas = areasOf(filter)
      const rowsOf = async (ids: readonly string[]): Promise<readonly Row[]> => {
        if (ids.length === 0) return []
        const vector = await vectorOrPromise
        return query<Row>(
          `SELECT id, hit, ${vector === undefined ? '0' : 'arrayDotProduct(vector, {vector:Array(BFloat16)})'} AS similarity
FROM ${names.points} WHERE tenant = {tenant:String} AND id IN {ids:Array(UUID)}`,
          { tenant, ids, ...(vector && { vector: [...vector] }) },
        )
      }
      const byVector = async (): Promise<readonly Row[]> => {
        if (vectorOrPromise === undefined) return []
        const [vector, plan] = await Promise.all([vectorOrPromise, planner.planOf(tenant, filter)])
        return rowsOf(await nearest(plan, where, vector, limit))
      }
      const byTerms = async () => {
        if (allTerms === undefined) return undefined
        const { textsWith, ...texts } = await statisticsOf(deps, tenant, areas, boundedTerms(allTerms))
        const statistics = { ...texts, textsWith: new Map([...textsWith].sort(([, a], [, b]) => a - b).slice(0, QUERY_TERMS_MAX)) }
        return { score: createScore(statistics), rows: await rowsOf(await bestByTerms(deps, where, areas, statistics, limit)) }
      }
      // Concurrently, to the end: neither needs the other, and a point that both find is read twice.
      const [near, keyword] = await Promise.all([byVector(), byTerms()])
      const isDense = vectorOrPromise !== undefined
      // An interrupted writer may have left a point twice, too.
      const rows = new Map([...near, ...(keyword?.rows ?? [])].map((row) => [row.id, row]))
      return Array.from(rows.values(), (row): StoreHit => {
        const { text, terms } = readHit(row.hit, cutter)
        const scored = keyword?.score(terms()) ?? { keyword: null, bm25: null }
        return { ...text, id: row.id, tenant, similarity: isDense ? row.similarity : null, ...scored }
      })
    },
    contentVersion: () => contentVersionOf(client, names),
  }
  return {
    ...store,
    upsert: guarded(names, store.upsert),
    remove: guarded(names, store.remove),
    setTags: guarded(names, store.setTags),
    rollbackTo: guarded(names, store.rollbackTo),
    deleteBy: guarded(names, store.deleteBy),
    count: guarded(names, store.count),
    search: guarded(names, store.search),
  }
}

/** Opens the points of a collection for reading, without its model. @throws ColloquyError `bad_collection` as `namesOf`. */
export function openClickHouseIndexReader({
  client,
  collection,
}: Pick<ClickHouseStoreOptions, 'client' | 'collection'>): IndexReader & VectorReader {
  const names = namesOf(collection)
  return {
    identity: () => identityOf(client, names),
    async *scan(range) {
      if ((await identityOf(client, names)) !== undefined) yield* scanPoints(client, names, range)
    },
    existing: guarded(names, async (ids: readonly string[]) => {
      const found = new Set<string>()
      for (const some of boundedBatches(ids, PARAMETER_BOUNDS, parameterBytes)) {
        const result = await client.query({
          query: `SELECT id FROM ${names.points} WHERE id IN {ids:Array(UUID)}`,
          query_params: { ids: some },
          clickhouse_settings: SINGLE_THREAD,
          format: 'JSONCompactEachRow',
        })
        for (const [id] of await result.json<[string]>()) found.add(id)
      }
      return found
    }),
    tagsOf: guarded(names, tagsReader(client, names)),
    vectorsOf: guarded(names, async (tenant: string, ids: readonly string[]) => {
      const found = new Map<string, Float32Array>()
      for (const some of boundedBatches(ids, PARAMETER_BOUNDS, parameterBytes)) {
        const result = await client.query({
          query: `SELECT id, CAST(vector, 'Array(Float32)') FROM ${names.points}
WHERE tenant = {tenant:String} AND id IN {ids:Array(UUID)}`,
          query_params: { tenant, ids: some },
          clickhouse_settings: SINGLE_THREAD,
          format: 'JSONCompactEachRow',
        })
        for (const [id, vector] of await result.json<[string, number[]]>()) found.set(id, Float32Array.from(vector))
      }
      return found
    }),
  }
}

/** Translates the errors of ClickHouse that say what is wrong with the collection or the points. */
const guarded =
  <Args extends unknown[], Result>({ points }: Names, method: (...args: Args) => Promise<Result>) =>
  async (...args: Args): Promise<Result> => {
    try {
      return await method(...args)
    } catch (cause) {
      const damage = damageError(cause)
      if (damage !== undefined) throw damage
      if (isMissingTable(cause)) {
        throw new ColloquyError(
          'index_filling',
          `the collection ${points} of the search index is not in ClickHouse; the role embed creates it and fills it from LOG`,
          { cause },
        )
      }
      if (isRowRefusal(cause)) throw new ColloquyError('index_refused', `ClickHouse refuses a point (${messageOf(cause)})`, { cause })
      throw cause
    }
  }

/** The first distinct terms, within `TERMS_READ`. */
function boundedTerms(terms: readonly string[]): readonly string[] {
  const [first = []] = boundedBatches(new Set(terms), TERMS_READ, parameterBytes)
  return first
}

type ColumnNames = readonly [string, ...string[]]
const POINT_COLUMNS: ColumnNames = ['tenant', 'area', 'id', 'kind', 'actor', 'source', 'lang', 'at', 'seq', 'length', 'hit', 'bytes']

function rowOf({ id, tenant, vector, ...properties }: IndexPoint, cutter: TermCutter) {
  const hit = { ...properties, at: new Date(properties.at).toISOString() }
  const { in: area, kind, actor, source, lang, at, seq, text } = hit
  const counted = cutter.count(text)
  const { counts, length } = counted
  return {
    row: { id, tenant, area, kind, actor, source, lang: lang ?? '', at, seq, length },
    terms: { terms: [...counts.keys()], counts: [...counts.values()] },
    point: { hit: writeHit(hit, counted), bytes: brainFloats(vector).toString('base64') },
  }
}

/** Converts finite 32-bit floats to bfloat16, rounded to even, in ClickHouse's byte order. */
export function brainFloats(vector: Float32Array): Buffer {
  const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length)
  const bytes = Buffer.alloc(vector.length * 2)
  for (const [index, value] of bits.entries()) bytes.writeUInt16LE((value + 0x7fff + ((value >>> 16) & 1)) >>> 16, index * 2)
  return bytes
}
