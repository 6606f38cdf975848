import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import type { Names } from './point-tables.ts'
import type { Where } from './point-filter.ts'

/**
 * Candidates that the index keeps in sight. Measured over 100,000 vectors of the built-in model: the usual 256 find 0.87 of the ten nearest, which is too few.
 */
const SEARCH_CANDIDATES = 1_024
const FETCH_MULTIPLIER_MAX = 100
/** Numbers of 8 bits, links of a vector, and candidates in sight when one is added. Twice the links find a little more and cost four times the time to build. */
const GRAPH = "'i8', 24, 96"

export interface NearestDeps {
  readonly client: ClickHouseClient
  readonly names: Names
}

/** The ids of the points nearest to a vector, by a look at every one that the condition leaves. */
export const nearestExactly = (deps: NearestDeps, where: Where, vector: Float32Array, limit: number): Promise<string[]> =>
  ask(deps, where, vector, limit, { use_skip_indexes: 0 })

/**
 * The same by the index, which misses a few. It finds the nearest of all and leaves away those that the condition does not let through;
 * fewer than `limit` may be left.
 *
 * @param share of all points that the condition is thought to leave
 */
export const nearestByIndex = (deps: NearestDeps, where: Where, vector: Float32Array, limit: number, share: number): Promise<string[]> =>
  ask(deps, where, vector, limit, {
    vector_search_filter_strategy: 'postfilter',
    vector_search_index_fetch_multiplier: String(Math.min(FETCH_MULTIPLIER_MAX, Math.max(1, Math.ceil(2 / share) - 1))),
    hnsw_candidate_list_size_for_search: String(SEARCH_CANDIDATES),
  })

async function ask(
  { client, names }: NearestDeps, where: Where, vector: Float32Array, limit: number, settings: ClickHouseSettings,
): Promise<string[]> {
  const result = await client.query({
    query: `SELECT id, cosineDistance(vector, {vector:Array(BFloat16)}) AS distance FROM ${names.points}
WHERE ${where.sql} ORDER BY distance LIMIT {limit:UInt32}`,
    query_params: { ...where.params, vector: [...vector], limit }, clickhouse_settings: settings, format: 'JSONCompactEachRow',
  })
  return (await result.json<[string, number]>()).map(([id]) => id)
}

/** Has every part that merging makes keep an index of its vectors, those that are there already from some time later on. */
export async function addIndex({ client, names }: NearestDeps, dimension: number): Promise<void> {
  await client.command({
    query: `ALTER TABLE ${names.points} ADD INDEX IF NOT EXISTS nearest vector TYPE vector_similarity('hnsw', 'cosineDistance', ${dimension}, ${GRAPH})`,
  })
  // Not waited for: parts without it are scanned.
  await client.command({ query: `ALTER TABLE ${names.points} MATERIALIZE INDEX nearest`, clickhouse_settings: { mutations_sync: '0' } })
}

export async function hasIndex({ client, names }: NearestDeps): Promise<boolean> {
  const result = await client.query({
    query: 'SELECT count() AS count FROM system.data_skipping_indices WHERE database = currentDatabase() AND table = {table:String}',
    query_params: { table: names.points }, format: 'JSONEachRow',
  })
  const [row] = await result.json<{ count: string | number }>()
  return Number(row?.count) > 0
}
