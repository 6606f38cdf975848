import type { ClickHouseClient } from '@clickhouse/client'
import { ColloquyError } from '../../../schemas/errors.ts'

/** The names of a collection's tables. */
export interface Names {
  readonly points: string
  /** One row is a term of a point. */
  readonly postings: string
  /** How many texts have a term, added up; the row without a term counts texts and their lengths. */
  readonly terms: string
  /** Keeps nothing: what is inserted becomes postings and counts. */
  readonly intake: string
}

/** What the name of a collection begins with, before the fingerprint of its model. */
export const COLLECTION_PREFIX = 'memory_'

export function namesOf(fingerprint: string): Names {
  if (!/^[a-z0-9-]{1,100}$/.test(fingerprint)) throw new ColloquyError('bad_collection', `${JSON.stringify(fingerprint)} cannot name a collection`)
  const points = `${COLLECTION_PREFIX}${fingerprint.replaceAll('-', '_')}`
  return { points, postings: `${points}_postings`, terms: `${points}_terms`, intake: `${points}_intake` }
}

const viewOf = (table: string): string => `${table}_filled`

const KEYS = 'tenant LowCardinality(String), area LowCardinality(String)'
const FILTERED = 'kind LowCardinality(String), actor String, source String, lang LowCardinality(String), at DateTime64(3, \'UTC\'), seq UInt64'
const FILTERED_NAMES = 'kind, actor, source, lang, at, seq'

/**
 * A point is found by its id, a few dozen for each question, all over the table: so granules are small, and all that a hit tells lies in one column
 * (measured on 100,000 points: 72 ms of processor time for 100 hits with granules of 512 rows and ten columns, 12 as it is). Vectors are kept as
 * brain floats, half as large, and not compressed: scanning them is what a small tenant's questions do. In the postings a point may stand twice after a crash, until they are merged.
 */
const createStatements = ({ points, postings, terms, intake }: Names, dimension: number): string[] => [
  `CREATE TABLE IF NOT EXISTS ${intake} (${KEYS}, id UUID, terms Array(String), counts Array(UInt32), length UInt32, ${FILTERED}) ENGINE = Null
COMMENT 'Memory: keeps nothing; what is inserted becomes postings of ${points} and counts of terms'`,
  `CREATE TABLE IF NOT EXISTS ${postings} (${KEYS}, term String, id UUID, count UInt32, length UInt32, ${FILTERED})
ENGINE = ReplacingMergeTree ORDER BY (tenant, area, term, id) SETTINGS index_granularity = 1024
COMMENT 'Memory: the terms of the points of ${points}, for keyword search'`,
  `CREATE MATERIALIZED VIEW IF NOT EXISTS ${viewOf(postings)} TO ${postings} AS (
  SELECT tenant, area, term, id, count, length, ${FILTERED_NAMES} FROM ${intake} ARRAY JOIN terms AS term, counts AS count
)
COMMENT 'Memory: makes postings of ${points}'`,
  `CREATE TABLE IF NOT EXISTS ${terms} (${KEYS}, term String, texts Int64, length Int64)
ENGINE = SummingMergeTree ORDER BY (tenant, area, term) SETTINGS index_granularity = 256
COMMENT 'Memory: how many texts of ${points} have a term; without a term: how many there are, and their terms'`,
  `CREATE MATERIALIZED VIEW IF NOT EXISTS ${viewOf(terms)} TO ${terms} AS (
  SELECT tenant, area, arrayJoin(arrayConcat([''], terms)) AS term, count() AS texts, sum(if(term = '', length, 0)) AS length FROM ${intake} GROUP BY tenant, area, term
)
COMMENT 'Memory: counts terms of ${points}'`,
  `CREATE TABLE IF NOT EXISTS ${points} (${KEYS}, id UUID, ${FILTERED}, length UInt32, hit String, bytes String EPHEMERAL,
vector Array(BFloat16) DEFAULT reinterpret(base64Decode(bytes), 'Array(BFloat16)') CODEC(NONE),
CONSTRAINT dimension CHECK length(vector) = ${dimension})
ENGINE = MergeTree ORDER BY (tenant, id)
SETTINGS index_granularity = 32, min_compress_block_size = 4096, max_bytes_to_merge_at_max_space_in_pool = ${PART_BYTES_MAX}
COMMENT 'Memory: texts with their vectors of ${dimension} dimensions; derived from LOG by the embedder'`,
]

/** An index is built for each part that merging makes: larger ones are not merged any more, so that no vector goes through that again and again. */
const PART_BYTES_MAX = 1024 ** 3

interface TableRow {
  readonly uuid: string
  readonly definition: string
}

async function findPoints(client: ClickHouseClient, { points }: Names): Promise<TableRow | undefined> {
  const result = await client.query({
    query: 'SELECT uuid, create_table_query AS definition FROM system.tables WHERE database = currentDatabase() AND name = {name:String}',
    query_params: { name: points }, format: 'JSONEachRow',
  })
  return (await result.json<TableRow>())[0]
}

/** @returns the collection's own id. @throws ColloquyError `other_dimension` */
export async function prepareCollection(client: ClickHouseClient, names: Names, dimension: number): Promise<string> {
  const before = await findPoints(client, names)
  // Of an earlier version, which kept them otherwise. They derive from LOG, and are filled from it again.
  if (before !== undefined && !/\bhit\b/.test(before.definition)) await dropCollection(client, names)
  for (const query of createStatements(names, dimension)) await client.command({ query })
  const table = await findPoints(client, names)
  const present = Number(/length\(vector\) = (\d+)/.exec(table?.definition ?? '')?.[1])
  if (present !== dimension) {
    throw new ColloquyError('other_dimension', `the collection ${names.points} has vectors of ${present} dimensions, and the model makes vectors of ${dimension}; `
      + 'drop the table, and it is filled anew from LOG at the next start')
  }
  return table?.uuid ?? ''
}

/** Takes a collection away, the points last: what is left after a crash is found by them. */
export async function dropCollection(client: ClickHouseClient, { points, postings, terms, intake }: Names): Promise<void> {
  const views = [viewOf(postings), viewOf(terms), `${points}_split`]
  for (const name of [...views, intake, postings, terms, points]) await client.command({ query: `DROP TABLE IF EXISTS ${name} SYNC` })
}
