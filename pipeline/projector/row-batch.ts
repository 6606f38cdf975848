import type { LogRecord } from '../../schemas/record.ts'
import type { Address } from '../../schemas/subjects.ts'
import { TABLE_NAMES, type TableName } from '../../schemas/tables.ts'
import type { StreamPosition } from '../jetstream/position-history.ts'
import { createBlock, type Block } from './native/native-block.ts'
import { rowsOf } from './rows/record-rows.ts'

export type AnyRow = Readonly<Record<string, unknown>>

/** Rows on their way into the tables, and the records that they come from. */
export interface Batch {
  /** @param data a record, as LOG has it. */
  add(address: Address, data: Uint8Array, position: StreamPosition): void
  /** The rows of each table that has any, as they are inserted. Nothing is to be added after that. */
  readonly blocks: ReadonlyMap<TableName, Block>
  /** The rows of one table, worked out once more, for whom one block is too much. */
  rowsOf(name: TableName): AnyRow[]
  readonly records: number
  /** The last record that was added. */
  readonly last: StreamPosition | undefined
  readonly lastAt: string
}

interface Added {
  readonly address: Address
  readonly data: Uint8Array
  readonly seq: number
}

/** Tables with a row at most per record, for its actor or its case: most rows of a batch give way to a later one in it. */
const STANDING: ReadonlySet<TableName> = new Set(['actors', 'conversations', 'cases'])

/** @param names only rows of these tables. */
export function createBatch(names: readonly TableName[] = TABLE_NAMES): Batch {
  const all: Added[] = []
  const blocks = new Map<TableName, Block>()
  const newest = new Map<TableName, Map<string, AnyRow>>()
  const decoder = new TextDecoder()
  let last: StreamPosition | undefined
  let lastAt = ''
  const recordIn = (data: Uint8Array): LogRecord => JSON.parse(decoder.decode(data)) as LogRecord
  const append = (name: TableName, rows: readonly AnyRow[]): void => {
    if (rows.length === 0) return
    let block = blocks.get(name)
    if (block === undefined) blocks.set(name, block = createBlock(name))
    for (const row of rows) block.append(row)
  }
  const keepNewest = (name: TableName, key: string, [row]: readonly AnyRow[]): void => {
    if (row === undefined) return
    let byKey = newest.get(name)
    if (byKey === undefined) newest.set(name, byKey = new Map<string, AnyRow>())
    byKey.set(key, row)
  }
  return {
    add(address, data, position) {
      const record = recordIn(data)
      const made = rowsOf(address, record, position.seq)
      const key = `${address.tenant}/${address.kind}/${address.id}/${record.case.no}`
      for (const name of names) {
        if (STANDING.has(name)) keepNewest(name, key, made[name])
        else append(name, made[name])
      }
      all.push({ address, data, seq: position.seq })
      last = position
      lastAt = record.at
    },
    get blocks() {
      for (const [name, byKey] of newest) append(name, [...byKey.values()])
      newest.clear()
      return blocks
    },
    rowsOf: (name) => all.flatMap(({ address, data, seq }): readonly AnyRow[] => rowsOf(address, recordIn(data), seq)[name]),
    get records() {
      return all.length
    },
    get last() {
      return last
    },
    get lastAt() {
      return lastAt
    },
  }
}
