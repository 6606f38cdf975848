import { ColloquyError } from '../../../schemas/errors.ts'
import { Texts } from './native-texts.ts'

/** The values of one column, encoded as the body of a column in ClickHouse's Native format. */
export interface NativeColumn {
  /** @throws ColloquyError `bad_row` if the value does not have the column's type. */
  append(value: unknown): void
  /** Appends the placeholder of a missing value. */
  appendDefault(): void
  /** The encoded bytes, to be concatenated. */
  readonly pieces: readonly Uint8Array[]
}

/**
 * Creates a column of a ClickHouse type. Rows give a time as ISO text, a decimal as decimal text, JSON as its text.
 *
 * @throws ColloquyError `bad_type` if the type is not supported.
 */
export function createColumn(type: string): NativeColumn {
  const [, outer = type, inner = ''] = /^(\w+)\((.*)\)$/.exec(type) ?? []
  switch (outer) {
    case 'String':
      return texts([], '')
    case 'JSON':
      return texts([bytesOf64([JSON_AS_TEXT])], '{}')
    case 'LowCardinality':
      return dictionary(inner.startsWith('Nullable'))
    case 'Bool':
      return numbers(bytesOf8, (value) => (value === true ? 1 : 0))
    case 'UInt8':
      return numbers(bytesOf8, number)
    case 'UInt16':
      return numbers(bytesOf16, number)
    case 'UInt32':
      return numbers(bytesOf32, number)
    case 'Float64':
      return numbers(bytesOfFloats, number)
    case 'UInt64':
      return numbers(bytesOf64, number)
    case 'DateTime64':
      return times()
    case 'Decimal':
      return numbers(bytesOf64, (value) => Number(text(value).replace('.', '')))
    case 'Nullable':
      return nullable(createColumn(inner))
    case 'Array':
      return array(createColumn(inner))
    case 'Map':
      return map()
    case 'Tuple':
      return tuple(inner)
    default:
      throw new ColloquyError('bad_type', `columns of type ${type} are not supported; add the type to ${import.meta.filename}`)
  }
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw new ColloquyError('bad_row', `a column needs a string, and the row has a value of type ${typeof value}`)
}
function number(value: unknown): number {
  if (typeof value === 'number') return value
  throw new ColloquyError('bad_row', `a column needs a number, and the row has a value of type ${typeof value}`)
}

/** Version of the JSON encoding: each value as its text, which ClickHouse parses. */
const JSON_AS_TEXT = 1

function texts(head: readonly Uint8Array[], empty: string): NativeColumn {
  const values = new Texts()
  return {
    append: (value) => values.push(text(value)),
    appendDefault: () => values.push(empty),
    get pieces() {
      return [...head, values.written]
    },
  }
}

function numbers(encode: Encoding, read: (value: unknown) => number): NativeColumn {
  const values: number[] = []
  return {
    append: (value) => void values.push(read(value)),
    appendDefault: () => void values.push(0),
    get pieces() {
      return [encode(values)]
    },
  }
}

function times(): NativeColumn {
  const msOf = createTimeParser()
  return numbers(bytesOf64, (value) => msOf(text(value)))
}

/** Encodes one flag per value (1: null), then all values, with a default in place of each null. */
function nullable(inner: NativeColumn): NativeColumn {
  const flags: number[] = []
  const appendDefault = (): void => {
    flags.push(1)
    inner.appendDefault()
  }
  return {
    append(value) {
      if (value === null) return appendDefault()
      flags.push(0)
      inner.append(value)
    },
    appendDefault,
    get pieces() {
      return [bytesOf8(flags), ...inner.pieces]
    },
  }
}

/** Version of the dictionary encoding, and its flags. */
const SHARED_DICTIONARIES = 1
const HAS_KEYS = 0x200
const NEEDS_UPDATE = 0x400

/** Encodes each distinct text once, then an index into these for each value. In a nullable dictionary, index 0 is null. */
function dictionary(isNullable: boolean): NativeColumn {
  const keys = new Texts()
  const indexOf = new Map<string, number>()
  const indexes: number[] = []
  let keyCount = 0
  let last: string | undefined
  let lastIndex = 0
  if (isNullable) addKey('')
  return {
    append(value) {
      if (isNullable && value === null) return void indexes.push(0)
      const key = text(value)
      if (key !== last) {
        last = key
        lastIndex = indexOf.get(key) ?? addIndexed(key)
      }
      indexes.push(lastIndex)
    },
    appendDefault: () => void indexes.push(isNullable ? 0 : (indexOf.get('') ?? addIndexed(''))),
    get pieces() {
      const [width, body] = encodeIndexes()
      const head = bytesOf64([SHARED_DICTIONARIES, HAS_KEYS | NEEDS_UPDATE | width, keyCount])
      return [head, keys.written, bytesOf64([indexes.length]), body]
    },
  }

  /** The narrowest integers that hold every index, and the code of their width. */
  function encodeIndexes(): [width: number, body: Uint8Array] {
    if (keyCount <= 0x100) return [0, bytesOf8(indexes)]
    return keyCount <= 0x1_0000 ? [1, bytesOf16(indexes)] : [2, bytesOf32(indexes)]
  }
  function addIndexed(key: string): number {
    indexOf.set(key, keyCount)
    return addKey(key)
  }
  function addKey(key: string): number {
    keys.push(key)
    return keyCount++
  }
}

