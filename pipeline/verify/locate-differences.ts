import { TABLES, type TableName } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { keyOf, keySql, plain, readable, textOf } from './canonical-text.ts'
import type { CompareDeps } from './compare-slice.ts'
import type { Difference, Named } from './table-differences.ts'
import { createExpectation } from './expected/expectation.ts'
import { readScope } from './read-scope.ts'

interface LocateDeps {
  readonly jetstream: JetStreamContext
  readonly compare: CompareDeps
  /** Where the comparison began: counts are to be the same again. */
  readonly from: number
  readonly tenant: string | undefined
}

/** Rows that are looked at to find one. */
const ROWS_MAX = 100_000

/** Names the row and the column of each difference: works the rows around it out once more, and reads those of the table. */
export async function nameDifferences(deps: LocateDeps, differences: readonly Difference[]): Promise<Named[]> {
  const expected = await expectedRows(deps, differences)
  const named: Named[] = []
  for (const [index, difference] of differences.entries()) {
    named.push(await nameOne(deps, difference, expected[index] ?? new Map<string, Text>()))
  }
  return named.sort((a, b) => a.seq - b.seq)
}

interface Text {
  readonly seq: number
  readonly texts: readonly string[]
}

const belongs = ({ table, tenant, from, to, key }: Difference, name: TableName, rowTenant: string, seq: number, rowKey: () => string): boolean =>
  table === name && seq >= from && seq <= to && (tenant === '' || tenant === rowTenant) && (key === undefined || key === rowKey())

async function expectedRows({ jetstream, from, tenant }: LocateDeps, differences: readonly Difference[]): Promise<Map<string, Text>[]> {
  const found = differences.map(() => new Map<string, Text>())
  const expectation = createExpectation()
  for await (const { address, record, seq } of readScope(jetstream, { from, to: Math.max(...differences.map(({ to }) => to)), tenant })) {
    for (const [name, row] of expectation.take(address, record, seq)) {
      for (const [index, difference] of differences.entries()) {
        if (!belongs(difference, name, address.tenant, seq, () => keyOf(name, row))) continue
        found[index]?.set(keyOf(name, row), { seq, texts: [...textOf(name).of(row), plain(row['label'])] })
      }
    }
  }
  return found
}

async function nameOne({ compare }: LocateDeps, difference: Difference, expected: ReadonlyMap<string, Text>): Promise<Named> {
  const { table, from, to, tenant, key, note } = difference
  const { seq } = TABLES[table]
  if (note !== undefined) return { table, kind: 'different', seq: from, key: { seq: String(from) }, column: 'data', expected: 'what data_raw says', found: note }
  const conditions = [`${seq} BETWEEN {from:UInt64} AND {to:UInt64}`, ...(tenant === '' ? [] : ['tenant = {tenant:String}']), ...(key === undefined ? [] : [`${keySql(table)} = {key:String}`])]
  const label = table === 'actors' ? 'toJSONString(label)' : "''"
  const result = await compare.clickhouse.query({
    query: `SELECT ${keySql(table)}, ${seq}, arrayPushBack(${textOf(table).sql}, ${label}) FROM ${table} WHERE ${conditions.join(' AND ')} ORDER BY ${seq} LIMIT ${ROWS_MAX}`,
    query_params: { from, to, tenant, key }, format: 'JSONCompactEachRow',
    clickhouse_settings: { ...compare.settings, output_format_json_quote_64bit_integers: 0 },
  })
  const left = new Map(expected)
  const seen = new Set<string>()
  let first: Named | undefined
  const take = (named: Named): void => { if (first === undefined || named.seq < first.seq) first = named }
  for (const [rowKey, at, texts] of await result.json<[string, number, string[]]>()) {
    const own = expected.get(rowKey)
    left.delete(rowKey)
    if (seen.has(rowKey)) take({ table, kind: 'doubled', seq: at, key: keyColumns(table, rowKey) })
    else if (own === undefined) take({ table, kind: 'unexpected', seq: at, key: keyColumns(table, rowKey) })
    else {
      const different = await differing(compare, table, own.texts, texts)
      if (different !== undefined) take({ table, kind: 'different', seq: at, key: keyColumns(table, rowKey), ...different })
    }
    seen.add(rowKey)
  }
  for (const [rowKey, own] of left) take({ table, kind: 'missing', seq: own.seq, key: keyColumns(table, rowKey) })
  return first ?? { table, kind: 'different', seq: from, key: {}, found: 'it was different when it was compared, and no longer is' }
}

async function differing({ printer }: CompareDeps, table: TableName, expected: readonly string[], found: readonly string[]): Promise<Pick<Named, 'column' | 'expected' | 'found'> | undefined> {
  const columns = [...textOf(table).columns, 'label']
  const label = expected.at(-1) ?? ''
  const [printed] = table === 'actors' ? await printer.print([label]) : ['']
  const all = [...expected.slice(0, -1), printed ?? '']
  const index = all.findIndex((text, at) => text !== found[at])
  const column = columns[index]
  return column === undefined ? undefined : { column, expected: clipped(readable(table, column, all[index] ?? '')), found: clipped(readable(table, column, found[index] ?? '')) }
}

const TEXT_MAX = 200
const clipped = (text: string): string => (text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text)

const keyColumns = (table: TableName, key: string): Record<string, string> => {
  const parts = key.split('\n')
  return Object.fromEntries(TABLES[table].orderBy.map((column, index) => [column, readable(table, column, parts[index] ?? '')]))
}
