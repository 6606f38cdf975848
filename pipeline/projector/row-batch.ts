import { TABLE_NAMES, type TableName } from '../../schemas/tables.ts'
import type { BadRecord, LogEntry, LogMessage, ParseLogMessage } from '../jetstream/log-message.ts'
import { type Block, createBlock } from './native/native-block.ts'
import { badRecordRows } from './rows/bad-record-rows.ts'
import { CURRENT_ROWS, type CurrentTable, isCurrentTable, type Rows, rowsOf } from './rows/record-rows.ts'

export type AnyRow = Readonly<Record<string, unknown>>

/** Rows to be inserted together, and the records that they come from. */
export interface Batch {
  /** Adds the rows of a message of LOG: of its record, or of what was set aside. */
  add(message: LogMessage): void
  /** One block per table that has rows, ready to insert. Reading it seals the batch: do not call `add` afterwards. */
  readonly blocks: ReadonlyMap<TableName, Block>
  /** Computes the rows of one table again, for a caller that has to insert them in smaller parts. */
  rowsOf(name: TableName): readonly AnyRow[]
  readonly records: number
  /** The last message that was added. */
  readonly last: LogMessage | undefined
  /** `at` of its record, ISO; empty before the first one. */
  readonly lastAt: string
}

/** Creates an empty batch. @param names the tables that get rows. Default: all. */
export function createBatch(parse: ParseLogMessage, names: readonly TableName[] = TABLE_NAMES): Batch {
  const all: LogMessage[] = []
  const blocks = new Map<TableName, Block>()
  /** By table and key, the newest record that has a row there: only this row is made. */
  const newest = new Map<CurrentTable, Map<string, LogEntry>>(names.filter(isCurrentTable).map((name) => [name, new Map()]))
  const others = names.filter((name) => !isCurrentTable(name))
  let lastAt = ''
  const append = (name: TableName, rows: readonly AnyRow[]): void => {
    if (rows.length === 0) return
    let block = blocks.get(name)
    if (block === undefined) blocks.set(name, (block = createBlock(name)))
    for (const row of rows) block.append(row)
  }
  return {
    add(message) {
      const entry = parse(message)
      const rows = recordRows(entry)
      for (const name of others) append(name, rows[name] ?? [])
      if (entry.bad === undefined) {
        for (const [name, byKey] of newest) {
          const { has, keyOf } = CURRENT_ROWS[name]
          if (has(entry.record)) byKey.set(keyOf(entry), entry)
        }
      }
      all.push(message)
      lastAt = entry.record?.at ?? entry.bad?.at ?? lastAt
    },
    get blocks() {
      for (const [name, byKey] of newest) {
        for (const entry of byKey.values()) append(name, CURRENT_ROWS[name].rowOf(entry))
        byKey.clear()
      }
      return blocks
    },
    rowsOf: (name) =>
      all.flatMap((message): readonly AnyRow[] => {
        const entry = parse(message)
        if (!isCurrentTable(name)) return recordRows(entry)[name] ?? []
        return entry.bad === undefined && CURRENT_ROWS[name].has(entry.record) ? CURRENT_ROWS[name].rowOf(entry) : []
      }),
    get records() {
      return all.length
    },
    get last() {
      return all.at(-1)
    },
    get lastAt() {
      return lastAt
    },
  }
}

const recordRows = (entry: LogEntry | BadRecord): Partial<Rows> =>
  entry.bad === undefined ? rowsOf(entry.address, entry.record, entry.seq) : badRecordRows(entry)
