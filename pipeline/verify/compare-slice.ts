import { crc32 } from 'node:zlib'
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import { rowsTable } from '../../schemas/ddl.ts'
import { PRESENT_GENERATIONS } from '../../schemas/table-generations.ts'
import { TABLE_NAMES, type TableName, TABLES } from '../../schemas/tables.ts'
import { type Removed, removedSql } from '../jetstream/removed.ts'
import { type BatchBounds, boundedBatches } from '../runtime/bounded-batches.ts'
import { isRowRefusal } from '../runtime/clickhouse-failures.ts'
import { keySql, textSql } from './canonical-text.ts'
import { EMPTY, type JsonPrinter } from './json-printer.ts'
import { BUCKET, bucketKey, isVersioned, type Scope, type Slice } from './log-slice.ts'
import type { Difference } from './table-differences.ts'

export interface CompareDeps {
  readonly clickhouse: ClickHouseClient
  readonly settings: ClickHouseSettings
  readonly printer: JsonPrinter
  /** Rows of lost records are counted apart: nothing proves them, and nothing refutes them. */
  readonly removed: Pick<Removed, 'ranges' | 'has'>
}

/** The result of comparing one slice. */
export interface Compared {
  /** Number of compared rows by table. */
  readonly rows: ReadonlyMap<TableName, number>
  readonly differences: readonly Difference[]
  /** Keys whose expected version is not in the table, with its LOG sequence. They are differences unless a later version exists. */
  readonly missing: ReadonlyMap<TableName, ReadonlyMap<string, number>>
  /** Number of rows of lost records by table. */
  readonly unproven: ReadonlyMap<TableName, number>
  /** Keys whose row is of a lost record, with its LOG sequence: no earlier version of them is missing. */
  readonly replaced: ReadonlyMap<TableName, ReadonlyMap<string, number>>
}

const DATA_TYPE = TABLES.events.columns.data.type
/** Max rows with `data_error` of one slice whose text is checked, and the bounds of one query for their texts. */
const REFUSED_MAX = 1_000
const RAW_BOUNDS: BatchBounds = { itemsMax: 200, bytesMax: 4 * 1024 * 1024 }

/** Compares the tables, as analysts see them, with the expected content of a slice. */
export async function compareSlice(deps: CompareDeps, scope: Scope, slice: Slice): Promise<Compared> {
  const rows = new Map<TableName, number>()
  const differences: Difference[] = []
  const missing = new Map<TableName, ReadonlyMap<string, number>>()
  const unproven = new Map<TableName, number>()
  const replaced = new Map<TableName, ReadonlyMap<string, number>>()
  for (const name of TABLE_NAMES) {
    const compare = isVersioned(name) ? compareVersions : compareBuckets
    const result = await compare(deps, name, scope, slice)
    rows.set(name, result.rows)
    differences.push(...result.differences)
    missing.set(name, result.missing ?? new Map())
    unproven.set(name, result.unproven)
    replaced.set(name, result.replaced ?? new Map())
  }
  if (!differences.some(({ table }) => table === 'events')) differences.push(...(await compareData(deps, scope, slice)))
  return { rows, differences, missing, unproven, replaced }
}

interface TableResult {
  readonly rows: number
  readonly differences: readonly Difference[]
  readonly missing?: ReadonlyMap<string, number>
  readonly unproven: number
  readonly replaced?: ReadonlyMap<string, number>
}

/**
 * The SQL condition that selects the rows of a scope, and its parameters. `proven` leaves out the rows of lost records, which `lost`
 * selects; it is `undefined` where the scope has none.
 */
function within(
  name: TableName,
  { from, to, tenant }: Scope,
  { removed }: CompareDeps,
): { where: string; proven: string; lost: string | undefined; params: Record<string, unknown> } {
  const { seq } = TABLES[name]
  const where = `${seq} BETWEEN {from:UInt64} AND {to:UInt64}${tenant === undefined ? '' : ' AND tenant = {tenant:String}'}`
  const lost = removedSql({ ranges: removed.ranges.filter((range) => range.from <= to && range.to >= from) }, seq)
  return {
    where,
    proven: lost === undefined ? where : `${where} AND NOT ${lost}`,
    lost: lost === undefined ? undefined : `${where} AND ${lost}`,
    params: { from, to, tenant },
  }
}

