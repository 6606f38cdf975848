import { type Column, type Table, TIME } from './table-columns.ts'

/**
 * A column that every table of rows has and its view does not show. A rebuild writes the rows of the next generation beside the current
 * ones. One insert into `generations`, with a row for each rebuilt table, then makes them current.
 */
export const GENERATION: Column = { type: 'UInt32', comment: 'Generation of the row: 0 at first, one higher after each rebuild' }

export const GENERATIONS: Table = {
  comment: 'Generations of each table: the highest is current; a table that is not listed is at 0',
  orderBy: ['name', 'generation'],
  partitionBy: '',
  columns: {
    name: { type: 'LowCardinality(String)', comment: 'Table' },
    generation: GENERATION,
    seq: { type: 'UInt64', comment: 'LOG sequence up to which the generation was complete when it became current' },
    at: { type: TIME, comment: 'When it became current' },
  },
}

export const MIGRATIONS: Table = {
  comment: 'Migrations of the tables that have run',
  orderBy: ['version'],
  partitionBy: '',
  columns: {
    version: { type: 'UInt32', comment: 'Number of the migration; the highest is the version of the tables' },
    name: { type: 'String', comment: 'What it changed' },
    rebuild: { type: 'Array(String)', comment: 'Tables to be rebuilt after the migration; rebuilt once they have a later generation' },
    seq: { type: 'UInt64', comment: 'LOG sequence up to which the tables were complete at that time; 0 for new tables' },
    at: { type: TIME, comment: 'When it ran' },
    generation: { type: 'UInt32', comment: 'The highest generation of any table at that time; 0 for new tables' },
  },
}

export const REPAIRS: Table = {
  comment: 'Tables that were found damaged: their rows are made again from LOG',
  orderBy: ['name', 'generation', 'uuid'],
  partitionBy: '',
  columns: {
    name: { type: 'LowCardinality(String)', comment: 'Table, or collection of the search index' },
    generation: { type: 'UInt32', comment: 'Generation that was damaged: repaired once the table has a later one; 0 for a collection' },
    uuid: { type: 'String', comment: 'Id of the damaged collection: repaired once another has its name; empty for a table' },
    found: { type: 'String', comment: 'The damage, and the folder in which the damaged files were set aside' },
    at: { type: TIME, comment: 'When the damage was found' },
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
export const COMPLETE_TO = `AS (
  WITH (SELECT max(projected_seq) FROM freshness) AS reached
  SELECT throwIf(reached < {seq:UInt64}, concat('not_complete: the tables hold the log up to sequence ', toString(assumeNotNull(reached)),
    ' and not yet up to ', toString({seq:UInt64}), '; ask again in a moment')) = 0 AS ok
)
COMMENT 'Fails where the tables are not complete to a LOG sequence: SELECT … WHERE (SELECT ok FROM complete_to(seq = 12345))'`
