import type { ClickHouseClient } from '@clickhouse/client'
import { createRowsTable, rowsTable } from '../../schemas/ddl.ts'
import { TABLE_NAMES, TABLES, type TableName } from '../../schemas/tables.ts'

/** A step from the tables of one version to those of the next. There is no way back. */
export interface Migration {
  /** 2, 3, 4…; 1 is the tables as they were first made. */
  readonly version: number
  /** What it changes, for `migrations` and the log. */
  readonly name: string
  /** Tables whose rows, as far as they are there, have to be built again from the log afterwards. */
  readonly rebuild: readonly TableName[]
  /** May be run again after it was cut anywhere. New tables, views and columns need none: they are made at every start. */
  run(clickhouse: ClickHouseClient): Promise<void>
}

/**
 * In order. One that was released is never changed; a table in it is made as it is defined today, and later ones find nothing left to
 * do on it.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 2,
    name: 'generations of rows; cases, turns, state_intervals and citations',
    rebuild: TABLE_NAMES,
    run: async (clickhouse) => {
      for (const name of TABLE_NAMES) if (!await isPartitionedBy(clickhouse, name, 'generation')) await reshape(clickhouse, name)
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
]

export const LATEST_VERSION = Math.max(...MIGRATIONS.map(({ version }) => version))

/** True also where the table is not there: it will be made new. */
async function isPartitionedBy(clickhouse: ClickHouseClient, name: TableName, column: string): Promise<boolean> {
  const result = await clickhouse.query({
    query: 'SELECT partition_key AS key FROM system.tables WHERE database = currentDatabase() AND name = {name:String}',
    query_params: { name: rowsTable(name) }, format: 'JSONEachRow',
  })
  const [table] = await result.json<{ key: string }>()
  return table === undefined || table.key.includes(column)
}

/** Puts a table in place that is made as it is defined today, with the rows of the old one; columns that it lacked get defaults. */
async function reshape(clickhouse: ClickHouseClient, name: TableName): Promise<void> {
  const [old, made] = [rowsTable(name), `${rowsTable(name)}__made`]
  await clickhouse.command({ query: `DROP TABLE IF EXISTS ${made} SYNC` })
  await clickhouse.command({ query: createRowsTable(made, TABLES[name]) })
  const columns = (await columnsOf(clickhouse, old)).filter((column) => Object.hasOwn(TABLES[name].columns, column)).join(', ')
  await clickhouse.command({
    query: `INSERT INTO ${made} (${columns}) SELECT ${columns} FROM ${old}`,
    // Rows of many months come at once here, and it takes as long as it takes.
    clickhouse_settings: { max_partitions_per_insert_block: '0', send_progress_in_http_headers: 1, http_headers_progress_interval_ms: '10000' },
  })
  await clickhouse.command({ query: `EXCHANGE TABLES ${made} AND ${old}` })
  await clickhouse.command({ query: `DROP TABLE ${made} SYNC` })
}

/** The columns that a table has, in order. */
export async function columnsOf(clickhouse: ClickHouseClient, table: string): Promise<string[]> {
  const result = await clickhouse.query({
    query: 'SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String} ORDER BY position',
    query_params: { table }, format: 'JSONEachRow',
  })
  return (await result.json<{ name: string }>()).map(({ name }) => name)
}
