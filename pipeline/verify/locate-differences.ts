import { type TableName, TABLES } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { removedSql } from '../jetstream/removed.ts'
import { keyOf, keySql, plain, readable, textOf } from './canonical-text.ts'
import type { CompareDeps } from './compare-slice.ts'
import { createExpectation } from './expected/expectation.ts'
import { readScope } from './log-slice.ts'
import type { Difference, Named } from './table-differences.ts'

interface LocateDeps {
  readonly jetstream: JetStreamContext
  readonly compare: CompareDeps
  /** First LOG sequence of the verification. The counts must start at the same record as those of the verification. */
  readonly from: number
  readonly tenant: string | undefined
}

/** Max rows read to locate one difference. */
const ROWS_MAX = 100_000

/** Locates the row and column of each difference: recomputes the expected rows around it and reads those of the table. */
export async function locateDifferences(deps: LocateDeps, differences: readonly Difference[]): Promise<Named[]> {
  const expected = await expectedRows(deps, differences)
  const named: Named[] = []
  for (const [index, difference] of differences.entries()) {
    named.push(await locate(deps, difference, expected[index] ?? new Map<string, Text>()))
  }
  return named.sort((a, b) => a.seq - b.seq)
}

interface Text {
  readonly seq: number
  readonly texts: readonly string[]
}

const isWithin = (
  { table, tenant, from, to, key }: Difference,
  name: TableName,
  rowTenant: string,
  seq: number,
  rowKey: () => string,
): boolean =>
  table === name && seq >= from && seq <= to && (tenant === '' || tenant === rowTenant) && (key === undefined || key === rowKey())

async function expectedRows({ jetstream, from, tenant }: LocateDeps, differences: readonly Difference[]): Promise<Map<string, Text>[]> {
  const found = differences.map(() => new Map<string, Text>())
  const expectation = createExpectation()
  const last = Math.max(...differences.map(({ to }) => to))
  for await (const entry of readScope(jetstream, { from, to: last, tenant })) {
    const { address, seq } = entry
    for (const [name, row] of expectation.take(entry)) {
      for (const [index, difference] of differences.entries()) {
        if (!isWithin(difference, name, address.tenant, seq, () => keyOf(name, row))) continue
        found[index]?.set(keyOf(name, row), { seq, texts: [...textOf(name).of(row), plain(row['label'])] })
      }
    }
  }
  return found
}

async function locate({ compare }: LocateDeps, difference: Difference, expected: ReadonlyMap<string, Text>): Promise<Named> {
  const { table, from, to, tenant, key, note } = difference
  const { seq } = TABLES[table]
  if (note !== undefined) {
    const row = { seq: String(from) }
    return { table, kind: 'different', seq: from, key: row, column: 'data', expected: 'the value of data_raw', found: note }
  }
  const conditions = [
    `${seq} BETWEEN {from:UInt64} AND {to:UInt64}`,
    ...(tenant === '' ? [] : ['tenant = {tenant:String}']),
    ...(key === undefined ? [] : [`${keySql(table)} = {key:String}`]),
  ]
  const label = table === 'actors' ? 'toJSONString(label)' : "''"
  const lost = removedSql({ ranges: compare.removed.ranges.filter((range) => range.from <= to && range.to >= from) }, seq)
  if (lost !== undefined) conditions.push(`NOT ${lost}`)
  const result = await compare.clickhouse.query({
    query: `SELECT ${keySql(table)}, ${seq}, arrayPushBack(${textOf(table).sql}, ${label})
      FROM ${table} WHERE ${conditions.join(' AND ')} ORDER BY ${seq} LIMIT ${ROWS_MAX}`,
    query_params: { from, to, tenant, key },
    format: 'JSONCompactEachRow',
    clickhouse_settings: { ...compare.settings, output_format_json_quote_64bit_integers: 0 },
  })
  const missing = new Map(expected)
  const seen = new Set<string>()
  let first: Named | undefined
  const keepFirst = (named: Named): void => {
    if (first === undefined || named.seq < first.seq) first = named
  }
  for (const [rowKey, at, texts] of await result.json<[string, number, string[]]>()) {
    const own = expected.get(rowKey)
    missing.delete(rowKey)
    if (seen.has(rowKey)) keepFirst({ table, kind: 'doubled', seq: at, key: keyColumns(table, rowKey) })
    else if (own === undefined) keepFirst({ table, kind: 'unexpected', seq: at, key: keyColumns(table, rowKey) })
    else {
      const different = await differingColumn(compare, table, own.texts, texts)
      if (different !== undefined) keepFirst({ table, kind: 'different', seq: at, key: keyColumns(table, rowKey), ...different })
    }
    seen.add(rowKey)
  }
  for (const [rowKey, own] of missing) keepFirst({ table, kind: 'missing', seq: own.seq, key: keyColumns(table, rowKey) })
  return first ?? { table, kind: 'different', seq: from, key: {}, found: 'it differed during the comparison and does not any more' }
}

async function differingColumn(
  { printer }: CompareDeps,
  table: TableName,
  expected: readonly string[],
  found: readonly string[],
): Promise<Pick<Named, 'column' | 'expected' | 'found'> | undefined> {
  const columns = [...textOf(table).columns, 'label']
  const label = expected.at(-1) ?? ''
  const [printed] = table === 'actors' ? await printer.print([label]) : ['']
  const all = [...expected.slice(0, -1), printed ?? '']
  const index = all.findIndex((text, at) => text !== found[at])
  const column = columns[index]
  if (column === undefined) return undefined
  const value = (text: string | undefined): string => clip(readable(table, column, text ?? ''))
  return { column, expected: value(all[index]), found: value(found[index]) }
}

const TEXT_MAX = 200
const clip = (text: string): string => (text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text)

const keyColumns = (table: TableName, key: string): Record<string, string> => {
  const parts = key.split('\n')
  return Object.fromEntries(TABLES[table].orderBy.map((column, index) => [column, readable(table, column, parts[index] ?? '')]))
}
