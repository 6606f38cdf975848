import type { ClickHouseClient } from '@clickhouse/client'
import type { ObjectKind } from '../../../schemas/analyst-access.ts'
import { createStatement } from '../../../schemas/ddl.ts'
import { ColloquyError } from '../../../schemas/errors.ts'

/** Names of the tables of a collection. */
export interface Names {
  /** One row per point. */
  readonly points: string
  /** One row per term of a point. */
  readonly postings: string
  /** Number of texts per term; the row with an empty term has the number of texts and the sum of their lengths. */
  readonly terms: string
  /** Stores nothing: materialized views turn its inserts into postings and term counts. */
  readonly intake: string
  /** One row per source of knowledge that has tags, or had some. */
  readonly tags: string
}

/** Prefix of the table names, before the name of the collection. */
export const COLLECTION_PREFIX = 'memory_'

/** The table names of a collection. @throws ColloquyError `bad_collection` if its name has other characters than `[a-z0-9-]`. */
export function namesOf(collection: string): Names {
  if (!/^[a-z0-9-]{1,100}$/.test(collection)) {
    throw new ColloquyError('bad_collection', `${JSON.stringify(collection)} cannot name a collection: it must consist of [a-z0-9-]`)
  }
  const points = `${COLLECTION_PREFIX}${collection.replaceAll('-', '_')}`
  return { points, postings: `${points}_postings`, terms: `${points}_terms`, intake: `${points}_intake`, tags: `${points}_tags` }
}

const viewOf = (table: string): string => `${table}_filled`

const KEYS = 'tenant LowCardinality(String), area LowCardinality(String)'
const FILTERED =
  "kind LowCardinality(String), actor String, source String, lang LowCardinality(String), at DateTime64(3, 'UTC'), seq UInt64"
const FILTERED_NAMES = 'kind, actor, source, lang, at, seq'

/** The names of the tables of the collection that a table belongs to; `undefined` for any other table. */
export function collectionOf(table: string): Names | undefined {
  const points = /^memory_[a-z0-9_]*?(?=(_postings|_terms|_intake|_tags)?(_filled)?$)/.exec(table)?.[0]
  return points === undefined ? undefined : namesOf(points.slice(COLLECTION_PREFIX.length).replaceAll('_', '-'))
}

/** All tables and views of a collection. One that an earlier version made has no tags; its other tables must exist. */
export const tablesOf = ({ points, postings, terms, intake, tags }: Names) => ({
  required: [points, postings, terms, intake, viewOf(postings), viewOf(terms)],
  added: [tags],
})

/** Analysts may not read the search index: it repeats what the tables say, in a form of its own. */
const closed = (kind: ObjectKind, name: string, definition: string): string => createStatement(kind, name, 'closed', definition)

/**
 * A query reads a few dozen points by id from all over the table. Therefore granules are small, and all properties of a hit are in one
 * column: 100 hits of 100,000 points take 12 ms of processor time, and 72 ms with granules of 512 rows and ten columns. Vectors are
 * uncompressed bfloat16, which halves them and keeps scans fast. After a crash a posting may exist twice until its parts are merged.
 */
