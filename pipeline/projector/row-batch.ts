import type { LogRecord } from '../../schemas/record.ts'
import type { Address } from '../../schemas/subjects.ts'
import { TABLE_NAMES, type TableName } from '../../schemas/tables.ts'
import type { StreamPosition } from '../jetstream/position-history.ts'
import { type Block, createBlock } from './native/native-block.ts'
import { rowsOf } from './rows/record-rows.ts'

export type AnyRow = Readonly<Record<string, unknown>>

/** Rows to be inserted together, and the records that they come from. */
export interface Batch {
  /** Adds the rows of a record. @param data the record as stored in LOG. */
  add(address: Address, data: Uint8Array, position: StreamPosition): void
  /** One block per table that has rows, ready to insert. Reading it seals the batch: do not call `add` afterwards. */
  readonly blocks: ReadonlyMap<TableName, Block>
  /** Computes the rows of one table again, for a caller that has to insert them in smaller parts. */
  rowsOf(name: TableName): AnyRow[]
  readonly records: number
  /** Position of the last record that was added. */
  readonly last: StreamPosition | undefined
  /** `at` of that record, ISO; empty before the first one. */
  readonly lastAt: string
}

interface Added {
  readonly address: Address
  readonly data: Uint8Array
  readonly seq: number
}

/** Tables with one current row for each actor or case. If a batch has several rows for the same one, only the last row is inserted. */
const CURRENT_STATE_TABLES: ReadonlySet<TableName> = new Set(['actors', 'conversations', 'cases'])

/** Creates an empty batch. @param names the tables that get rows. Default: all. */
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
    if (block === undefined) blocks.set(name, (block = createBlock(name)))
    for (const row of rows) block.append(row)
  }
  const keepNewest = (name: TableName, key: string, [row]: readonly AnyRow[]): void => {
    if (row === undefined) return
    let byKey = newest.get(name)
    if (byKey === undefined) newest.set(name, (byKey = new Map<string, AnyRow>()))
    byKey.set(key, row)
  }
  return {
    add(address, data, position) {
      const record = recordIn(data)
      const rows = rowsOf(address, record, position.seq)
      const key = `${address.tenant}/${address.kind}/${address.id}/${record.case.no}`
      for (const name of names) {
        if (CURRENT_STATE_TABLES.has(name)) keepNewest(name, key, rows[name])
        else append(name, rows[name])
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
