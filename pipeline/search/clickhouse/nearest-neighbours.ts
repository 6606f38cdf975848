import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import type { Where } from './point-query.ts'
import type { Names } from './point-tables.ts'

/**
 * Size of the HNSW candidate list: a share of the points of the largest part, since each part has a graph. With 256, recall of the ten
 * nearest is 0.87 in one part of 100,000 points, and 1 in five of 23,000 (measured with the built-in model).
 */
const CANDIDATES_SHARE = 0.01
const CANDIDATES_MIN = 256
const CANDIDATES_MAX = 1_024
const FETCH_MULTIPLIER_MAX = 100
/** HNSW quantisation, links per vector, candidate list while building. Twice the links quadruple the build time for little recall. */
const GRAPH = "'i8', 24, 96"

export interface NearestDeps {
  readonly client: ClickHouseClient
  readonly names: Names
}

/** What decides how many candidates the index looks at. */
export interface IndexShare {
  /** Estimated share of all points that match the condition, above 0 and up to 1. */
  readonly share: number
  /** Points of the largest part. */
  readonly largestPart: number
}

/** Ids of the points nearest to a vector, by a scan of all points that match the condition. */
export const nearestExactly = (deps: NearestDeps, where: Where, vector: Float32Array, limit: number): Promise<string[]> =>
  nearest(deps, where, vector, limit, { use_skip_indexes: 0 })

/**
 * Ids of the points nearest to a vector, by the index, which misses a few. It reads no vector if every part has an index; one part without
 * makes ClickHouse read the vectors around each candidate in all parts, fifty times as many bytes. The condition is applied to the
 * candidates of the index, so that the result may have fewer than `limit` ids.
 */
export const nearestByIndex = (
  deps: NearestDeps,
  where: Where,
  vector: Float32Array,
  limit: number,
  { share, largestPart }: IndexShare,
): Promise<string[]> =>
  nearest(deps, where, vector, limit, {
    vector_search_filter_strategy: 'postfilter',
    vector_search_index_fetch_multiplier: String(Math.min(FETCH_MULTIPLIER_MAX, Math.max(1, Math.ceil(2 / share) - 1))),
    hnsw_candidate_list_size_for_search: String(
      Math.min(CANDIDATES_MAX, Math.max(CANDIDATES_MIN, Math.ceil(largestPart * CANDIDATES_SHARE))),
    ),
  })

async function nearest(
  { client, names }: NearestDeps,
  where: Where,
  vector: Float32Array,
  limit: number,
  settings: ClickHouseSettings,
): Promise<string[]> {
  const result = await client.query({
    query: `SELECT id, cosineDistance(vector, {vector:Array(BFloat16)}) AS distance FROM ${names.points}
WHERE ${where.sql} ORDER BY distance LIMIT {limit:UInt32}`,
    query_params: { ...where.params, vector: [...vector], limit },
    // Ids are short: reading them afterwards, for the nearest rows only, reads the same granules twice.
    clickhouse_settings: { ...settings, query_plan_optimize_lazy_materialization: 0 },
    format: 'JSONCompactEachRow',
  })
  return (await result.json<[string, number]>()).map(([id]) => id)
}

/** Adds a vector index. ClickHouse builds it in the background for existing parts, and when it merges parts. */
export async function addIndex({ client, names }: NearestDeps, dimension: number): Promise<void> {
  const type = `vector_similarity('hnsw', 'cosineDistance', ${dimension}, ${GRAPH})`
  await client.command({ query: `ALTER TABLE ${names.points} ADD INDEX IF NOT EXISTS nearest vector TYPE ${type}` })
  // Does not wait: ClickHouse scans parts that have no index yet.
  await client.command({ query: `ALTER TABLE ${names.points} MATERIALIZE INDEX nearest`, clickhouse_settings: { mutations_sync: '0' } })
}

/** Whether the collection has a vector index. */
export async function hasIndex({ client, names }: NearestDeps): Promise<boolean> {
  const result = await client.query({
    query: 'SELECT count() AS count FROM system.data_skipping_indices WHERE database = currentDatabase() AND table = {table:String}',
    query_params: { table: names.points },
    format: 'JSONEachRow',
  })
  const [row] = await result.json<{ count: string | number }>()
  return Number(row?.count) > 0
}
