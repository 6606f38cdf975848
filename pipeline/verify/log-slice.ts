import { crc32 } from 'node:zlib'
import { type ReadModel, type TableName, TABLES } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { type BadRecord, type LogEntry, logParser } from '../jetstream/log-message.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import { type Checksum, checksumOf, type ExpectedRow, keyOf, plain } from './canonical-text.ts'
import type { Expected } from './expected/expected-rows.ts'
import { EMPTY, type JsonPrinter } from './json-printer.ts'

/** The records to verify: a range of LOG sequences, both inclusive, of one tenant or all. */
export interface Scope {
  readonly from: number
  readonly to: number
  readonly tenant?: string | undefined
}

/** Max messages fetched ahead. */
const FETCH_AHEAD_MAX = 4_000

/**
 * Yields the messages of a scope in order, those that are no record too. @throws ColloquyError `interrupted` if the reading was
 * interrupted; start again.
 */
export async function* readScope(jetstream: JetStreamContext, { from, to, tenant }: Scope): AsyncGenerator<LogEntry | BadRecord> {
  if (from > to) return
  const parse = await logParser(jetstream)
  const filterSubjects = tenant === undefined ? [] : [`log.*.${tenant}.>`]
  const reader = await openReader(jetstream, { stream: 'LOG', filterSubjects, startSeq: from, to, messagesMax: FETCH_AHEAD_MAX })
  try {
    for await (const message of reader) {
      const entry = parse(message)
      // The subject of a message that is no record may be of no tenant.
      if (tenant === undefined || entry.address.tenant === tenant) yield entry
    }
  } finally {
    reader.stop()
  }
}

/** Number and summed checksums of the rows of one tenant in `BUCKET` LOG sequences, for a table whose rows never change. */
export interface Bucket {
  readonly tenant: string
  readonly from: number
  rows: number
  crc: number
  bytes: number
}
/** LOG sequences of one bucket. */
export const BUCKET = 1_000
export const bucketKey = (tenant: string, from: number): string => `${tenant} ${from}`

/** The newest version in the slice of a row that later versions replace. */
export interface Version extends Checksum {
  readonly seq: number
  readonly tenant: string
  /** JSON text of the label of an actor; only in the table `actors`. */
  readonly label: string | undefined
}

/** The expected content of the tables for a range of LOG sequences. */
export interface Slice {
  add(expected: Expected, seq: number): void
  readonly buckets: ReadonlyMap<TableName, ReadonlyMap<string, Bucket>>
  readonly versions: ReadonlyMap<TableName, ReadonlyMap<string, Version>>
  /** By LOG sequence: CRC-32 of the data of each rejected input that has data, as ClickHouse prints the data. */
  rejectedData(): Promise<ReadonlyMap<number, number>>
  /** Prints the held data of rejected inputs once it exceeds 1 MiB of characters. Call it after each record. */
  printIfLarge(): Promise<void>
}

/** Max characters of rejected data held before printing. */
const HELD_CHARS_MAX = 1024 * 1024

/** Whether later versions replace the rows of a table. */
export const isVersioned = (name: TableName): boolean => (TABLES[name] as ReadModel).version !== undefined

/** Creates an empty slice. */
export function createSlice(printer: JsonPrinter): Slice {
  const buckets = new Map<TableName, Map<string, Bucket>>()
  const versions = new Map<TableName, Map<string, Version>>()
  const rejected = new Map<number, number>()
  let held: { seq: number; text: string }[] = []
  let heldChars = 0

  const entriesOf = <Value>(all: Map<TableName, Map<string, Value>>, name: TableName): Map<string, Value> => {
    const own = all.get(name) ?? new Map<string, Value>()
    all.set(name, own)
    return own
  }
  const addToBucket = (name: TableName, tenant: string, seq: number, { crc, bytes }: Checksum): void => {
    const from = seq - (seq % BUCKET)
    const own = entriesOf(buckets, name)
    const key = bucketKey(tenant, from)
    const bucket = own.get(key)
    if (bucket === undefined) {
      own.set(key, { tenant, from, rows: 1, crc, bytes })
      return
    }
    bucket.rows += 1
    bucket.crc += crc
    bucket.bytes += bytes
  }
  const printHeld = async (): Promise<void> => {
    const some = held
    held = []
    heldChars = 0
    const printed = await printer.print(some.map(({ text }) => text))
    for (const [index, { seq }] of some.entries()) {
      const text = printed[index] ?? EMPTY
      if (text !== EMPTY) rejected.set(seq, crc32(text))
    }
  }

  return {
    buckets,
    versions,
    add([name, row], seq) {
      const tenant = plain(row['tenant'])
      const checksum = checksumOf(name, row)
      if (isVersioned(name)) {
        entriesOf(versions, name).set(keyOf(name, row), { ...checksum, seq, tenant, label: labelOf(name, row) })
        return
      }
      addToBucket(name, tenant, seq, checksum)
      if (name !== 'events' || row['outcome'] !== 'rejected' || row['idx'] !== 0 || row['data'] === EMPTY) return
      const text = plain(row['data'])
      held.push({ seq, text })
      heldChars += text.length
    },
    async printIfLarge() {
      if (heldChars >= HELD_CHARS_MAX) await printHeld()
    },
    async rejectedData() {
      await printHeld()
      return rejected
    },
  }
}

const labelOf = (name: TableName, row: ExpectedRow): string | undefined => (name === 'actors' ? plain(row['label']) : undefined)
