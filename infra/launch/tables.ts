import { createClient, type ClickHouseClient, type ClickHouseClientConfigOptions } from '@clickhouse/client'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { columnDefinition, createStatements, rowsTable } from '../../schemas/ddl.ts'
import { TABLES, type Table } from '../../schemas/tables.ts'

/** Makes the database of the tables on a server that is not ours; the embedded one brings its own. */
export async function prepareDatabase(options: ClickHouseClientConfigOptions): Promise<void> {
  const client = createClient({ ...options, database: 'default' })
  try {
    // The name was checked by the settings; ClickHouse takes no parameters in DDL of this kind.
    await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${options.database ?? 'default'}` })
  } catch (cause) {
    throw new ColloquyError('clickhouse_unreachable', `no ClickHouse at ${String(options.url)}, or no right to make the database ${options.database} (${messageOf(cause)}); check COLLOQUY_CLICKHOUSE_URL, its user and password`, { cause })
  } finally {
    await client.close()
  }
}

/** Makes the tables and views, and adds columns that older tables lack. May be run again at any time. */
export async function prepareTables(clickhouse: ClickHouseClient): Promise<void> {
  for (const query of createStatements()) await clickhouse.command({ query })
  for (const [name, table] of Object.entries(TABLES)) await addMissingColumns(clickhouse, rowsTable(name), table)
}

async function addMissingColumns(clickhouse: ClickHouseClient, name: string, table: Table): Promise<void> {
  const result = await clickhouse.query({
    query: 'SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {name:String}', query_params: { name }, format: 'JSONEachRow',
  })
  const present = new Set((await result.json<{ name: string }>()).map((column) => column.name))
  for (const [columnName, column] of Object.entries(table.columns)) {
    if (present.has(columnName)) continue
    await clickhouse.command({ query: `ALTER TABLE ${name} ADD COLUMN IF NOT EXISTS ${columnDefinition(columnName, column)}` })
  }
}
