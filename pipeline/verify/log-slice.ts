import { crc32 } from 'node:zlib'
import { TABLES, type ReadModel, type TableName } from '../../schemas/tables.ts'
import { checksumOf, keyOf, plain, type Checksum, type ExpectedRow } from './canonical-text.ts'
import type { Expected } from './expected/expected-rows.ts'
import { EMPTY, type JsonPrinter } from './json-printer.ts'

/** Rows of one tenant and `BUCKET` sequences of a table whose rows never change: their number and the sums of their checksums. */
export interface Bucket {
  readonly tenant: string
  readonly from: number
  rows: number
  crc: number
  bytes: number
}
export const BUCKET = 1_000
export const bucketKey = (tenant: string, from: number): string => `${tenant} ${from}`

/** The newest version, within the slice, of a row that stands until another takes its place. */
export interface Version extends Checksum {
  readonly seq: number
  readonly tenant: string
  /** Of an actor: the JSON text of its label. */
  readonly label: string | undefined
}

/** What the tables should hold of the records of some sequences. */
export interface Slice {
  add(expected: Expected, seq: number): void
  readonly buckets: ReadonlyMap<TableName, ReadonlyMap<string, Bucket>>
  readonly versions: ReadonlyMap<TableName, ReadonlyMap<string, Version>>
  /** By sequence, the CRC-32 of how ClickHouse prints the data of a rejected input that has any. */
  rejectedData(): Promise<ReadonlyMap<number, number>>
  /** Asks for what is to be printed, where much has come together. */
  settle(): Promise<void>
}

/** Payloads of rejected inputs that are held until they are printed. */
const HELD_CHARS_MAX = 1024 * 1024

export const isStanding = (name: TableName): boolean => (TABLES[name] as ReadModel).version !== undefined

export function createSlice(printer: JsonPrinter): Slice {
  const buckets = new Map<TableName, Map<string, Bucket>>()
  const versions = new Map<TableName, Map<string, Version>>()
  const rejected = new Map<number, number>()
  let held: { seq: number; text: string }[] = []
  let heldChars = 0

  const within = <Value>(all: Map<TableName, Map<string, Value>>, name: TableName): Map<string, Value> => {
    const own = all.get(name) ?? new Map<string, Value>()
    all.set(name, own)
    return own
  }
  const addToBucket = (name: TableName, tenant: string, seq: number, { crc, bytes }: Checksum): void => {
    const from = seq - seq % BUCKET
    const own = within(buckets, name)
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
      if (isStanding(name)) {
        within(versions, name).set(keyOf(name, row), { ...checksum, seq, tenant, label: labelOf(name, row) })
        return
      }
      addToBucket(name, tenant, seq, checksum)
      if (name !== 'events' || row['outcome'] !== 'rejected' || row['idx'] !== 0 || row['data'] === EMPTY) return
      const text = plain(row['data'])
      held.push({ seq, text })
      heldChars += text.length
    },
    async settle() {
      if (heldChars >= HELD_CHARS_MAX) await printHeld()
    },
    async rejectedData() {
      await printHeld()
      return rejected
    },
  }
}

const labelOf = (name: TableName, row: ExpectedRow): string | undefined => (name === 'actors' ? plain(row['label']) : undefined)
