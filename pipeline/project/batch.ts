import type { LogRecord } from '../../schemas/record.ts'
import type { Address } from '../../schemas/subjects.ts'
import { TABLE_NAMES, TABLES, type Table, type TableName } from '../../schemas/tables.ts'
import type { StreamPosition } from '../streams/positions.ts'
import { rowsOf } from './rows/rows.ts'

export type AnyRow = Readonly<Record<string, unknown>>

/** Rows on their way into the tables. Of a row with a version only the newest of the batch is kept. */
export interface Batch {
  add(address: Address, record: LogRecord, position: StreamPosition): void
  /** The rows of each table that has any. */
  tables(): ReadonlyMap<TableName, readonly AnyRow[]>
  readonly records: number
  readonly rows: number
  /** The last record that was added. */
  readonly last: StreamPosition | undefined
  readonly lastAt: string
}

/** @param names only rows of these tables. */
export function createBatch(names: readonly TableName[] = TABLE_NAMES): Batch {
  const plain = new Map<TableName, AnyRow[]>()
  const newest = new Map<TableName, Map<string, AnyRow>>()
  let records = 0
  let rows = 0
  let last: StreamPosition | undefined
  let lastAt = ''
  return {
    add(address, record, position) {
      const made = rowsOf(address, record, position.seq)
      for (const name of names) {
        for (const row of made[name]) put(name, row)
      }
      records += 1
      last = position
      lastAt = record.at
    },
    tables() {
      const all = new Map<TableName, readonly AnyRow[]>(plain)
      for (const [name, byKey] of newest) all.set(name, [...byKey.values()])
      return all
    },
    get records() {
      return records
    },
    get rows() {
      return rows
    },
    get last() {
      return last
    },
    get lastAt() {
      return lastAt
    },
  }

  function put(name: TableName, row: AnyRow): void {
    rows += 1
    const table: Table = TABLES[name]
    if (table.version === undefined) {
      const list = plain.get(name)
      if (list === undefined) plain.set(name, [row])
      else list.push(row)
      return
    }
    const key = table.orderBy.map((column) => row[column]).join('\n')
    const byKey = newest.get(name) ?? new Map<string, AnyRow>()
    newest.set(name, byKey)
    byKey.set(key, row)
  }
}
