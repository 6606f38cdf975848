import { crc32 } from 'node:zlib'
import { TABLES, type Column, type TableName } from '../../schemas/tables.ts'

/**
 * One text for a row, written the same way here and in ClickHouse: what is compared is this text, and its CRC-32 (IEEE 802.3, as in
 * zlib and ClickHouse's `CRC32`) with its length. No float and no time is ever printed: they are compared bit by bit, and in
 * milliseconds.
 */
export interface RowText {
  /** Columns in the order in which they stand in the text. */
  readonly columns: readonly string[]
  /** Text of a row that was worked out from the log. */
  of(row: ExpectedRow): string[]
  /** SQL for the same, an array of texts. */
  readonly sql: string
}

/** What a row should hold: times as ISO texts, money in millionths, JSON as its text. */
export type ExpectedRow = Readonly<Record<string, ExpectedValue>>
export type ExpectedValue = string | number | boolean | null | readonly StateInterval[]
export interface StateInterval {
  readonly region: string
  readonly state: string
  readonly enteredSeq: number | null
  readonly enteredAt: string
}

/** Stands between the values of a row; in a text of a stranger it may occur, and would then have to be moved to go unnoticed. */
const SEPARATOR = '\x1f'
const NULL = '\x1a'

/** What only ClickHouse can say is compared apart (`json.ts`): how it prints JSON, and why it cannot hold some. */
const NOT_COMPARED: Partial<Record<TableName, readonly string[]>> = { events: ['data', 'data_error'], actors: ['label'] }

const float = new DataView(new ArrayBuffer(8))
function bitsOf(value: number): string {
  // JSON knows no -0.
  float.setFloat64(0, value === 0 ? 0 : value)
  return float.getBigUint64(0).toString()
}
const millionths = (value: number): string => {
  const digits = String(Math.abs(value)).padStart(7, '0')
  return `${value < 0 ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`
}
const intervalsText = (stays: readonly StateInterval[]): string =>
  stays.map(({ region, state, enteredSeq, enteredAt }) => [region, state, enteredSeq ?? NULL, Date.parse(enteredAt)].join('\x1e')).join('\x1d')

interface Encoding {
  readonly of: (value: ExpectedValue) => string
  readonly sql: (column: string) => string
}

/** Text as it is; numbers as both sides print them. */
export const plain = (value: ExpectedValue | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value ?? ''))

const PLAIN: Encoding = { of: plain, sql: (column) => `toString(${column})` }
/** By the beginning of the type. */
const ENCODINGS: readonly (readonly [string, Encoding])[] = [
  ['DateTime64(3', { of: (value) => String(Date.parse(plain(value))), sql: (column) => `toString(toUnixTimestamp64Milli(${column}))` }],
  ['Float64', { of: (value) => bitsOf(Number(value)), sql: (column) => `toString(reinterpretAsUInt64(${column}))` }],
  ['Decimal(18, 6)', { of: (value) => millionths(Number(value)), sql: (column) => `toDecimalString(${column}, 6)` }],
  ['Bool', { of: (value) => (value === true ? '1' : '0'), sql: (column) => `toString(toUInt8(${column}))` }],
  ['Array(Tuple(region', {
    of: (value) => (Array.isArray(value) ? intervalsText(value as readonly StateInterval[]) : ''),
    sql: (column) => `arrayStringConcat(arrayMap(s -> concat(s.region, '\\x1e', s.state, '\\x1e', ifNull(toString(s.entered_seq), '\\x1a'), '\\x1e', toString(toUnixTimestamp64Milli(s.entered_at))), ${column}), '\\x1d')`,
  }],
]

function encodingOf({ type }: Column): Encoding {
  const isNullable = type.includes('Nullable(') && !type.startsWith('Array')
  const inner = type.replace(/^LowCardinality\((.*)\)$/, '$1').replace(/^Nullable\((.*)\)$/, '$1')
  const encoding = ENCODINGS.find(([beginning]) => inner.startsWith(beginning))?.[1] ?? PLAIN
  if (!isNullable) return encoding
  return {
    of: (value) => (value === null ? NULL : encoding.of(value)),
    sql: (column) => `if(isNull(${column}), '\\x1a', ${encoding.sql(`assumeNotNull(${column})`)})`,
  }
}

function rowText(name: TableName): RowText {
  const columns: Readonly<Record<string, Column>> = TABLES[name].columns
  const compared = Object.entries(columns).filter(([column]) => NOT_COMPARED[name]?.includes(column) !== true)
  const encoded = compared.map(([column, definition]) => ({ column, ...encodingOf(definition) }))
  return {
    columns: encoded.map(({ column }) => column),
    of: (row) => encoded.map(({ column, of }) => of(row[column] ?? null)),
    sql: `[${encoded.map(({ column, sql }) => sql(column)).join(', ')}]`,
  }
}

const cache = new Map<TableName, RowText>()
export function textOf(name: TableName): RowText {
  const known = cache.get(name) ?? rowText(name)
  cache.set(name, known)
  return known
}

export interface Checksum {
  readonly crc: number
  readonly bytes: number
}

export function checksumOf(name: TableName, row: ExpectedRow): Checksum {
  const bytes = Buffer.from(textOf(name).of(row).join(SEPARATOR))
  return { crc: crc32(bytes), bytes: bytes.length }
}

/** The text of a row in SQL; its checksum is `CRC32` and `length` of it. */
export const textSql = (name: TableName): string => `arrayStringConcat(${textOf(name).sql}, '\\x1f')`

/** What tells a row from others of its table, as one text. */
export function keyOf(name: TableName, row: ExpectedRow): string {
  const { columns, of } = textOf(name)
  const texts = of(row)
  return TABLES[name].orderBy.map((column) => texts[columns.indexOf(column)] ?? '').join(KEY_SEPARATOR)
}
export const KEY_SEPARATOR = '\n'

export function keySql(name: TableName): string {
  const columns: Readonly<Record<string, Column>> = TABLES[name].columns
  return `arrayStringConcat([${TABLES[name].orderBy.map((column) => encodingOf(columns[column] ?? { type: '', comment: '' }).sql(column)).join(', ')}], '\\n')`
}

/** A value of a row's text as people read it. */
export function readable(name: TableName, column: string, text: string): string {
  const columns: Readonly<Record<string, Column>> = TABLES[name].columns
  const type = columns[column]?.type ?? ''
  if (text === NULL) return 'NULL'
  if (type.includes('Float64') && /^\d+$/.test(text)) {
    float.setBigUint64(0, BigInt(text))
    return String(float.getFloat64(0))
  }
  return type.includes('DateTime64') && /^-?\d+$/.test(text) ? new Date(Number(text)).toISOString() : text.replaceAll(NULL, 'NULL')
}
