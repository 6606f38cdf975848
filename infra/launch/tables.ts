import type { ClickHouseClient } from '@clickhouse/client'
import { columnDefinition, createStatements, rowsTable } from '../../schemas/ddl.ts'
import { TABLES, type Table } from '../../schemas/tables.ts'

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
