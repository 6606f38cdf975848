import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { ClickHouseClient } from '@clickhouse/client'
import type { Logger } from 'pino'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { rowsTable } from '../../schemas/ddl.ts'
import { TEXTS_STAY_TEXTS, type TableName } from '../../schemas/tables.ts'
import { SYNC_INSERT } from '../runtime/sync-insert.ts'
import { withRetry, type Pauses } from '../runtime/retry.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { AnyRow, Batch } from './row-batch.ts'
import type { Block } from './native/native-block.ts'
import { NO_JSON } from './rows/record-rows.ts'

export interface InsertDeps {
  readonly clickhouse: ClickHouseClient
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'rowsRefused'>
  readonly signal: AbortSignal
}

/** A batch is small: more threads for it gain little, and take the processor away from whoever answers. */
const INSERT = {
  max_threads: 1, max_insert_threads: '1', input_format_parallel_parsing: 0, date_time_input_format: 'best_effort', ...SYNC_INSERT, ...TEXTS_STAY_TEXTS,
} as const

const PAUSES: Pauses = { minMs: 50, maxMs: 5_000 }

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
 * Inserts a batch until it is in, one table after another: side by side they finish no sooner, and take the processor away from who
 * answers customers. A server that is away is waited for. The rows of a table that ClickHouse refuses for what is in them are inserted
 * once more, as JSON, and halved until the one at fault is alone; that one is written without its JSON, which its raw text still has.
 *
 * @param generationOf which generation of a table the rows belong to.
 * @throws where a row is refused even so, and the signal's reason once it aborts.
 */
export async function insertBatch(deps: InsertDeps, batch: Batch, generationOf: (name: TableName) => number): Promise<void> {
  for (const [name, block] of batch.blocks) {
    const generation = generationOf(name)
    if (await insertBlock(deps, name, block, generation) === undefined) continue
    await insertRows(deps, name, batch.rowsOf(name).map((row) => ({ ...row, generation })))
  }
}

/** The refusal if the rows are at fault; `undefined` once they are in. */
function insertBlock(deps: InsertDeps, name: TableName, block: Block, generation: number): Promise<Error | undefined> {
  const bytes = block.encode(generation)
  return untilAnswered(deps, name, block.rows, async () => {
    const { stream } = await deps.clickhouse.exec({
      query: `INSERT INTO ${rowsTable(name)} FORMAT Native`, values: Readable.from([bytes], { objectMode: false }), clickhouse_settings: INSERT,
    })
    await buffer(stream)
  })
}

async function insertRows(deps: InsertDeps, table: TableName, rows: readonly AnyRow[]): Promise<void> {
  const refusal = await untilAnswered(deps, table, rows.length, async () => {
    const values = rows.map((row) => withParsedJson(table, row))
    await deps.clickhouse.insert({ table: rowsTable(table), values, format: 'JSONEachRow', clickhouse_settings: INSERT })
  })
  if (refusal === undefined) return
  if (rows.length > 1) {
    const middle = rows.length >> 1
    await insertRows(deps, table, rows.slice(0, middle))
    await insertRows(deps, table, rows.slice(middle))
    return
  }
  const [row] = rows
  const json = JSON_COLUMN[table]
  if (row === undefined || json === undefined || row[json.column] === NO_JSON) throw refusal
  deps.metrics.rowsRefused.inc({ table })
  deps.log.warn({ table, err: refusal, seq: row['seq'] ?? row['last_seq'] }, 'ClickHouse cannot hold a row as it is; it is written without its JSON')
  const said = json.error === undefined ? {} : { [json.error]: messageOf(refusal).slice(0, 1024) }
  await insertRows(deps, table, [{ ...row, [json.column]: NO_JSON, ...said }])
}

/** In a row JSON is text; in JSON it is JSON. */
function withParsedJson(table: TableName, row: AnyRow): AnyRow {
  const column = JSON_COLUMN[table]?.column
  const text = column === undefined ? undefined : row[column]
  return column === undefined || typeof text !== 'string' ? row : { ...row, [column]: JSON.parse(text) as unknown }
}

async function untilAnswered({ log, signal }: InsertDeps, table: TableName, rows: number, insert: () => Promise<void>): Promise<Error | undefined> {
  signal.throwIfAborted()
  const attempt = (): Promise<Error | undefined> => insert().then(() => undefined, (error: unknown) => {
    if (error instanceof Error && ROW_CODES.has(codeOf(error) ?? '')) return error
    throw error
  })
  return withRetry(attempt, {
    pauses: PAUSES, signal,
    onRetry: (err, pauseMs) => log.warn({ table, rows, code: codeOf(err), err, pauseMs }, 'rows could not be inserted; they are tried again'),
  })
}
