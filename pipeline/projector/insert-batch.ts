import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { ClickHouseClient } from '@clickhouse/client'
import { rowsTable } from '../../schemas/ddl.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { type TableName, TEXTS_STAY_TEXTS } from '../../schemas/tables.ts'
import { sendInHalves } from '../runtime/bounded-batches.ts'
import { isRowRefusal, unknownAnswer } from '../runtime/clickhouse-failures.ts'
import { type Pauses, withRetry } from '../runtime/retry.ts'
import { SYNC_INSERT } from '../runtime/sync-insert.ts'
import type { Block } from './native/native-block.ts'
import { type RefusedRowDeps, setRowAside } from './refused-rows.ts'
import type { AnyRow, Batch } from './row-batch.ts'
import { NO_JSON } from './rows/record-rows.ts'

/** The dependencies of an insert. `signal` ends its retries. */
export interface InsertDeps extends RefusedRowDeps {
  readonly clickhouse: ClickHouseClient
  /** Learns why rows cannot be inserted at the moment, and `undefined` once they are. */
  readonly onTrouble?: (trouble: string | undefined) => void
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

/**
 * After so many equal answers in a row whose code is not known, the rows are blamed if the table takes an insert without rows.
 */
const EQUAL_ANSWERS_MAX = 6

/** Columns with JSON that ClickHouse may refuse, and the columns that then get the reason. */
const JSON_COLUMN: Partial<Record<TableName, { column: string; error?: string }>> = {
  events: { column: 'data', error: 'data_error' },
  actors: { column: 'label' },
}

/**
 * Inserts a batch, one table after another: concurrent inserts finish no sooner, and compete with the stages that answer customers. Retries
 * until ClickHouse has accepted the batch. If ClickHouse refuses the content of a block, its rows are inserted again as JSON, in halves,
 * until the refused row is alone. That row is inserted without its JSON; its raw text stays. A row that is refused all the same goes to
 * DEAD.
 *
 * @param generationOf the generation of a table that the rows belong to.
 * @throws the reason of `signal` when it is aborted.
 */
export async function insertBatch(deps: InsertDeps, batch: Batch, generationOf: (name: TableName) => number): Promise<void> {
  for (const [name, block] of batch.blocks) {
    const generation = generationOf(name)
    const target: Target = { deps, table: name, refusals: new Set() }
    if ((await insertBlock(target, block, generation)) === undefined) continue
    await insertRows(
      target,
      batch.rowsOf(name).map((row) => ({ ...row, generation })),
    )
  }
}

/** The table of an insert. */
interface Target {
  readonly deps: InsertDeps
  readonly table: TableName
  /** Codes that turned out to be about the rows. */
  readonly refusals: Set<string>
}

/** Inserts a block. Returns ClickHouse's error if it refuses the content of a row, and `undefined` on success. */
function insertBlock(target: Target, block: Block, generation: number): Promise<Error | undefined> {
  const bytes = block.encode(generation)
  return retryInsert(target, block.rows, async () => {
    const { stream } = await target.deps.clickhouse.exec({
      query: `INSERT INTO ${rowsTable(target.table)} FORMAT Native`,
      values: Readable.from([bytes], { objectMode: false }),
      clickhouse_settings: INSERT_SETTINGS,
    })
    await buffer(stream)
  })
}

async function insertRows(target: Target, rows: readonly AnyRow[]): Promise<void> {
  const { deps, table } = target
  const json = JSON_COLUMN[table]
  await sendInHalves(rows, {
    isRefusal: (error) => isRefusal(target, error),
    async send(some) {
      const refusal = await retryInsert(target, some.length, async () => {
        const values = some.map((row) => withParsedJson(table, row))
        await deps.clickhouse.insert({ table: rowsTable(table), values, format: 'JSONEachRow', clickhouse_settings: INSERT_SETTINGS })
      })
      if (refusal !== undefined) throw refusal
    },
    async onRefused(row, error) {
      const refusal = error instanceof Error ? error : new Error(messageOf(error))
      if (json === undefined || row[json.column] === NO_JSON) return setRowAside(deps, table, row, refusal)
      deps.metrics.rowsRefused.inc({ table })
      const seq = row['seq'] ?? row['last_seq']
      deps.log.warn({ table, err: refusal, seq }, 'ClickHouse refused the JSON of a row; inserting the row without it')
      const reason = json.error === undefined ? {} : { [json.error]: messageOf(refusal).slice(0, 1024) }
      await insertRows(target, [{ ...row, [json.column]: NO_JSON, ...reason }])
    },
  })
}

/** Rows have JSON as text. The format JSONEachRow needs it as a value. */
function withParsedJson(table: TableName, row: AnyRow): AnyRow {
  const column = JSON_COLUMN[table]?.column
  const text = column === undefined ? undefined : row[column]
  return column === undefined || typeof text !== 'string' ? row : { ...row, [column]: JSON.parse(text) as unknown }
}

const isRefusal = ({ refusals }: Target, error: unknown): boolean => isRowRefusal(error) || refusals.has(codeOf(error) ?? '')

/** Retries an insert until ClickHouse accepts or refuses the rows. Returns its error if it refuses them. */
async function retryInsert(target: Target, rows: number, insert: () => Promise<void>): Promise<Error | undefined> {
  const {
    deps: { log, signal, onTrouble },
    table,
    refusals,
  } = target
  signal.throwIfAborted()
  let equal = { code: '', count: 0 }
  const attempt = (): Promise<Error | undefined> =>
    insert().then(
      () => undefined,
      async (error: unknown) => {
        if (error instanceof Error && isRefusal(target, error)) return error
        const code = unknownAnswer(error)
        equal = code === undefined ? { code: '', count: 0 } : { code, count: code === equal.code ? equal.count + 1 : 1 }
        if (error instanceof Error && code !== undefined && equal.count >= EQUAL_ANSWERS_MAX && (await takesNoRows(target))) {
          refusals.add(code)
          return error
        }
        throw error
      },
    )
  const refusal = await withRetry(attempt, {
    pauses: PAUSES,
    signal,
    onRetry(err, pauseMs) {
      onTrouble?.(`ClickHouse does not take rows of ${table} (${messageOf(err)}); retrying`)
      log.warn({ table, rows, code: codeOf(err), err, pauseMs }, 'could not insert rows; retrying')
    },
  })
  onTrouble?.(undefined)
  return refusal
}

/** Whether the table takes an insert without rows: what refuses an insert with rows then is about the rows. */
async function takesNoRows({ deps: { clickhouse }, table }: Target): Promise<boolean> {
  const name = rowsTable(table)
  return clickhouse.command({ query: `INSERT INTO ${name} SELECT * FROM ${name} WHERE 0`, clickhouse_settings: SYNC_INSERT }).then(
    () => true,
    () => false,
  )
}
