import { parse } from 'csv-parse/sync'
import { ColloquyError, messageOf } from '../../../schemas/errors.ts'
import type { Piece } from './pack-chunks.ts'

const DELIMITERS = [',', '\t', ';', '|'] as const
const HEAD_CHARS_MAX = 10_000

/**
 * The rows of a CSV file. Each cell is preceded by the name of its column, so that a row can be understood on its own. Empty cells are
 * omitted.
 *
 * @throws ColloquyError `bad_table` if the text cannot be parsed.
 */
export function rowsOf(csv: string): Piece[] {
  let rows: string[][]
  try {
    rows = parse(csv, { delimiter: delimiterOf(csv), relax_column_count: true, relax_quotes: true, skip_empty_lines: true, trim: true })
  } catch (cause) {
    throw new ColloquyError('bad_table', `the file cannot be parsed as CSV: ${messageOf(cause)}`, { cause })
  }
  const [head = [], ...body] = rows
  // The only row of a table is content and not a header.
  if (body.length === 0) return head.length === 0 ? [] : [{ text: head.join(' | '), isBoundary: true }]
  return body
    .map((cells) => {
      const named = cells.map((cell, index) => (cell === '' ? '' : `${head[index] ?? index + 1}: ${cell}`)).filter((cell) => cell !== '')
      return { text: `${named.join('\n')}\n\n`, isBoundary: true }
    })
    .filter(({ text }) => text.trim() !== '')
}

/** The delimiter that occurs most often in the first line. */
function delimiterOf(csv: string): string {
  const head = csv.slice(0, HEAD_CHARS_MAX).split('\n', 1)[0] ?? ''
  const count = (delimiter: string): number => head.split(delimiter).length
  return [...DELIMITERS].sort((a, b) => count(b) - count(a))[0] ?? ','
}
