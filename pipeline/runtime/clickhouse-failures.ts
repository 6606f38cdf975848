import { codeOf } from '../../schemas/errors.ts'
import type { BatchBounds } from './bounded-batches.ts'

/**
 * ClickHouse's error codes that are about the rows: parse errors, values out of range, JSON that a column cannot hold, wrong types. Any
 * other error is about the server, and retried.
 */
const ROW_CODES = new Set(['6', '26', '27', '33', '38', '41', '53', '69', '70', '72', '117', '131', '321', '349', '467', '636'])

/** Whether ClickHouse refuses what is in the rows of a statement. */
export const isRowRefusal = (error: unknown): boolean => ROW_CODES.has(codeOf(error) ?? '')

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
