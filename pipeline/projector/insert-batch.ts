import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { ClickHouseClient } from '@clickhouse/client'
import type { Logger } from 'pino'
import { rowsTable } from '../../schemas/ddl.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { type TableName, TEXTS_STAY_TEXTS } from '../../schemas/tables.ts'
import { sendInHalves } from '../runtime/bounded-batches.ts'
import { isRowRefusal } from '../runtime/clickhouse-failures.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { type Pauses, withRetry } from '../runtime/retry.ts'
import { SYNC_INSERT } from '../runtime/sync-insert.ts'
import type { Block } from './native/native-block.ts'
import type { AnyRow, Batch } from './row-batch.ts'
import { NO_JSON } from './rows/record-rows.ts'

/** The dependencies of an insert. `signal` ends its retries. */
export interface InsertDeps {
  readonly clickhouse: ClickHouseClient
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'rowsRefused'>
  readonly signal: AbortSignal
}

/** One thread: a batch is small, so more threads gain little, and they would compete with the stages that answer customers. */
const INSERT_SETTINGS = {
  max_threads: 1,
  max_insert_threads: '1',
  input_format_parallel_parsing: 0,
  date_time_input_format: 'best_effort',
  ...SYNC_INSERT,
  ...TEXTS_STAY_TEXTS,
} as const

/** The back-off between attempts of a failed insert. */
const PAUSES: Pauses = { minMs: 50, maxMs: 5_000 }

/** Columns with JSON that ClickHouse may refuse, and the columns that then get the reason. */
const JSON_COLUMN: Partial<Record<TableName, { column: string; error?: string }>> = {
  events: { column: 'data', error: 'data_error' },
  actors: { column: 'label' },
}

/**
 * Inserts a batch, one table after another: concurrent inserts finish no sooner, and compete with the stages that answer customers. Retries
 * until ClickHouse has accepted the batch. If ClickHouse refuses the content of a block, its rows are inserted again as JSON, in halves,
 * until the refused row is alone. That row is inserted without its JSON; its raw text stays.
 *
 * @param generationOf the generation of a table that the rows belong to.
 * @throws ClickHouse's error if it refuses a row even without its JSON; the reason of `signal` when it is aborted.
 */
export async function insertBatch(deps: InsertDeps, batch: Batch, generationOf: (name: TableName) => number): Promise<void> {
  for (const [name, block] of batch.blocks) {
    const generation = generationOf(name)
    if ((await insertBlock(deps, name, block, generation)) === undefined) continue
    await insertRows(
      deps,
      name,
      batch.rowsOf(name).map((row) => ({ ...row, generation })),
    )
  }
}

/** Inserts a block. Returns ClickHouse's error if it refuses the content of a row, and `undefined` on success. */
function insertBlock(deps: InsertDeps, name: TableName, block: Block, generation: number): Promise<Error | undefined> {
  const bytes = block.encode(generation)
  return retryInsert(deps, name, block.rows, async () => {
    const { stream } = await deps.clickhouse.exec({
      query: `INSERT INTO ${rowsTable(name)} FORMAT Native`,
      values: Readable.from([bytes], { objectMode: false }),
      clickhouse_settings: INSERT_SETTINGS,
    })
    await buffer(stream)
  })
}

async function insertRows(deps: InsertDeps, table: TableName, rows: readonly AnyRow[]): Promise<void> {
  const json = JSON_COLUMN[table]
  await sendInHalves(rows, {
    isRefusal: isRowRefusal,
    async send(some) {
      const refusal = await retryInsert(deps, table, some.length, async () => {
        const values = some.map((row) => withParsedJson(table, row))
        await deps.clickhouse.insert({ table: rowsTable(table), values, format: 'JSONEachRow', clickhouse_settings: INSERT_SETTINGS })
      })
      if (refusal !== undefined) throw refusal
    },
    async onRefused(row, refusal) {
      if (json === undefined || row[json.column] === NO_JSON) throw refusal
      deps.metrics.rowsRefused.inc({ table })
      const seq = row['seq'] ?? row['last_seq']
      deps.log.warn({ table, err: refusal, seq }, 'ClickHouse refused the JSON of a row; inserting the row without it')
      const reason = json.error === undefined ? {} : { [json.error]: messageOf(refusal).slice(0, 1024) }
      await insertRows(deps, table, [{ ...row, [json.column]: NO_JSON, ...reason }])
    },
  })
}

/** Rows have JSON as text. The format JSONEachRow needs it as a value. */
function withParsedJson(table: TableName, row: AnyRow): AnyRow {
  const column = JSON_COLUMN[table]?.column
  const text = column === undefined ? undefined : row[column]
  return column === undefined || typeof text !== 'string' ? row : { ...row, [column]: JSON.parse(text) as unknown }
}

/** Retries an insert until ClickHouse answers. Returns its error if the error is about the rows. */
async function retryInsert(
  { log, signal }: InsertDeps,
  table: TableName,
  rows: number,
  insert: () => Promise<void>,
): Promise<Error | undefined> {
  signal.throwIfAborted()
  const attempt = (): Promise<Error | undefined> =>
    insert().then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof Error && isRowRefusal(error)) return error
        throw error
      },
    )
  return withRetry(attempt, {
    pauses: PAUSES,
    signal,
    onRetry: (err, pauseMs) => log.warn({ table, rows, code: codeOf(err), err, pauseMs }, 'could not insert rows; retrying'),
  })
}
