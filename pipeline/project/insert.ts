import { setTimeout as delay } from 'node:timers/promises'
import type { ClickHouseClient } from '@clickhouse/client'
import type { Logger } from 'pino'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { rowsTable } from '../../schemas/ddl.ts'
import { TEXTS_STAY_TEXTS, type TableName } from '../../schemas/tables.ts'
import type { Metrics } from '../metrics.ts'
import type { AnyRow } from './batch.ts'

export interface InsertDeps {
  readonly clickhouse: ClickHouseClient
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'rowsRefused'>
  readonly signal: AbortSignal
}

/** A batch is small: more threads for it gain little, and take the processor away from whoever answers. */
const INSERT = { max_threads: 1, max_insert_threads: '1', input_format_parallel_parsing: 0, ...TEXTS_STAY_TEXTS } as const

const PAUSE_MIN_MS = 50
const PAUSE_MAX_MS = 5_000

/**
 * ClickHouse's codes that say something about the rows: parse errors, values out of range, what a JSON column cannot hold,
 * wrong types. Any other failure is the server's and passes.
 */
const ROW_CODES = new Set(['6', '26', '27', '33', '38', '41', '53', '69', '70', '72', '117', '131', '321', '349', '467', '636'])

/** Columns in which a row carries JSON that ClickHouse may refuse, with what says so. */
const JSON_COLUMN: Partial<Record<TableName, { column: string; error?: string }>> = {
  events: { column: 'data', error: 'data_error' },
  actors: { column: 'label' },
}

/**
 * Inserts rows until they are in: a server that is away is waited for, and a batch that ClickHouse refuses for what is in it is
 * halved until the row is alone; that one is written without its JSON, which its raw text still has.
 *
 * @throws where a row is refused even so, and AbortError once the signal aborts.
 */
export async function insertRows(deps: InsertDeps, table: TableName, rows: readonly AnyRow[]): Promise<void> {
  const refusal = await insertUntilAnswered(deps, rowsTable(table), rows)
  if (refusal === undefined) return
  if (rows.length > 1) {
    const middle = rows.length >> 1
    await insertRows(deps, table, rows.slice(0, middle))
    await insertRows(deps, table, rows.slice(middle))
    return
  }
  const [row] = rows
  const json = JSON_COLUMN[table]
  if (row === undefined || json === undefined || isEmptied(row, json.column)) throw refusal
  deps.metrics.rowsRefused.inc({ table })
  deps.log.warn({ table, err: refusal, seq: row['seq'] ?? row['last_seq'] }, 'ClickHouse cannot hold a row as it is; it is written without its JSON')
  const said = json.error === undefined ? {} : { [json.error]: messageOf(refusal).slice(0, 1024) }
  await insertRows(deps, table, [{ ...row, [json.column]: {}, ...said }])
}

const isEmptied = (row: AnyRow, column: string): boolean => Object.keys(row[column] ?? {}).length === 0

/** The refusal if the rows are at fault; `undefined` once they are in. */
async function insertUntilAnswered(deps: InsertDeps, table: string, rows: readonly AnyRow[]): Promise<Error | undefined> {
  for (let pauseMs = PAUSE_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
    deps.signal.throwIfAborted()
    try {
      await deps.clickhouse.insert({ table, values: rows, format: 'JSONEachRow', clickhouse_settings: INSERT })
      return undefined
    } catch (error) {
      if (error instanceof Error && ROW_CODES.has(codeOf(error) ?? '')) return error
      deps.log.warn({ table, rows: rows.length, code: codeOf(error), err: error, pauseMs }, 'rows could not be inserted; they are tried again')
      await delay(pauseMs, undefined, { signal: deps.signal })
    }
  }
}
