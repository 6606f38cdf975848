import type { ClickHouseClient } from '@clickhouse/client'
import { rowsTable } from '../../schemas/ddl.ts'
import { TABLE_NAMES, type TableName } from '../../schemas/tables.ts'

/** Which generation of each table counts. */
export type Generations = Readonly<Record<TableName, number>>

export async function presentGenerations(clickhouse: ClickHouseClient): Promise<Generations> {
  const result = await clickhouse.query({ query: 'SELECT name, max(generation) AS generation FROM generations GROUP BY name', format: 'JSONEachRow' })
  const known = new Map((await result.json<{ name: string; generation: number }>()).map(({ name, generation }) => [name, generation]))
  return Object.fromEntries(TABLE_NAMES.map((name) => [name, known.get(name) ?? 0])) as Generations
}

/** From here on this generation of the tables counts: one insert, so for all of them or for none. */
export async function swapTables(clickhouse: ClickHouseClient, tables: readonly TableName[], generation: number, seq: number): Promise<void> {
  const at = new Date().toISOString().slice(0, 23).replace('T', ' ')
  await clickhouse.insert({ table: 'generations', values: tables.map((name) => ({ name, generation, seq, at })), format: 'JSONEachRow' })
}

interface Partition {
  readonly name: TableName
  readonly id: string
  readonly generation: number
  readonly bytes: number
}

async function partitions(clickhouse: ClickHouseClient): Promise<Partition[]> {
  const result = await clickhouse.query({
    query: `SELECT table, partition_id AS id, toUInt32OrZero(extract(any(partition), '^\\\\((\\\\d+),')) AS generation, toString(sum(bytes_on_disk)) AS bytes
      FROM system.parts WHERE database = currentDatabase() AND active GROUP BY table, id`,
    format: 'JSONEachRow',
  })
  const found = await result.json<{ table: string; id: string; generation: number; bytes: string }>()
  return found.flatMap(({ table, bytes, ...rest }) => {
    const name = TABLE_NAMES.find((one) => rowsTable(one) === table)
    return name === undefined ? [] : [{ ...rest, name, bytes: Number(bytes) }]
  })
}

/** A generation that no row has yet, whatever became of earlier rebuilds. */
export async function nextGeneration(clickhouse: ClickHouseClient): Promise<number> {
  const inUse = [...Object.values(await presentGenerations(clickhouse)), ...(await partitions(clickhouse)).map(({ generation }) => generation)]
  return Math.max(...inUse) + 1
}

/** Removes all rows that do not count, but for those of one generation that is being made. Queries under way keep what they read. */
export async function dropStaleGenerations(clickhouse: ClickHouseClient, beingMade?: number): Promise<void> {
  const present = await presentGenerations(clickhouse)
  for (const { name, id, generation } of await partitions(clickhouse)) {
    if (generation === present[name] || generation === beingMade) continue
    await clickhouse.command({ query: `ALTER TABLE ${rowsTable(name)} DROP PARTITION ID '${id}'` })
  }
}

/** Bytes on disk of what counts in the tables. */
export async function bytesOf(clickhouse: ClickHouseClient, tables: readonly TableName[]): Promise<number> {
  const present = await presentGenerations(clickhouse)
  return (await partitions(clickhouse))
    .filter(({ name, generation }) => tables.includes(name) && generation === present[name])
    .reduce((sum, { bytes }) => sum + bytes, 0)
}