const createStatements = ({ points, postings, terms, intake, tags }: Names, dimension: number): string[] => [
  closed(
    'TABLE',
    intake,
    `(${KEYS}, id UUID, terms Array(String), counts Array(UInt32), length UInt32, ${FILTERED})
ENGINE = Null
COMMENT 'Search index: stores nothing; inserts become postings of ${points} and term counts'`,
  ),
  closed(
    'TABLE',
    postings,
    `(${KEYS}, term String, id UUID, count UInt32, length UInt32, ${FILTERED})
ENGINE = ReplacingMergeTree ORDER BY (tenant, area, term, id) SETTINGS index_granularity = 1024
COMMENT 'Search index: the terms of each point of ${points}, for keyword search'`,
  ),
  closed(
    'MATERIALIZED VIEW',
    viewOf(postings),
    `TO ${postings} AS (
  SELECT tenant, area, term, id, count, length, ${FILTERED_NAMES} FROM ${intake} ARRAY JOIN terms AS term, counts AS count
)
COMMENT 'Search index: fills the postings of ${points}'`,
  ),
  closed(
    'TABLE',
    terms,
    `(${KEYS}, term String, texts Int64, length Int64)
ENGINE = SummingMergeTree ORDER BY (tenant, area, term) SETTINGS index_granularity = 256
COMMENT 'Search index: number of texts of ${points} per term; with an empty term: number of texts and of their terms'`,
  ),
  closed(
    'MATERIALIZED VIEW',
    viewOf(terms),
    `TO ${terms} AS (
  SELECT tenant, area, arrayJoin(arrayConcat([''], terms)) AS term, count() AS texts, sum(if(term = '', length, 0)) AS length
  FROM ${intake} GROUP BY tenant, area, term
)
COMMENT 'Search index: counts the terms of ${points}'`,
  ),
  closed(
    'TABLE',
    tags,
    `(tenant LowCardinality(String), actor String, seq UInt64, tags Array(String))
ENGINE = ReplacingMergeTree(seq) ORDER BY (tenant, actor) SETTINGS index_granularity = 1024
COMMENT 'Search index: the tags of the sources of ${points}, by the last record that changed them'`,
  ),
  closed(
    'TABLE',
    points,
    `(${KEYS}, id UUID, ${FILTERED}, length UInt32, hit String, bytes String EPHEMERAL,
vector Array(BFloat16) DEFAULT reinterpret(base64Decode(bytes), 'Array(BFloat16)') CODEC(NONE),
CONSTRAINT dimension CHECK length(vector) = ${dimension})
ENGINE = MergeTree ORDER BY (tenant, id)
SETTINGS index_granularity = 32, min_compress_block_size = 4096, max_bytes_to_merge_at_max_space_in_pool = ${PART_BYTES_MAX}
COMMENT 'Search index: texts and their vectors of ${dimension} dimensions, derived from LOG'`,
  ),
]

/** ClickHouse builds an index for every merged part. Larger parts are not merged again, which bounds how often a vector is indexed. */
const PART_BYTES_MAX = 1024 ** 3

interface TableRow {
  readonly uuid: string
  readonly definition: string
}

/** The identity of a collection; `undefined` if one of its tables is missing. `ensurePointTables` then creates all of them. */
export async function identityOf(client: ClickHouseClient, names: Names): Promise<string | undefined> {
  const points = await findPoints(client, names)
  return points !== undefined && (await isComplete(client, names)) ? points.uuid : undefined
}

async function findPoints(client: ClickHouseClient, { points }: Names): Promise<TableRow | undefined> {
  const result = await client.query({
    query: 'SELECT uuid, create_table_query AS definition FROM system.tables WHERE database = currentDatabase() AND name = {name:String}',
    query_params: { name: points },
    format: 'JSONEachRow',
  })
  return (await result.json<TableRow>())[0]
}

/**
 * Creates the tables of a collection if they are missing. The auditor of the index notices where somebody has dropped that of the tags.
 *
 * @returns the id of the collection.
 * @throws ColloquyError `other_dimension` if the collection has vectors of another dimension.
 */
export async function ensurePointTables(client: ClickHouseClient, names: Names, dimension: number): Promise<string> {
  const before = await findPoints(client, names)
  // Tables of an earlier version have another layout, and somebody may have dropped one. Their content derives from LOG, which fills
  // the new ones.
  if (before !== undefined && (!/\bhit\b/.test(before.definition) || !(await isComplete(client, names)))) {
    await dropCollection(client, names)
  }
  for (const query of createStatements(names, dimension)) await client.command({ query })
  const table = await findPoints(client, names)
  const present = Number(/length\(vector\) = (\d+)/.exec(table?.definition ?? '')?.[1])
  if (present !== dimension) {
    throw new ColloquyError(
      'other_dimension',
      `the collection ${names.points} has vectors of ${present} dimensions, `
        + `and the vectors of the model have ${dimension}; drop the table: the next start fills it from LOG again`,
    )
  }
  return table?.uuid ?? ''
}

/** Whether no required table is missing. The table of points is created last and dropped last. */
async function isComplete(client: ClickHouseClient, names: Names): Promise<boolean> {
  const wanted = tablesOf(names).required
  const result = await client.query({
    query: 'SELECT count() AS count FROM system.tables WHERE database = currentDatabase() AND name IN {wanted:Array(String)}',
    query_params: { wanted },
    format: 'JSONEachRow',
  })
  const [row] = await result.json<{ count: string | number }>()
  return Number(row?.count) === wanted.length
}

/** Drops a collection. Drops the table of points last: after a crash, its presence shows that the collection is not fully dropped. */
export async function dropCollection(client: ClickHouseClient, { points, postings, terms, intake, tags }: Names): Promise<void> {
  const views = [viewOf(postings), viewOf(terms), `${points}_split`]
  for (const name of [...views, intake, postings, terms, tags, points]) await client.command({ query: `DROP TABLE IF EXISTS ${name} SYNC` })
}