/** Encodes the end offset of each array, then the items of all arrays. */
function array(inner: NativeColumn): NativeColumn {
  const ends: number[] = []
  let count = 0
  return {
    append(value) {
      if (!Array.isArray(value)) {
        throw new ColloquyError('bad_row', `a column needs an array, and the row has a value of type ${typeof value}`)
      }
      for (const item of value as readonly unknown[]) inner.append(item)
      count += value.length
      ends.push(count)
    },
    appendDefault: () => void ends.push(count),
    get pieces() {
      return [bytesOf64(ends), ...inner.pieces]
    },
  }
}

/** A map of texts to texts, from an object: the end offset of each map, then all keys, then all values. */
function map(): NativeColumn {
  const ends: number[] = []
  const [keys, values] = [new Texts(), new Texts()]
  let count = 0
  return {
    append(object) {
      for (const [key, value] of Object.entries(object as Readonly<Record<string, unknown>>)) {
        keys.push(key)
        values.push(text(value))
        count += 1
      }
      ends.push(count)
    },
    appendDefault: () => void ends.push(count),
    get pieces() {
      return [bytesOf64(ends), keys.written, values.written]
    },
  }
}

/** A tuple with named elements: `region String, at Nullable(UInt64)`. */
function tuple(parts: string): NativeColumn {
  const columns = splitTopLevel(parts).map((part) => {
    const [, name = '', type = ''] = /^(\w+) (.*)$/.exec(part) ?? []
    return { name, column: createColumn(type) }
  })
  return {
    append(value) {
      for (const { name, column } of columns) column.append((value as Readonly<Record<string, unknown>>)[name])
    },
    appendDefault() {
      for (const { column } of columns) column.appendDefault()
    },
    get pieces() {
      return columns.flatMap(({ column }) => column.pieces)
    },
  }
}

/** Splits at the commas outside of brackets. */
function splitTopLevel(list: string): string[] {
  const parts: string[] = []
  let [depth, start] = [0, 0]
  for (const [at, char] of [...list].entries()) {
    if (char === '(') depth += 1
    if (char === ')') depth -= 1
    if (char !== ',' || depth > 0) continue
    parts.push(list.slice(start, at).trim())
    start = at + 1
  }
  return [...parts, list.slice(start).trim()]
}

/**
 * Encodes numbers as ClickHouse's binary formats have them: little-endian, the memory layout of every machine that ClickHouse runs on.
 * Columns gather values in plain arrays, which grow fastest, and encode them at once.
 */
type Encoding = (values: readonly number[]) => Uint8Array

const bytesIn = ({ buffer }: { buffer: ArrayBuffer }): Uint8Array => new Uint8Array(buffer)

const bytesOf8: Encoding = (values) => bytesIn(new Uint8Array(values))
const bytesOf16: Encoding = (values) => bytesIn(new Uint16Array(values))
const bytesOf32: Encoding = (values) => bytesIn(new Uint32Array(values))
const bytesOfFloats: Encoding = (values) => bytesIn(new Float64Array(values))

const HIGH = 0x1_0000_0000

/** Encodes integers of 64 bits, signed or not. They must be exact in JavaScript. */
const bytesOf64: Encoding = (values) => {
  const halves = new Int32Array(values.length * 2)
  let at = 0
  for (const value of values) {
    halves[at++] = value
    halves[at++] = Math.floor(value / HIGH)
  }
  return bytesIn(halves)
}

/** Length of `2026-11-26T10:00:00.000Z`, the form in which Colloquy writes times. */
const TIME_CHARS = 24
const ZERO = 48
const Z = 90

/** Creates a parser of ISO times to milliseconds. Returns what `Date.parse` does; several times faster for the form of `toISOString`. */
function createTimeParser(): (iso: string) => number {
  let lastDay = -1
  let lastDayMs = 0
  return (iso) => {
    if (iso.length !== TIME_CHARS || iso.charCodeAt(TIME_CHARS - 1) !== Z) return Date.parse(iso)
    const day = digits(iso, 0, 4) * 512 + digits(iso, 5, 2) * 32 + digits(iso, 8, 2)
    if (day !== lastDay) {
      lastDay = day
      lastDayMs = Date.parse(iso.slice(0, 10))
    }
    return lastDayMs + digits(iso, 11, 2) * 3_600_000 + digits(iso, 14, 2) * 60_000 + digits(iso, 17, 2) * 1_000 + digits(iso, 20, 3)
  }
}

function digits(text: string, from: number, count: number): number {
  let value = 0
  for (let at = from; at < from + count; at++) value = value * 10 + text.charCodeAt(at) - ZERO
  return value
}
