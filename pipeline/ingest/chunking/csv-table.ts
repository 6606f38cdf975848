import { CsvError, type Options, parse } from 'csv-parse/sync'
import { ColloquyError, messageOf } from '../../../schemas/errors.ts'
import { headerScore, type Table } from './table-chunks.ts'

/** By falling preference where two divide the rows equally well: a comma is frequent in texts and decimals. */
const DELIMITERS = ['\t', ';', '|', ','] as const
/** How a quote is written inside quotes: doubled, or after a backslash. */
const ESCAPES = ['"', '\\'] as const
/** Rows by which a dialect is chosen. */
const SAMPLE_ROWS_MAX = 200
/** Rows above the header that may hold a title. */
const TITLE_ROWS_MAX = 5
/** Below this share of rows with several cells, the file has one column. */
const DIVIDED_SHARE_MIN = 0.5
/** The first line by which Excel names the delimiter. */
const SEP_LINE = /^"?sep=(.)"?[ \t]*\n/i
/** Divides nothing: CSV with one column. */
const NO_DELIMITER = '\u0001'

/** The reasons of csv-parse, by its codes. */
const WHY: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote that begins a cell is never closed; the file may be cut',
  CSV_INVALID_CLOSING_QUOTE: 'a quote is followed by text of the same cell',
}

interface Dialect {
  readonly delimiter: string
  readonly escape: string
}

/**
 * Reads a CSV file in its own dialect. csv-parse does not see quotes when it looks for the delimiter; therefore each dialect is tried, and
 * the one with the most equal rows wins.
 *
 * @throws ColloquyError `bad_table` if the text cannot be parsed.
 */
export function csvTable(csv: string): { readonly title: string | undefined; readonly table: Table } {
  const named = SEP_LINE.exec(csv)
  const text = csv.slice(named?.[0].length ?? 0)
  const dialect = dialectOf(text, named?.[1])
  const all = rowsOf(text, dialect, {}).filter((row) => row.some((cell) => cell !== ''))
  const isWide = all.some((row) => filledIn(row) > 1)
  const firstFull = all.findIndex((row) => filledIn(row) > 1)
  const titles = isWide && firstFull <= TITLE_ROWS_MAX ? all.slice(0, firstFull) : []
  const rows = all.slice(titles.length)
  const title = titles.map((row) => row.join(' ').trim()).join(' ') || undefined
  // The only row of a table is content and not a header.
  const hasHeader = rows.length > 1 && headerScore(rows) >= 0
  return { title, table: { header: hasHeader ? rows[0] : undefined, rows: hasHeader ? rows.slice(1) : rows } }
}

const filledIn = (row: readonly string[]): number => row.filter((cell) => cell !== '').length

function rowsOf(csv: string, { delimiter, escape }: Dialect, options: Options): string[][] {
  try {
    return parse(csv, { delimiter, escape, relax_column_count: true, relax_quotes: true, skip_empty_lines: true, trim: true, ...options })
  } catch (cause) {
    const at = cause instanceof CsvError && typeof cause.lines === 'number' ? ` at line ${cause.lines}` : ''
    const why = (cause instanceof CsvError ? WHY[cause.code] : undefined) ?? messageOf(cause)
    throw new ColloquyError('bad_table', `the file cannot be parsed as CSV${at}: ${why}`, { cause })
  }
}

/** The dialect that divides most rows into the same number of cells. A dialect that cannot parse the rows is the last choice. */
function dialectOf(csv: string, delimiter: string | undefined): Dialect {
  const delimiters = delimiter === undefined ? DELIMITERS : [delimiter]
  let best: { readonly dialect: Dialect; readonly score: number } = { dialect: { delimiter: delimiter ?? ',', escape: '"' }, score: -1 }
  for (const escape of ESCAPES) {
    for (const one of delimiters) {
      const score = scoreOf(csv, { delimiter: one, escape })
      if (score > best.score) best = { dialect: { delimiter: one, escape }, score }
    }
  }
  return best.score === 0 && delimiter === undefined ? { delimiter: NO_DELIMITER, escape: '"' } : best.dialect
}

/** The share of rows with the most frequent number of cells; 0 where most rows have one cell, -1 where the rows cannot be parsed. */
function scoreOf(csv: string, dialect: Dialect): number {
  let rows: string[][]
  try {
    rows = rowsOf(csv, dialect, { to: SAMPLE_ROWS_MAX })
  } catch {
    return -1
  }
  const divided = rows.filter((row) => row.length > 1)
  if (divided.length === 0 || divided.length < rows.length * DIVIDED_SHARE_MIN) return 0
  const counts = Map.groupBy(divided, (row) => row.length)
  return Math.max(...[...counts.values()].map((same) => same.length)) / rows.length
}
