import type { ClickHouseClient } from '@clickhouse/client'
import { ColloquyError } from '../../../schemas/errors.ts'

/** The names of a collection's tables. */
export interface Names {
  readonly points: string
  /** One row is a term of a point. */
  readonly postings: string
  /** Keeps nothing: what is inserted becomes postings. */
  readonly intake: string
  readonly split: string
}

export function namesOf(fingerprint: string): Names {
  if (!/^[a-z0-9-]{1,100}$/.test(fingerprint)) throw new ColloquyError('bad_collection', `${JSON.stringify(fingerprint)} cannot name a collection`)
  const points = `memory_${fingerprint.replaceAll('-', '_')}`
  return { points, postings: `${points}_postings`, intake: `${points}_intake`, split: `${points}_split` }
}

const KEYS = 'tenant LowCardinality(String), area LowCardinality(String)'
const FILTERED = 'kind LowCardinality(String), actor String, source String, lang LowCardinality(String), at DateTime64(3, \'UTC\'), seq UInt64'

/**
 * Rows are found by id, a few at a time, so that granules are small. Vectors are not to be compressed. In the postings a point may stand twice
 * after a crash, until they are merged.
 */
export const createStatements = ({ points, postings, intake, split }: Names, dimension: number): string[] => [
  `CREATE TABLE IF NOT EXISTS ${postings} (${KEYS}, term String, id UUID, count UInt32, length UInt32, ${FILTERED})
ENGINE = ReplacingMergeTree ORDER BY (tenant, area, term, id) SETTINGS index_granularity = 1024
COMMENT 'Memory: the terms of the points of ${points}, for keyword search'`,
  `CREATE TABLE IF NOT EXISTS ${intake} (${KEYS}, id UUID, terms Array(String), counts Array(UInt32), length UInt32, ${FILTERED}) ENGINE = Null
COMMENT 'Memory: keeps nothing; what is inserted becomes postings of ${points}'`,
  `CREATE MATERIALIZED VIEW IF NOT EXISTS ${split} TO ${postings} AS (
  SELECT * EXCEPT (terms, counts), term, count FROM ${intake} ARRAY JOIN terms AS term, counts AS count
)
COMMENT 'Memory: makes postings of ${points}'`,
  `CREATE TABLE IF NOT EXISTS ${points} (${KEYS}, id UUID, ${FILTERED}, chunk UInt32, length UInt32, text String, vector Array(Float32) CODEC(NONE),
CONSTRAINT dimension CHECK length(vector) = ${dimension})
ENGINE = MergeTree ORDER BY (tenant, id) SETTINGS index_granularity = 512
COMMENT 'Memory: texts with their vectors of ${dimension} dimensions; derived from LOG by the embedder'`,
]

/** @returns the collection's own id. @throws ColloquyError `other_dimension` */
export async function prepareCollection(client: ClickHouseClient, names: Names, dimension: number): Promise<string> {
  for (const query of createStatements(names, dimension)) await client.command({ query })
  const result = await client.query({
    query: 'SELECT uuid, create_table_query AS definition FROM system.tables WHERE database = currentDatabase() AND name = {name:String}',
    query_params: { name: names.points }, format: 'JSONEachRow',
  })
  const [table] = await result.json<{ uuid: string; definition: string }>()
  const present = Number(/length\(vector\) = (\d+)/.exec(table?.definition ?? '')?.[1])
  if (present !== dimension) {
    throw new ColloquyError('other_dimension', `the collection ${names.points} has vectors of ${present} dimensions, and the model makes vectors of ${dimension}; `
      + 'drop the table, and it is filled anew from LOG at the next start')
  }
  return table?.uuid ?? ''
}
