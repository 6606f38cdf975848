import { rowsTable } from '../../schemas/ddl.ts'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import { TABLE_NAMES } from '../../schemas/tables.ts'
import type { BatchBounds } from './bounded-batches.ts'

/**
 * ClickHouse's error codes that are about the rows: parse errors, values out of range, JSON that a column cannot hold, wrong types,
 * constraints.
 */
const ROW_CODES = new Set(['6', '26', '27', '33', '38', '41', '53', '69', '70', '72', '117', '131', '321', '349', '467', '469', '636'])

/** Whether ClickHouse refuses what is in the rows of a statement. */
export const isRowRefusal = (error: unknown): boolean => ROW_CODES.has(codeOf(error) ?? '')

/**
 * ClickHouse's error codes that are about the server, its load, its rights or the table, whatever the rows are:
 * no such column (8, 10, 16, 20), unknown type (50), no such table (60, 81, 218), files (74 to 77, 107), timeouts (159, 160, 209), readonly
 * (164, 242), memory (173, 241), users and rights (192 to 194, 497, 516), quotas and load (201 to 203, 252, 290), network (210), Keeper
 * (225, 285, 286, 319, 999), stops (236, 394, 677, 735), disk (243), sessions and threads (373, 439, 473), settings (452), S3 (499), and
 * the limits of newer versions (364, 396, 574, 673, 692, 700, 745, 774, 776 to 778).
 */
const SERVER_CODES = new Set(
  [
    '8 10 16 20 50 60 74 75 76 77 81 107 159 160 164 173 192 193 194 201 202 203 209 210 218 225 236 241 242 243 252 285 286 290 319',
    '364 373 394 396 439 452 473 495 497 499 516 574 673 677 692 700 735 745 774 776 777 778 999',
  ].flatMap((codes) => codes.split(' ')),
)

/**
 * The code of an answer of ClickHouse that may be about the rows although it is not known to be; `undefined` for a connection that fails,
 * and for an answer that is about the server.
 */
export function unknownAnswer(error: unknown): string | undefined {
  const code = codeOf(error) ?? ''
  return /^\d+$/.test(code) && !SERVER_CODES.has(code) && !isDamage(error) ? code : undefined
}

/** `UNKNOWN_TABLE` and `UNKNOWN_DATABASE`. */
const MISSING_CODES = new Set(['60', '81'])

/** Whether a table of the statement does not exist. */
export const isMissingTable = (error: unknown): boolean => MISSING_CODES.has(codeOf(error) ?? '')

/**
 * Bounds of a list in one query parameter, in bytes of UTF-8. ClickHouse refuses a parameter of more than 128 KiB
 * (`http_max_field_value_size`; 256 KiB in newer versions), and escapes at most double the bytes.
 */
export const PARAMETER_BOUNDS: BatchBounds = { itemsMax: 1_000, bytesMax: 60 * 1024 }

/** The bytes of a text in a parameter, with quotes and a comma, before it is escaped. */
export const parameterBytes = (text: string): number => Buffer.byteLength(text) + 3

/**
 * ClickHouse's error codes for files that are cut off, changed or gone, if they come from reading a part: ends of files (3, 32, 33), sizes
 * (39, 117, 128, 131, 228), checksums (40), files (74, 76, 87, 107, 226, 400), compression (89, 271, 432), contents (246).
 */
export const DAMAGE_CODES: readonly number[] = [3, 32, 33, 39, 40, 74, 76, 87, 89, 107, 117, 128, 131, 226, 228, 246, 271, 400, 432]
const DAMAGES = new Set(DAMAGE_CODES.map(String))

/** The texts are all that tells a part from an input: the codes are the same, and an error of the file system has none. */
const READING_A_PART = /while reading from part \S+\/ in table [^\s.]+\.(\S+)/
const MISSING_FILE = /filesystem_error.*No such file or directory \["[^"]*\/store\//

const isDamage = (error: unknown): boolean =>
  (DAMAGES.has(codeOf(error) ?? '') && READING_A_PART.test(messageOf(error))) || MISSING_FILE.test(messageOf(error))

/** The error of a query that met a damaged part, with what happens next; `undefined` for any other error. */
export function damageError(cause: unknown): ColloquyError | undefined {
  if (!isDamage(cause)) return undefined
  const stored = READING_A_PART.exec(messageOf(cause))?.[1]
  const table = TABLE_NAMES.find((name) => rowsTable(name) === stored) ?? stored
  const what = table === undefined ? 'a table in ClickHouse' : `the table ${table} in ClickHouse`
  const code = codeOf(cause)
  return new ColloquyError(
    'table_damaged',
    `a file of ${what} is damaged or gone (${code === undefined ? 'missing' : `ClickHouse's error ${code}`}); Colloquy sets it aside `
      + 'and makes its rows again; "colloquy status --problems" shows it until then, and the log names the file',
    { cause },
  )
}
