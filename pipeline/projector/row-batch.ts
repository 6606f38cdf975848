import { actorKey } from '../../schemas/subjects.ts'
import { TABLE_NAMES, type TableName } from '../../schemas/tables.ts'
import type { LogEntry, LogMessage, ParseLogMessage } from '../jetstream/log-message.ts'
import type { StreamPosition } from '../jetstream/position-history.ts'
import { type Block, createBlock } from './native/native-block.ts'
import { badRecordRows } from './rows/bad-record-rows.ts'
import { actorRow, hasActorRow, type Rows, rowsOf } from './rows/record-rows.ts'

export type AnyRow = Readonly<Record<string, unknown>>

/** Rows to be inserted together, and the records that they come from. */
export interface Batch {
  /** Adds the rows of a message of LOG: of its record, or of what was set aside. */
  add(message: LogMessage, position: StreamPosition): void
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

/** Tables with one current row for each case. If a batch has several rows for the same one, only the last row is inserted. */
const CURRENT_STATE_TABLES: ReadonlySet<TableName> = new Set(['conversations', 'cases'])

/** Creates an empty batch. @param names the tables that get rows. Default: all. */
export function createBatch(parse: ParseLogMessage, names: readonly TableName[] = TABLE_NAMES): Batch {
  const all: LogMessage[] = []
  const blocks = new Map<TableName, Block>()
  const newest = new Map<TableName, Map<string, AnyRow>>()
  /** By actor, its newest record with a row of `actors`: only that one is read with its private part. */
  const actors = new Map<string, LogEntry>()
  const hasActors = names.includes('actors')
  let last: StreamPosition | undefined
  let lastAt = ''
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
    add(message, position) {
      const entry = parse(message)
      const { address, record, bad } = entry
      if (hasActors && bad === undefined && hasActorRow(entry.record)) actors.set(actorKey(address), entry)
      const rows: Partial<Rows> = bad === undefined ? rowsOf(address, record, position.seq) : badRecordRows(entry)
      const key = `${address.tenant}/${address.kind}/${address.id}/${record?.case.no ?? 0}`
      for (const name of names) {
        const own = name === 'actors' ? undefined : rows[name]
        if (own === undefined) continue
        if (CURRENT_STATE_TABLES.has(name)) keepNewest(name, key, own)
        else append(name, own)
      }
      all.push(message)
      last = position
      lastAt = record?.at ?? bad?.at ?? lastAt
    },
    get blocks() {
      for (const [name, byKey] of newest) append(name, [...byKey.values()])
      newest.clear()
      append('actors', [...actors.values()].flatMap(actorRowsOf))
      actors.clear()
      return blocks
    },
    rowsOf: (name) =>
      all.flatMap((message): readonly AnyRow[] => {
        const entry = parse(message)
        if (name === 'actors') return entry.bad === undefined && hasActorRow(entry.record) ? actorRowsOf(entry) : []
        if (entry.bad !== undefined) return badRecordRows(entry)[name] ?? []
        return rowsOf(entry.address, entry.record, entry.seq)[name]
      }),
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

/** None where the private part cannot be read: the row of an earlier record stays. */
function actorRowsOf(entry: LogEntry): readonly AnyRow[] {
  const whole = entry.whole()
  return whole === undefined ? [] : [actorRow(entry.address, whole, entry.seq)]
}
