import type { ClickHouseClient } from '@clickhouse/client'
import { rowsTable } from '../../schemas/ddl.ts'
import { TABLE_NAMES, type TableName } from '../../schemas/tables.ts'

/** The present generation of each table: the one whose rows the views show. */
export type Generations = Readonly<Record<TableName, number>>

/** Reads the present generations. A table that was never rebuilt has generation 0. */
export async function presentGenerations(clickhouse: ClickHouseClient): Promise<Generations> {
  const result = await clickhouse.query({
    query: 'SELECT name, max(generation) AS generation FROM generations GROUP BY name',
    format: 'JSONEachRow',
  })
  const known = new Map((await result.json<{ name: string; generation: number }>()).map(({ name, generation }) => [name, generation]))
  return Object.fromEntries(TABLE_NAMES.map((name) => [name, known.get(name) ?? 0])) as Generations
}

/**
 * Makes a generation the present one of several tables, in one insert, so that it takes effect for all of them or for none.
 *
 * @param seq LOG sequence up to which the generation has all rows.
 */
export async function swapTables(
  clickhouse: ClickHouseClient,
  tables: readonly TableName[],
  generation: number,
  seq: number,
): Promise<void> {
  const at = new Date().toISOString().slice(0, 23).replace('T', ' ')
  await clickhouse.insert({ table: 'generations', values: tables.map((name) => ({ name, generation, seq, at })), format: 'JSONEachRow' })
}

/** Tables that are marked and have no later generation yet. */
export async function damagedTables(clickhouse: ClickHouseClient, signal?: AbortSignal): Promise<TableName[]> {
  const result = await clickhouse.query({
    query: 'SELECT name, max(generation) AS damaged FROM repairs GROUP BY name',
    format: 'JSONEachRow',
    ...(signal && { abort_signal: signal }),
  })
  const damaged = new Map((await result.json<{ name: string; damaged: number }>()).map((row) => [row.name, row.damaged]))
  const present = await presentGenerations(clickhouse)
  return TABLE_NAMES.filter((name) => present[name] <= (damaged.get(name) ?? -1))
}

/** A ClickHouse partition of a table: the rows of one generation and month. */
interface Partition {
  readonly name: TableName
  readonly id: string
  readonly generation: number
  readonly bytes: number
}

async function partitions(clickhouse: ClickHouseClient): Promise<Partition[]> {
  const result = await clickhouse.query({
    query: `SELECT table, partition_id AS id, toUInt32OrZero(extract(any(partition), '^\\\\((\\\\d+),')) AS generation,
        toString(sum(bytes_on_disk)) AS bytes
      FROM system.parts WHERE database = currentDatabase() AND active GROUP BY table, id`,
    format: 'JSONEachRow',
  })
  const found = await result.json<{ table: string; id: string; generation: number; bytes: string }>()
  return found.flatMap(({ table, bytes, ...rest }) => {
    const name = TABLE_NAMES.find((one) => rowsTable(one) === table)
    return name === undefined ? [] : [{ ...rest, name, bytes: Number(bytes) }]
  })
}

/**
 * Writes the generations again after their table was lost: those of the stored rows. Without them the stored rows would count as old.
 *
 * @returns the tables of which several generations are stored, so that it is unknown which one was complete.
 */
export async function recoverGenerations(clickhouse: ClickHouseClient): Promise<TableName[]> {
  const present = await presentGenerations(clickhouse)
  const stored = await partitions(clickhouse)
  const found = TABLE_NAMES.map((name) => ({
    name,
    generations: new Set(stored.filter((one) => one.name === name).map(({ generation }) => generation)),
  }))
  const lost = found.filter(({ name, generations }) => generations.size > 0 && !generations.has(present[name]))
  const several = found.filter(({ generations }) => generations.size > 1)
  // The time is that of no rebuild, so that tables that waited for one still do.
  const values = lost.map(({ name, generations }) => ({
    name,
    generation: Math.max(...generations),
    seq: 0,
    at: '1970-01-01 00:00:00.000',
  }))
  if (values.length > 0) await clickhouse.insert({ table: 'generations', values, format: 'JSONEachRow' })
  return several.map(({ name }) => name)
}

/** The next free generation: higher than every present one, and than the rows that earlier rebuilds left behind. */
export async function nextGeneration(clickhouse: ClickHouseClient): Promise<number> {
  const present = Object.values(await presentGenerations(clickhouse))
  const stored = (await partitions(clickhouse)).map(({ generation }) => generation)
  return Math.max(...present, ...stored) + 1
}

/**
 * Drops the rows of all generations but the present one and, if given, the one that a rebuild is filling. Queries that already run are not
 * affected.
 */
export async function dropStaleGenerations(clickhouse: ClickHouseClient, filling?: number): Promise<void> {
  const present = await presentGenerations(clickhouse)
  for (const { name, id, generation } of await partitions(clickhouse)) {
    if (generation === present[name] || generation === filling) continue
    await clickhouse.command({ query: `ALTER TABLE ${rowsTable(name)} DROP PARTITION ID '${id}'` })
  }
}

/** Bytes on disk of the present generation of some tables. */
export async function bytesOf(clickhouse: ClickHouseClient, tables: readonly TableName[]): Promise<number> {
  const present = await presentGenerations(clickhouse)
  return (await partitions(clickhouse))
    .filter(({ name, generation }) => tables.includes(name) && generation === present[name])
    .reduce((sum, { bytes }) => sum + bytes, 0)
}
