import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { CsvError, parse } from 'csv-parse'
import { z } from 'zod'
import { ColloquyError, messageOf } from '../../../schemas/errors.ts'
import { decodeUtf8 } from '../../../schemas/json.ts'
import { openLines } from '../line-file.ts'
import { columnOfPath, parseLine } from './json-column.ts'

/** What is wrong with a line, and where. */
export interface WrongLine {
  readonly line: number
  /** From 1: of the character in JSON lines, of the cell in CSV. */
  readonly column: number
  readonly problem: string
}

/** A line of JSON, or a record of CSV. */
export interface EventRow {
  /** From 1; of a record over several lines, the last one. */
  readonly line: number
  /** As it stands in the file. */
  readonly raw: string
  /** Absent where the line cannot be read. */
  readonly fields?: Readonly<Record<string, unknown>>
  readonly wrong?: WrongLine
  /** Where a field stands. */
  columnOf(path: readonly string[]): number
}

/** Rows of a file. Each call of `rows` reads it from its start. */
export interface EventFile {
  readonly isCsv: boolean
  readonly bytesTotal: number
  rows(onBytes?: (bytes: number) => void): AsyncIterable<EventRow>
}

/** A longer record of CSV ends the reading: it is an open quote, most likely. */
const CSV_RECORD_CHARS_MAX = 1024 * 1024
const CSV = /\.csv(\.gz)?$/i
const fieldsSchema = z.record(z.string(), z.unknown())
const csvInfo = z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }), raw: z.string() })

/** Opens a file of events: CSV by its name, else JSON lines. A name that ends in `.gz` is decompressed. @throws ColloquyError `bad_file` */
export async function openEvents(path: string): Promise<EventFile> {
  const { bytesTotal } = await openLines(path).then(async ({ bytesTotal: total, lines }) => {
    await lines[Symbol.asyncIterator]().return?.()
    return { bytesTotal: total }
  })
  const isCsv = CSV.test(path)
  return { isCsv, bytesTotal, rows: (onBytes = () => undefined) => (isCsv ? csvRows(path, onBytes) : jsonRows(path, onBytes)) }
}

async function* jsonRows(path: string, onBytes: (bytes: number) => void): AsyncGenerator<EventRow> {
  const file = await openLines(path)
  for await (const { number: line, bytes, problem } of file.lines) {
    onBytes(file.bytesRead())
    const raw = problem === undefined ? decodeUtf8(bytes) : ''
    const wrong = (column: number, what: string): EventRow => ({
      line,
      raw: raw ?? '',
      wrong: { line, column, problem: what },
      columnOf: () => column,
    })
    if (problem !== undefined || raw === undefined) {
      yield wrong(1, problem ?? 'the line is not UTF-8')
      continue
    }
    const text = raw.replace(/^\uFEFF/, '')
    if (text.trim() === '') continue
    const parsed = parseLine(text)
    if ('column' in parsed) {
      yield wrong(parsed.column, parsed.problem)
      continue
    }
    const fields = fieldsSchema.safeParse(parsed.value)
    yield fields.success
      ? { line, raw, fields: fields.data, columnOf: (names) => columnOfPath(text, names) }
      : wrong(1, 'the line must be a JSON object')
  }
}

async function* csvRows(path: string, onBytes: (bytes: number) => void): AsyncGenerator<EventRow> {
  const file = createReadStream(path)
  const parser = parse({
    bom: true,
    info: true,
    raw: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: CSV_RECORD_CHARS_MAX,
  })
  // The reader of the rows gets the errors of all streams.
  if (path.endsWith('.gz')) pipeline(file, createGunzip(), parser, () => undefined)
  else pipeline(file, parser, () => undefined)
  let header: string[] | undefined
  let line = 1
  try {
    for await (const one of parser) {
      onBytes(file.bytesRead)
      const { record, info, raw } = csvInfo.parse(one)
      line = info.lines
      if (header === undefined) {
        header = record.map((name) => name.trim())
        const missing = ['actor', 'type'].find((name) => !record.includes(name))
        if (missing !== undefined) throw new ColloquyError('bad_file', `${path} has no column "${missing}" in its first line`)
        continue
      }
      const names = header
      const columnOf = (path: readonly string[]): number => names.indexOf(path.at(-1) ?? '') + 1 || 1
      const at = { line, raw: raw.replace(/\r?\n$/, ''), columnOf }
      if (record.length !== names.length) {
        const problem = `the record has ${record.length} cells; the first line has ${names.length}`
        yield { ...at, wrong: { line, column: Math.min(record.length, names.length) + 1, problem } }
        continue
      }
      yield { ...at, fields: fieldsOfCells(names, record) }
    }
  } catch (error) {
    if (error instanceof ColloquyError) throw error
    const at = error instanceof CsvError && typeof error.lines === 'number' ? error.lines : line + 1
    const column = error instanceof CsvError && typeof error.column === 'number' ? error.column + 1 : 1
    const problem = `${messageOf(error)}; nothing after it can be read`
    yield { line: at, raw: '', wrong: { line: at, column, problem }, columnOf: () => column }
  }
}

/** Columns of the envelope; all others are fields of the data. */
const ENVELOPE = new Set(['actor', 'type', 'kind', 'time', 'id'])

/** The fields of a record; an empty cell is a field that is absent. */
function fieldsOfCells(names: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const filled = names.flatMap((name, at) => (cells[at] === undefined || cells[at] === '' ? [] : [[name, cells[at]] as const]))
  const envelope = filled.filter(([name]) => ENVELOPE.has(name))
  const data = filled.filter(([name]) => !ENVELOPE.has(name))
  return { ...Object.fromEntries(envelope), data: Object.fromEntries(data) }
}
