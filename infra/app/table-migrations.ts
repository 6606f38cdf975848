import type { ClickHouseClient } from '@clickhouse/client'
import { createProgressTable, createRowsTable, indexDefinition, indexName, rowsTable } from '../../schemas/ddl.ts'
import { PROGRESS, type Table, TABLE_NAMES, type TableName, TABLES } from '../../schemas/tables.ts'

/** A step from one version of the tables to the next. It cannot be undone. */
export interface Migration {
  /** The version that the step leads to: 2, 3, 4…. Version 1 is the first release of the tables. */
  readonly version: number
  /** A description of the change. It is stored in `migrations` and logged. */
  readonly name: string
  /** Tables whose existing rows must be rebuilt from the log afterwards. */
  readonly rebuild: readonly TableName[]
  /** Runs the step. It can be repeated after an interruption. New tables, views and columns need no step: each start creates them. */
  run(clickhouse: ClickHouseClient): Promise<void>
}

/**
 * All steps, in order. A released step never changes. A step makes a table as it is defined today, so that later steps find it complete and
 * skip it.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 2,
    name: 'generations of rows; cases, turns, state_intervals and citations',
    rebuild: TABLE_NAMES,
    run: async (clickhouse) => {
      for (const name of TABLE_NAMES) if (!(await isPartitionedBy(clickhouse, name, 'generation'))) await reshape(clickhouse, name)
    },
  },
  {
    version: 3,
    name: 'dead letters that are redriven or dropped',
    rebuild: ['dead_letters'],
    run: async (clickhouse) => {
      const columns = await columnsOf(clickhouse, rowsTable('dead_letters'))
      if (columns.length > 0 && !columns.includes('last_seq')) await reshape(clickhouse, 'dead_letters')
    },
  },
  {
    version: 4,
    name: 'progress marks by version, not by time',
    rebuild: [],
    run: async (clickhouse) => {
      const columns = await columnsOf(clickhouse, 'progress')
      if (columns.length > 0 && !columns.includes('version'))
        await replaceTable(clickhouse, 'progress', createProgressTable, PROGRESS, 'FINAL')
    },
  },
  {
    version: 5,
    name: 'agents of messages',
    // Recorded messages may state an agent already, which no table showed.
    rebuild: ['messages'],
    run: () => Promise.resolve(),
  },
  {
    version: 6,
    name: 'no drop state in served cases; texts of labels, and facts of contexts',
    rebuild: ['cases', 'actors'],
    run: () => Promise.resolve(),
  },
  {
    version: 7,
    name: 'indexes of the last time of cases',
    rebuild: [],
    run: async (clickhouse) => {
      if ((await columnsOf(clickhouse, rowsTable('cases'))).length > 0) await addIndexes(clickhouse, 'cases', ['last_at', 'history'])
    },
  },
  {
    version: 8,
    name: 'scores of answers; the quality of every turn that an answer answers',
    // Recorded messages state a quality already, and one that answers several questions has shown it for the newest of them only.
    rebuild: ['scores', 'turns'],
    run: () => Promise.resolve(),
  },
  {
    version: 9,
    name: 'scores of translations',
    // Recorded translations state their quality already.
    rebuild: ['scores'],
    run: () => Promise.resolve(),
  },
]

export const LATEST_VERSION = Math.max(...MIGRATIONS.map(({ version }) => version))

/** True also if the table does not exist: the start creates it with today's definition. */
async function isPartitionedBy(clickhouse: ClickHouseClient, name: TableName, column: string): Promise<boolean> {
  const result = await clickhouse.query({
    query: 'SELECT partition_key AS key FROM system.tables WHERE database = currentDatabase() AND name = {name:String}',
    query_params: { name: rowsTable(name) },
    format: 'JSONEachRow',
  })
  const [table] = await result.json<{ key: string }>()
  return table === undefined || table.key.includes(column)
}

const reshape = (clickhouse: ClickHouseClient, name: TableName): Promise<void> =>
  replaceTable(clickhouse, rowsTable(name), (made) => createRowsTable(made, TABLES[name]), TABLES[name])

/**
 * Replaces a table by one with today's definition, and copies its rows. Columns that the old table lacks get their defaults.
 *
 * @param final copies only the newest version of each row, for a table that gets another column for its versions.
 */
async function replaceTable(
  clickhouse: ClickHouseClient,
  old: string,
  create: (name: string) => string,
  { columns: defined }: Table,
  final: 'FINAL' | '' = '',
): Promise<void> {
  const replacement = `${old}__made`
  await clickhouse.command({ query: `DROP TABLE IF EXISTS ${replacement} SYNC` })
  await clickhouse.command({ query: create(replacement) })
  const columns = (await columnsOf(clickhouse, old)).filter((column) => Object.hasOwn(defined, column)).join(', ')
  await clickhouse.command({
    query: `INSERT INTO ${replacement} (${columns}) SELECT ${columns} FROM ${old} ${final}`,
    // One insert has rows of many months, and may take long: progress headers keep the request from timing out.
    clickhouse_settings: {
      max_partitions_per_insert_block: '0',
      send_progress_in_http_headers: 1,
      http_headers_progress_interval_ms: '10000',
    },
  })
  await clickhouse.command({ query: `EXCHANGE TABLES ${replacement} AND ${old}` })
  await clickhouse.command({ query: `DROP TABLE ${replacement} SYNC` })
}

/** Adds indexes of a table. ClickHouse makes them for the rows that are there in the background. */
async function addIndexes(clickhouse: ClickHouseClient, name: TableName, columns: readonly string[]): Promise<void> {
  const { indexes = [] }: Table = TABLES[name]
  for (const index of indexes.filter(({ of }) => columns.includes(of))) {
    await clickhouse.command({ query: `ALTER TABLE ${rowsTable(name)} ADD INDEX IF NOT EXISTS ${indexDefinition(index)}` })
    await clickhouse.command({ query: `ALTER TABLE ${rowsTable(name)} MATERIALIZE INDEX ${indexName(index)}` })
  }
}

/** The columns of a table, in order. */
export async function columnsOf(clickhouse: ClickHouseClient, table: string): Promise<string[]> {
  const result = await clickhouse.query({
    query: 'SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String} ORDER BY position',
    query_params: { table },
    format: 'JSONEachRow',
  })
  return (await result.json<{ name: string }>()).map(({ name }) => name)
}
