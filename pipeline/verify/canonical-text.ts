import { crc32 } from 'node:zlib'
import type { KnownIntent } from '../../schemas/event-readers.ts'
import { type Column, type TableName, TABLES } from '../../schemas/tables.ts'

/**
 * The canonical text of a row, which this process and ClickHouse compute alike. Rows are compared by the CRC-32 (IEEE 802.3, as in zlib and
 * ClickHouse's `CRC32`) and the length of this text. Floats are compared by their bits and times by their milliseconds, since both sides
 * would print them differently.
 */
export interface RowText {
  /** Columns in the order of the text. */
  readonly columns: readonly string[]
  /** Texts of the values of an expected row, by column. */
  of(row: ExpectedRow): string[]
  /** SQL for the same array of texts. */
  readonly sql: string
}

/** An expected row: times as ISO texts, money in millionths, JSON as its text. */
export type ExpectedRow = Readonly<Record<string, ExpectedValue>>
export type ExpectedValue =
  | string
  | number
  | boolean
  | null
  | readonly string[]
  | readonly StateInterval[]
  | readonly KnownIntent[]
  | Readonly<Record<string, string>>
/** An open state of an actor. */
export interface StateInterval {
  readonly region: string
  readonly state: string
  readonly enteredSeq: number | null
  readonly enteredAt: string
}

/** Separates the values of a row. A text that contains it hides only a difference that moves the separator. */
const SEPARATOR = '\x1f'
const NULL = '\x1a'

/**
 * Columns that are not part of the text. `compare-slice` and `json-printer` compare them, because only ClickHouse knows how it prints JSON,
 * and which JSON it cannot store.
 */
const NOT_IN_TEXT: Partial<Record<TableName, readonly string[]>> = { events: ['data', 'data_error'], actors: ['label'] }

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
const intervalsText = (intervals: readonly StateInterval[]): string =>
  intervals
    .map(({ region, state, enteredSeq, enteredAt }) => [region, state, enteredSeq ?? NULL, Date.parse(enteredAt)].join('\x1e'))
    .join('\x1d')

const intentsText = (intents: readonly KnownIntent[]): string =>
  intents.map(({ name, confidence }) => `${name}\x1e${bitsOf(confidence)}`).join('\x1d')

interface Encoding {
  readonly of: (value: ExpectedValue) => string
  readonly sql: (column: string) => string
}

/** The text of a value: a text unchanged, anything else as JSON. */
export const plain = (value: ExpectedValue | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value ?? ''))

const PLAIN: Encoding = { of: plain, sql: (column) => `toString(${column})` }
/** Encodings by the prefix of the column type. */
const ENCODINGS: readonly (readonly [string, Encoding])[] = [
  ['DateTime64(3', { of: (value) => String(Date.parse(plain(value))), sql: (column) => `toString(toUnixTimestamp64Milli(${column}))` }],
  ['Float64', { of: (value) => bitsOf(Number(value)), sql: (column) => `toString(reinterpretAsUInt64(${column}))` }],
  ['Decimal(18, 6)', { of: (value) => millionths(Number(value)), sql: (column) => `toDecimalString(${column}, 6)` }],
  ['Bool', { of: (value) => (value === true ? '1' : '0'), sql: (column) => `toString(toUInt8(${column}))` }],
  [
    'Array(String',
    {
      of: (value) => (Array.isArray(value) ? (value as readonly string[]).join('\x1d') : ''),
      sql: (column) => `arrayStringConcat(${column}, '\\x1d')`,
    },
  ],
  [
    'Map(String, String)',
    {
      of: (value) =>
        Object.entries(value ?? {})
          .map(([key, text]) => `${key}\x1e${String(text)}`)
          .join('\x1d'),
      sql: (column) => `arrayStringConcat(arrayMap((k, v) -> concat(k, '\\x1e', v), mapKeys(${column}), mapValues(${column})), '\\x1d')`,
    },
  ],
  [
    'Array(Tuple(name',
    {
      of: (value) => (Array.isArray(value) ? intentsText(value as readonly KnownIntent[]) : ''),
      sql: (column) =>
        `arrayStringConcat(arrayMap(i -> concat(i.name, '\\x1e', toString(reinterpretAsUInt64(i.confidence))), ${column}), '\\x1d')`,
    },
  ],
  [
    'Array(Tuple(region',
    {
      of: (value) => (Array.isArray(value) ? intervalsText(value as readonly StateInterval[]) : ''),
      sql: (
        column,
      ) => `arrayStringConcat(arrayMap(s -> concat(s.region, '\\x1e', s.state, '\\x1e', ifNull(toString(s.entered_seq), '\\x1a'),
      '\\x1e', toString(toUnixTimestamp64Milli(s.entered_at))), ${column}), '\\x1d')`,
    },
  ],
]

function encodingOf({ type }: Column): Encoding {
  const isNullable = type.includes('Nullable(') && !type.startsWith('Array')
  const inner = type.replace(/^LowCardinality\((.*)\)$/, '$1').replace(/^Nullable\((.*)\)$/, '$1')
  const encoding = ENCODINGS.find(([prefix]) => inner.startsWith(prefix))?.[1] ?? PLAIN
  if (!isNullable) return encoding
  return {
    of: (value) => (value === null ? NULL : encoding.of(value)),
    sql: (column) => `if(isNull(${column}), '\\x1a', ${encoding.sql(`assumeNotNull(${column})`)})`,
  }
}

function rowText(name: TableName): RowText {
  const columns: Readonly<Record<string, Column>> = TABLES[name].columns
  const compared = Object.entries(columns).filter(([column]) => NOT_IN_TEXT[name]?.includes(column) !== true)
  const encoded = compared.map(([column, definition]) => ({ column, ...encodingOf(definition) }))
  return {
    columns: encoded.map(({ column }) => column),
    of: (row) => encoded.map(({ column, of }) => of(row[column] ?? null)),
    sql: `[${encoded.map(({ column, sql }) => sql(column)).join(', ')}]`,
  }
}

const cache = new Map<TableName, RowText>()
/** The canonical text of the rows of a table. */
export function textOf(name: TableName): RowText {
  const text = cache.get(name) ?? rowText(name)
  cache.set(name, text)
  return text
}

/** CRC-32 and length of the text of a row. */
export interface Checksum {
  readonly crc: number
  readonly bytes: number
}

/** The checksum of an expected row. */
export function checksumOf(name: TableName, row: ExpectedRow): Checksum {
  const bytes = Buffer.from(textOf(name).of(row).join(SEPARATOR))
  return { crc: crc32(bytes), bytes: bytes.length }
}

/** SQL for the text of a row; `CRC32` and `length` of it are its checksum. */
export const textSql = (name: TableName): string => `arrayStringConcat(${textOf(name).sql}, '\\x1f')`

/** The key of a row in its table, as one text. */
export function keyOf(name: TableName, row: ExpectedRow): string {
  const { columns, of } = textOf(name)
  const texts = of(row)
  return TABLES[name].orderBy.map((column) => texts[columns.indexOf(column)] ?? '').join(KEY_SEPARATOR)
}
export const KEY_SEPARATOR = '\n'

/** SQL for the key of a row. */
export function keySql(name: TableName): string {
  const columns: Readonly<Record<string, Column>> = TABLES[name].columns
  const parts = TABLES[name].orderBy.map((column) => encodingOf(columns[column] ?? { type: '', comment: '' }).sql(column))
  return `arrayStringConcat([${parts.join(', ')}], '\\n')`
}

/** Converts a value of the canonical text back for people. */
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