async function countRows(deps: CompareDeps, name: TableName, where: string | undefined, params: Record<string, unknown>): Promise<number> {
  if (where === undefined) return 0
  const [found] = await fetchRows<[number]>(deps, `SELECT count() FROM ${name} WHERE ${where}`, params)
  return found?.[0] ?? 0
}

async function fetchRows<Row>({ clickhouse, settings }: CompareDeps, query: string, params: Record<string, unknown>): Promise<Row[]> {
  const result = await clickhouse.query({
    query,
    query_params: params,
    format: 'JSONCompactEachRow',
    clickhouse_settings: { ...settings, output_format_json_quote_64bit_integers: 0 },
  })
  return result.json<Row>()
}

async function compareBuckets(deps: CompareDeps, name: TableName, scope: Scope, slice: Slice): Promise<TableResult> {
  const { proven, lost, params } = within(name, scope, deps)
  const { seq } = TABLES[name]
  const found = await fetchRows<[string, number, number, number, number]>(
    deps,
    `
    SELECT tenant, ${seq} - ${seq} % ${BUCKET} AS first, count(), sum(CRC32(text)), sum(length(text))
    FROM (SELECT tenant, ${seq}, ${textSql(name)} AS text FROM ${name} WHERE ${proven}) GROUP BY tenant, first`,
    params,
  )
  const expected = new Map(slice.buckets.get(name))
  const differences: Difference[] = []
  const differs = (tenant: string, from: number): void => {
    differences.push({ table: name, tenant, from: Math.max(from, scope.from), to: Math.min(from + BUCKET - 1, scope.to) })
  }
  let rows = 0
  for (const [tenant, from, count, crc, bytes] of found) {
    const bucket = expected.get(bucketKey(tenant, from))
    expected.delete(bucketKey(tenant, from))
    rows += count
    if (bucket?.rows !== count || bucket.crc !== crc || bucket.bytes !== bytes) differs(tenant, from)
  }
  for (const { tenant, from } of expected.values()) differs(tenant, from)
  return { rows, differences, unproven: await countRows(deps, name, lost, params) }
}

async function compareVersions(deps: CompareDeps, name: TableName, scope: Scope, slice: Slice): Promise<TableResult> {
  const { where, params } = within(name, scope, deps)
  const { seq } = TABLES[name]
  const label = name === 'actors' ? 'toJSONString(label)' : "''"
  const found = await fetchRows<[string, string, number, number, number, number, number]>(
    deps,
    `
    SELECT tenant, key, ${seq}, CRC32(text), length(text), CRC32(label), length(label)
    FROM (SELECT tenant, ${seq}, ${keySql(name)} AS key, ${textSql(name)} AS text, ${label} AS label FROM ${name} WHERE ${where})`,
    params,
  )
  const expected = new Map(slice.versions.get(name))
  const labels = await deps.printer.print(found.map(([, key]) => expected.get(key)?.label ?? EMPTY))
  const differences: Difference[] = []
  const replaced = new Map<string, number>()
  for (const [index, [tenant, key, at, crc, bytes, labelCrc, labelBytes]] of found.entries()) {
    const version = expected.get(key)
    expected.delete(key)
    // A row of a lost record: it is right that the earlier version is not there.
    if (deps.removed.has(at) && (version === undefined || version.seq < at)) {
      replaced.set(key, at)
      continue
    }
    const isSame =
      version?.seq === at
      && version.crc === crc
      && version.bytes === bytes
      && (version.label === undefined || hasChecksum(labels[index] ?? EMPTY, labelCrc, labelBytes))
    if (isSame) continue
    const expectedAt = version?.seq ?? at
    differences.push({ table: name, tenant, from: Math.min(at, expectedAt), to: Math.max(at, expectedAt), key })
  }
  return {
    rows: found.length - replaced.size,
    differences,
    missing: new Map([...expected].map(([key, version]) => [key, version.seq])),
    unproven: replaced.size,
    replaced,
  }
}

const hasChecksum = (text: string, crc: number, bytes: number): boolean => crc32(text) === crc && Buffer.byteLength(text) === bytes

