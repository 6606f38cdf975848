import { parse } from 'csv-parse/sync'
import { ColloquyError, messageOf } from '../../../schemas/errors.ts'
import type { Piece } from './pack-chunks.ts'

const DELIMITERS = [',', '\t', ';', '|'] as const
const HEAD_CHARS_MAX = 10_000

/**
 * The rows of a CSV file, each cell with the name of its column, so that a row is understood by itself. Cells without a text are left out.
 *
 * @throws ColloquyError `bad_table`
 */
export function rowsOf(csv: string): Piece[] {
  let rows: string[][]
  try {
    rows = parse(csv, { delimiter: delimiterOf(csv), relax_column_count: true, relax_quotes: true, skip_empty_lines: true, trim: true })
  } catch (cause) {
    throw new ColloquyError('bad_table', `it cannot be read as CSV: ${messageOf(cause)}`, { cause })
  }
  const [head = [], ...body] = rows
  // A table of one row has no head that could say more than the row.
  if (body.length === 0) return head.length === 0 ? [] : [{ text: head.join(' | '), begins: true }]
  return body.map((cells) => {
    const named = cells.map((cell, index) => (cell === '' ? '' : `${head[index] ?? index + 1}: ${cell}`)).filter((cell) => cell !== '')
    return { text: `${named.join('\n')}\n\n`, begins: true }
  }).filter(({ text }) => text.trim() !== '')
}

/** The one that stands most often in the first line. */
function delimiterOf(csv: string): string {
  const head = csv.slice(0, HEAD_CHARS_MAX).split('\n', 1)[0] ?? ''
  const count = (delimiter: string): number => head.split(delimiter).length
  return [...DELIMITERS].sort((a, b) => count(b) - count(a))[0] ?? ','
}
