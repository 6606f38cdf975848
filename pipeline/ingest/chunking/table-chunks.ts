import { pack, type PackOptions, type Piece, sizeOf } from './pack-chunks.ts'

/** A table of cells in plain text. */
export interface Table {
  /** Names of the columns, if the table has any. */
  readonly header: readonly string[] | undefined
  readonly rows: readonly (readonly string[])[]
}

/** Few rows per chunk, because queries look for single rows. */
const ROWS: PackOptions = { min: 80, max: 300, overlap: 0 }
/** A longer header is not repeated above rows; each cell is named instead. */
const HEADER_SIZE_MAX = 100

/** The chunks of a table. Each has whole rows and the header; a row that is longer than a chunk is cut between cells, and each is named. */
export function tableChunks(table: Table): string[] {
  const head = table.header === undefined ? '' : headOf(table.header)
  const max = ROWS.max - sizeOf(head)
  const lines = table.rows.map(lineOf(table))
  if (sizeOf(head) > HEADER_SIZE_MAX || lines.some((line) => sizeOf(line) > max)) return namedChunks(table)
  const pieces = lines.map((line) => ({ text: `${line}\n`, isBoundary: true }))
  return pack(pieces, { ...ROWS, max }).map((rows) => `${head}${rows}`)
}

/** The whole table as text. */
export const tableText = (table: Table): string =>
  `${table.header === undefined ? '' : headOf(table.header)}${table.rows.map(lineOf(table)).join('\n')}`

/** The chunks of a table in which the name of its column precedes each cell, so that a row is understood on its own. */
export const namedChunks = (table: Table): string[] => pack(table.rows.flatMap(namedRow(table)), ROWS)

const headOf = (header: readonly string[]): string => `${rowLine(header)}\n|${'---|'.repeat(header.length)}\n`
const rowLine = (cells: readonly string[]): string => `| ${cells.map(cellText).join(' | ')} |`
const cellText = (cell: string): string => cell.replaceAll(/\s+/g, ' ').trim().replaceAll(/\\?\|/g, '\\|')

const lineOf =
  ({ header }: Table) =>
  (cells: readonly string[]): string =>
    header === undefined
      ? cells.filter((cell) => cell !== '').join(' | ')
      : rowLine(header.map((_, index) => cells[index] ?? '').concat(cells.slice(header.length)))

const namedRow =
  ({ header }: Table) =>
  (cells: readonly string[]): Piece[] => {
    const named = cells.flatMap((cell, index) =>
      cell === '' ? [] : [header === undefined ? cell : `${header[index] || index + 1}: ${cell}`],
    )
    const text = `${named.join('\n')}\n\n`
    if (named.length === 0) return []
    if (sizeOf(text) <= ROWS.max) return [{ text, isBoundary: true }]
    return named.map((cell, index) => ({ text: `${cell}\n${index === named.length - 1 ? '\n' : ''}`, isBoundary: index === 0 }))
  }

const NUMBER = /^[-+(]?[$€£¥￥]?\s?\d[\d.,\s'’]*\s?(?:[%€$£¥元]|[a-zA-Z]{1,3})?\)?$/
const DATE = /^\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?(?:[T\s].*)?$/
const ADDRESS = /^(?:https?:\/\/|www\.)\S+$|^\S+@\S+\.\S+$/i
const YEAR = /^(?:19|20)\d\d$/
const SENTENCE_END = /[.?!。？！]["'”’」』）)]?$/
/** Words, or Chinese characters, from which on a cell is a sentence and not a name. */
const NAME_WORDS_MAX = 8
const NAME_HAN_MAX = 20

type CellKind = 'empty' | 'value' | 'sentence' | 'name'

function kindOf(cell: string): CellKind {
  if (cell === '') return 'empty'
  if (YEAR.test(cell)) return 'name'
  if (NUMBER.test(cell) || DATE.test(cell) || ADDRESS.test(cell)) return 'value'
  const han = cell.match(/\p{Script=Han}/gu)?.length ?? 0
  return SENTENCE_END.test(cell) || han > NAME_HAN_MAX || cell.split(/\s+/).length > NAME_WORDS_MAX ? 'sentence' : 'name'
}

/** Rows from which the kinds of the columns are taken. */
const BODY_ROWS_MAX = 100

/**
 * How much the first row looks like a header: the number of columns in which it differs in kind from the cells below, minus the number in
 * which it is one of their kind. 0 where nothing speaks for either, as in a table of names only.
 */
export function headerScore([first = [], ...body]: readonly (readonly string[])[]): number {
  const rows = body.slice(0, BODY_ROWS_MAX)
  return first.reduce(
    (score, cell, column) =>
      score
      + columnScore(
        cell,
        rows.map((row) => row[column] ?? ''),
      ),
    0,
  )
}

function columnScore(cell: string, below: readonly string[]): number {
  const kind = kindOf(cell)
  const filled = below.map(kindOf).filter((one) => one !== 'empty')
  if (kind === 'empty' || filled.length === 0) return 0
  const share = filled.filter((one) => one === kind).length / filled.length
  if (kind !== 'name') return share >= 0.5 ? -1 : 0
  // A name that returns below is one of the values of its column.
  if (below.includes(cell)) return -1
  return share <= 0.5 ? 1 : 0
}
