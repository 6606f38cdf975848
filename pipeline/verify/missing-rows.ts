import { type Column, TABLE_NAMES, type TableName, TABLES } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { boundedBatches } from '../runtime/bounded-batches.ts'
import { PARAMETER_BOUNDS, parameterBytes } from '../runtime/clickhouse-failures.ts'
import { keySql } from './canonical-text.ts'
import type { CompareDeps } from './compare-slice.ts'
import { isVersioned } from './log-slice.ts'
import type { Difference } from './table-differences.ts'

/** Keys whose expected version is not in the table, with the LOG sequence of that version. */
export type MissingRows = ReadonlyMap<TableName, Map<string, number>>

/** The missing rows that no version after `to` has replaced. */
export async function missingRowsOf(deps: CompareDeps, candidates: MissingRows, to: number): Promise<Difference[]> {
  const missing: Difference[] = []
  for (const [name, keys] of candidates) {
    for (const some of boundedBatches(keys, PARAMETER_BOUNDS, ([key]) => parameterBytes(key))) {
      const replaced = await replacedAfter(
        deps,
        name,
        some.map(([key]) => key),
        to,
      )
      for (const [key, seq] of some) {
        if (!replaced.has(key)) missing.push({ table: name, tenant: tenantOf(name, key), from: seq, to: seq, key })
      }
    }
  }
  return missing
}

/** Returns the given keys that have a version after `to`. */
async function replacedAfter(
  { clickhouse, settings }: CompareDeps,
  name: TableName,
  keys: readonly string[],
  to: number,
): Promise<ReadonlySet<string>> {
  const columns = TABLES[name].orderBy.join(', ')
  const values = TABLES[name].orderBy.map((column, index) => valueSql(name, column, index + 1)).join(', ')
  const result = await clickhouse.query({
    query: `SELECT ${keySql(name)} FROM ${name} WHERE ${TABLES[name].seq} > {to:UInt64} AND (${columns}) IN (
      SELECT ${values} FROM (SELECT splitByChar('\\n', arrayJoin({keys:Array(String)})) AS part))`,
    query_params: { to, keys },
    use_multipart_params: true,
    format: 'JSONCompactEachRow',
    clickhouse_settings: settings,
  })
  return new Set((await result.json<[string]>()).map(([key]) => key))
}

/** SQL that converts a part of a key to its column type, so that ClickHouse uses the primary key. */
function valueSql(name: TableName, column: string, index: number): string {
  const columns: Readonly<Record<string, Column>> = TABLES[name].columns
  const type = columns[column]?.type ?? ''
  if (type.startsWith('DateTime64')) return `fromUnixTimestamp64Milli(toInt64(part[${index}]), 'UTC')`
  return type.startsWith('UInt') ? `to${type}(part[${index}])` : `part[${index}]`
}

const tenantOf = (name: TableName, key: string): string => {
  const orderBy: readonly string[] = TABLES[name].orderBy
  return key.split('\n')[orderBy.indexOf('tenant')] ?? ''
}

/** For each table, the last row if its LOG sequence is after the end of LOG. */
export async function beyondLog(
  { clickhouse, settings }: CompareDeps,
  jetstream: JetStreamContext,
  tenant: string | undefined,
): Promise<Difference[]> {
  const found: Difference[] = []
  for (const name of TABLE_NAMES) {
    const { seq } = TABLES[name]
    const key = isVersioned(name) ? keySql(name) : "''"
    const result = await clickhouse.query({
      query: `SELECT tenant, ${seq} AS at, ${key} AS key FROM ${name} ${tenant === undefined ? '' : 'WHERE tenant = {tenant:String}'}
        ORDER BY ${seq} DESC LIMIT 1`,
      query_params: { tenant },
      format: 'JSONEachRow',
      clickhouse_settings: { ...settings, output_format_json_quote_64bit_integers: 0 },
    })
    const [row] = await result.json<{ tenant: string; at: number; key: string }>()
    // LOG is read after the table: the record of a row that is written meanwhile is already in LOG.
    const { state } = await streamInfo(jetstream.jsm, 'LOG')
    if (row === undefined || row.at <= state.last_seq) continue
    found.push({ table: name, tenant: row.tenant, from: row.at, to: row.at, ...(row.key === '' ? {} : { key: row.key }) })
  }
  return found
}
