import type { Column, Table } from './tables.ts'

/**
 * A column of every table of rows, and not of its view. A rebuild writes rows of the next generation beside the current one; then one row
 * for each table in `generations`, inserted together, makes them current.
 */
export const GENERATION: Column = { type: 'UInt32', comment: 'Which making of the table a row belongs to: 0, one more with each rebuild' }

const TIME = "DateTime64(3, 'UTC')"

export const GENERATIONS: Table = {
  comment: 'Which generation of each table counts: the highest; a table that is not named here is at 0',
  orderBy: ['name', 'generation'],
  partitionBy: '',
  columns: {
    name: { type: 'LowCardinality(String)', comment: 'Table' },
    generation: GENERATION,
    seq: { type: 'UInt64', comment: 'LOG sequence up to which it held all records when it took over' },
    at: { type: TIME, comment: 'Since when it counts' },
  },
}

export const MIGRATIONS: Table = {
  comment: 'Which migrations of the tables were done',
  orderBy: ['version'],
  partitionBy: '',
  columns: {
    version: { type: 'UInt32', comment: 'Number of the migration; the highest is the version of the tables' },
    name: { type: 'String', comment: 'What it changed' },
    rebuild: { type: 'Array(String)', comment: 'Tables that it left to be built again from the log; done once a later generation of them counts' },
    seq: { type: 'UInt64', comment: 'LOG sequence up to which the tables were then; 0 where they were made new' },
    at: { type: TIME, comment: 'When it was done' },
  },
}

/**
 * The current generation of each table. The text is the same in every view: ClickHouse evaluates it once per query, so all tables of one
 * query have generations of the same time.
 */
export const PRESENT_GENERATIONS = '(SELECT maxMap(map(name, generation)) FROM generations)'

/**
 * Fails where the tables are not yet complete up to a sequence. It is a view because ClickHouse does not evaluate a function in WHERE when
 * there are no rows, and functions belong to no database.
 */
export const CREATE_COMPLETE_TO = `CREATE OR REPLACE VIEW complete_to AS (
  WITH (SELECT max(projected_seq) FROM freshness) AS reached
  SELECT throwIf(reached < {seq:UInt64}, concat('not_complete: the tables hold the log up to sequence ', toString(assumeNotNull(reached)),
    ' and not yet up to ', toString({seq:UInt64}), '; ask again in a moment')) = 0 AS ok
)
COMMENT 'Fails where the tables are not complete to a LOG sequence: SELECT … WHERE (SELECT ok FROM complete_to(seq = 12345))'`
