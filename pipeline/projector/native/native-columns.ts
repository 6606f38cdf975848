import { ColloquyError } from '../../../schemas/errors.ts'
import { bytesOf16, bytesOf32, bytesOf64, bytesOf8, bytesOfFloats, type Encoding } from './native-numbers.ts'
import { Texts } from './native-texts.ts'
import { createTimes } from './native-times.ts'

/** Values of one column, as the bodies of ClickHouse's Native format have them. */
export interface NativeColumn {
  append(value: unknown): void
  /** What stands where no value is. */
  appendDefault(): void
  /** The bytes, in pieces. */
  readonly pieces: readonly Uint8Array[]
}

/** What a value of a row is for each type: a time is an ISO text, money a decimal text, JSON its text. @throws where it is not */
export function createColumn(type: string): NativeColumn {
  const [, outer = type, inner = ''] = /^(\w+)\((.*)\)$/.exec(type) ?? []
  switch (outer) {
    case 'String': return texts([], '')
    case 'JSON': return texts([bytesOf64([JSON_AS_TEXT])], '{}')
    case 'LowCardinality': return dictionary(inner.startsWith('Nullable'))
    case 'Bool': return numbers(bytesOf8, (value) => (value === true ? 1 : 0))
    case 'UInt8': return numbers(bytesOf8, number)
    case 'UInt16': return numbers(bytesOf16, number)
    case 'UInt32': return numbers(bytesOf32, number)
    case 'Float64': return numbers(bytesOfFloats, number)
    case 'UInt64': return numbers(bytesOf64, number)
    case 'DateTime64': return times()
    case 'Decimal': return numbers(bytesOf64, (value) => Number(text(value).replace('.', '')))
    case 'Nullable': return nullable(createColumn(inner))
    case 'Array': return array(createColumn(inner))
    case 'Tuple': return tuple(inner)
    default: throw new ColloquyError('bad_type', `no column of type ${type} can be written: teach it to ${import.meta.filename}`)
  }
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw new ColloquyError('bad_row', `a text was to be written, and there is ${typeof value}`)
}
function number(value: unknown): number {
  if (typeof value === 'number') return value
  throw new ColloquyError('bad_row', `a number was to be written, and there is ${typeof value}`)
}

/** Says that JSON comes as text, which ClickHouse reads. */
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
  const msOf = createTimes()
  return numbers(bytesOf64, (value) => msOf(text(value)))
}

/** A flag for each value, then the values, those that are not there among them. */
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

/** Version of the format of dictionaries. */
const SHARED_DICTIONARIES = 1
const HAS_KEYS = 0x200
const NEEDS_UPDATE = 0x400

/** Each text once, and for each value its place among them. Where values may be missing, the first place stands for that. */
function dictionary(isNullable: boolean): NativeColumn {
  const keys = new Texts()
  const placeOf = new Map<string, number>()
  const places: number[] = []
  let keyCount = 0
  let last: string | undefined
  let lastPlace = 0
  if (isNullable) addKey('')
  return {
    append(value) {
      if (isNullable && value === null) return void places.push(0)
      const key = text(value)
      if (key !== last) {
        last = key
        lastPlace = placeOf.get(key) ?? remember(key)
      }
      places.push(lastPlace)
    },
    appendDefault: () => void places.push(isNullable ? 0 : placeOf.get('') ?? remember('')),
    get pieces() {
      const [width, all] = keyCount <= 0x100 ? [0, bytesOf8(places)] : keyCount <= 0x1_0000 ? [1, bytesOf16(places)] : [2, bytesOf32(places)]
      const head = bytesOf64([SHARED_DICTIONARIES, HAS_KEYS | NEEDS_UPDATE | width, keyCount])
      return [head, keys.written, bytesOf64([places.length]), all]
    },
  }

  function remember(key: string): number {
    placeOf.set(key, keyCount)
    return addKey(key)
  }
  function addKey(key: string): number {
    keys.push(key)
    return keyCount++
  }
}

/** Where each list ends, then all that is in them. */
function array(inner: NativeColumn): NativeColumn {
  const ends: number[] = []
  let count = 0
  return {
    append(value) {
      if (!Array.isArray(value)) throw new ColloquyError('bad_row', `a list was to be written, and there is ${typeof value}`)
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

/** Of named parts: `region String, at Nullable(UInt64)`. */
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

/** Parts between commas that are in no brackets. */
function splitTopLevel(list: string): string[] {
  const parts: string[] = []
  let [depth, begin] = [0, 0]
  for (const [at, char] of [...list].entries()) {
    if (char === '(') depth += 1
    if (char === ')') depth -= 1
    if (char !== ',' || depth > 0) continue
    parts.push(list.slice(begin, at).trim())
    begin = at + 1
  }
  return [...parts, list.slice(begin).trim()]
}