/** Checks that the JSON column `data` of events equals the exact text in `data_raw`. */
async function compareData(deps: CompareDeps, scope: Scope, slice: Slice): Promise<Difference[]> {
  const { proven: where, params } = within('events', scope, deps)
  const at = (table: TableName, tenant: string, seq: number, note: string): Difference => ({ table, tenant, from: seq, to: seq, note })
  try {
    const wrong = await fetchRows<[string, number]>(
      deps,
      `
      SELECT tenant, seq FROM events WHERE ${where} AND (outcome = 'committed' OR idx > 0)
        AND toJSONString(data) != toJSONString(CAST(if(isNull(data_error), data_raw, '${EMPTY}'), '${DATA_TYPE}'))
      ORDER BY seq, idx LIMIT 1`,
      params,
    )
    const sound = await soundAmongRefused(deps, where, params)
    const rejected = await fetchRows<[string, number, number]>(
      deps,
      `
      SELECT tenant, seq, CRC32(toJSONString(data)) FROM events
      WHERE ${where} AND outcome = 'rejected' AND idx = 0 AND toJSONString(data) != '${EMPTY}'`,
      params,
    )
    const expected = new Map(await slice.rejectedData())
    const altered = rejected.filter(([, seq, found]) => {
      const crc = expected.get(seq)
      expected.delete(seq)
      return crc !== found
    })
    return [
      ...wrong.map(([tenant, seq]) => at('events', tenant, seq, 'data differs from data_raw')),
      ...sound.map(([tenant, seq]) => at('events', tenant, seq, 'data is empty and data_error is set, but ClickHouse can store data_raw')),
      ...altered.map(([tenant, seq]) => at('events', tenant, seq, 'data of a rejected input differs from LOG')),
      ...[...expected.keys()].map((seq) => at('events', '', seq, 'data of a rejected input is missing')),
    ]
  } catch (error) {
    if (!isRowRefusal(error)) throw error
    const note = `data_error is not set although ClickHouse cannot store data_raw, in sequences ${scope.from} to ${scope.to}`
    return [at('events', '', scope.from, note)]
  }
}

/** Rows with `data_error` whose `data_raw` ClickHouse can store. */
async function soundAmongRefused(
  deps: CompareDeps,
  where: string,
  params: Record<string, unknown>,
): Promise<(readonly [tenant: string, seq: number])[]> {
  const refused = await fetchRows<[string, number, number, number]>(
    deps,
    `
    SELECT tenant, seq, idx, length(data_raw) FROM events
    WHERE ${where} AND isNotNull(data_error) ORDER BY seq, idx LIMIT ${REFUSED_MAX}`,
    params,
  )
  const sound: (readonly [string, number])[] = []
  for (const batch of boundedBatches(refused, RAW_BOUNDS, ([, , , bytes]) => bytes)) {
    const [[, firstSeq = 0, firstIdx = 0] = [], [, lastSeq = 0, lastIdx = 0] = []] = [batch[0], batch.at(-1)]
    const rows = await fetchRows<[string, number, string]>(
      deps,
      `
      SELECT tenant, seq, data_raw FROM events WHERE ${where} AND isNotNull(data_error)
        AND (seq, idx) >= ({firstSeq:UInt64}, {firstIdx:UInt16}) AND (seq, idx) <= ({lastSeq:UInt64}, {lastIdx:UInt16})`,
      { ...params, firstSeq, firstIdx, lastSeq, lastIdx },
    )
    const printed = await deps.printer.print(rows.map(([, , raw]) => raw))
    const storable = rows.filter(([, , raw], index) => raw !== EMPTY && printed[index] !== EMPTY)
    sound.push(...storable.map(([tenant, seq]) => [tenant, seq] as const))
  }
  return sound
}

/** Exact duplicates of rows on disk. */
export interface Repeats {
  readonly rows: number
  /** The smallest key with duplicates. */
  readonly key: string
}

/**
 * Counts exact duplicates on disk. They are not differences: a crash leaves some, the views show each row once, and ClickHouse removes them
 * when it merges.
 */
export async function repeatsIn(deps: CompareDeps, name: TableName, scope: Scope): Promise<Repeats> {
  const { where, params } = within(name, scope, deps)
  const [found] = await fetchRows<[number, string]>(
    deps,
    `
    SELECT sum(times - 1), min(key) FROM (
      SELECT ${keySql(name)} AS key, count() AS times FROM ${rowsTable(name)}
      WHERE generation = ${PRESENT_GENERATIONS}['${name}'] AND ${where}
      GROUP BY ${TABLES[name].orderBy.join(', ')}, ${TABLES[name].seq} HAVING times > 1)`,
    params,
  )
  return { rows: found?.[0] ?? 0, key: found?.[1] ?? '' }
}
