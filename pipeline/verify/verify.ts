import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import { ColloquyError, hasCode } from '../../schemas/errors.ts'
import { TEXTS_STAY_TEXTS, TABLE_NAMES, type TableName } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { compareSlice, repeatsIn, type Compared, type CompareDeps, type Repeats } from './compare-slice.ts'
import type { Difference, Named } from './table-differences.ts'
import { createExpectation, type Expectation } from './expected/expectation.ts'
import { createJsonPrinter } from './json-printer.ts'
import { nameDifferences } from './locate-differences.ts'
import { readScope, type Scope } from './read-scope.ts'
import { beyondLog, missingRowsOf, type MissingRows } from './missing-rows.ts'
import { createSlice, type Slice } from './log-slice.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { withRetry, type Pauses } from '../runtime/retry.ts'

export interface VerifyOptions {
  readonly jetstream: JetStreamContext
  readonly clickhouse: ClickHouseClient
  /** First LOG sequence; default the first there is. */
  readonly from?: number | undefined
  /** Last LOG sequence; default how far the tables are, followed while they go on. */
  readonly to?: number | undefined
  readonly tenant?: string | undefined
  /** Sequences that are worked out and compared at one time; what is held of two slices takes about 2 KB each. Default 50,000. */
  readonly sliceMax?: number
  /** Counts exact repeats on disk too, which costs another look at every table. */
  readonly countRepeats?: boolean
  /** For the queries, such as how many threads they may use. */
  readonly settings?: ClickHouseSettings
  /** Told after every `PROGRESS_EVERY` records. */
  readonly onProgress?: (done: number, total: number) => void
  readonly signal: AbortSignal
}

export interface Verified {
  readonly from: number
  readonly to: number
  readonly records: number
  /** By table, the rows that were compared, and where they are not what the log says: rows, or ranges of 1,000 sequences. */
  readonly tables: Readonly<Record<TableName, { readonly rows: number; readonly differences: number }>>
  /** Tables with rows that lie on disk more than once, exactly alike: no difference, since the views show each once. */
  readonly repeats: Readonly<Partial<Record<TableName, Repeats>>>
  /** The first difference of each table that has any, in the order of the log. */
  readonly first: readonly Named[]
}

const SLICE_MAX = 50_000
const PROGRESS_EVERY = 1_000
/** How often the end is followed while the tables go on. */
const ROUNDS_MAX = 5
const RETRIES_MAX = 4
const PAUSES: Pauses = { minMs: 500, maxMs: 500 }

/**
 * Works every table out from LOG anew, by a code path of its own, and compares number and checksums of rows by range and tenant, or,
 * where a row stands until another takes its place, row by row. The tables may go on meanwhile.
 *
 * @throws ColloquyError `not_complete` where the tables are not as far as `to`, `no_such_sequence` where the log is not.
 */
export async function verify(options: VerifyOptions): Promise<Verified> {
  const { jetstream, clickhouse, tenant, signal } = options
  const settings = { max_execution_time: 0, ...TEXTS_STAY_TEXTS, ...options.settings }
  const compare: CompareDeps = { clickhouse, settings, printer: createJsonPrinter(clickhouse, settings) }
  const { state } = await streamInfo(jetstream.jsm, 'LOG')
  const mark = await markOf(clickhouse)
  if (options.to !== undefined) checkEnd(options.to, mark, state.last_seq)
  const from = options.from ?? state.first_seq
  let to = options.to ?? mark

  const expectation = createExpectation()
  const counts = new Map(TABLE_NAMES.map((name) => [name, { rows: 0, differences: 0 }]))
  const differences: Difference[] = []
  const repeats: Partial<Record<TableName, Repeats>> = {}
  const owed: MissingRows = new Map(TABLE_NAMES.map((name) => [name, new Map<string, number>()]))
  let records = 0
  const compared = async (scope: Scope, slice: Slice): Promise<void> => {
    // Rows from before the first record belong to none.
    const seen = await compareSlice(compare, scope.from <= state.first_seq ? { ...scope, from: 0 } : scope, slice)
    for (const [name, rows] of seen.rows) add(counts, name, { rows })
    differences.push(...seen.differences)
    settleMissing(owed, slice, seen)
    for (const name of options.countRepeats === true ? TABLE_NAMES : []) {
      const { rows, key } = await repeatsIn(compare, name, scope)
      if (rows > 0) repeats[name] = { rows: rows + (repeats[name]?.rows ?? 0), key: repeats[name]?.key ?? key }
    }
  }
  const sliceMax = options.sliceMax ?? SLICE_MAX
  // ClickHouse is asked about one slice while the next one is worked out.
  let comparing = Promise.resolve()
  let next = from
  for (let round = 1; ; round++) {
    for (; next <= to; next = Math.min(next + sliceMax, to + 1)) {
      const scope: Scope = { from: next, to: Math.min(next + sliceMax - 1, to), tenant }
      const slice = await expectSlice(jetstream, scope, expectation, compare, signal, () => {
        if (++records % PROGRESS_EVERY === 0) options.onProgress?.(records, to - from + 1)
      })
      await comparing
      comparing = compared(scope, slice)
      // Its failure is seen when it is waited for.
      comparing.catch(() => undefined)
    }
    await comparing
    if (options.to !== undefined || round === ROUNDS_MAX) break
    const markNow = await markOf(clickhouse)
    if (markNow - to < PROGRESS_EVERY) break
    to = markNow
  }
  differences.push(...await missingRowsOf(compare, owed, to))
  if (options.to === undefined || options.to === mark) differences.push(...await beyondLog(compare, jetstream, tenant))
  for (const { table } of differences) add(counts, table, { differences: 1 })
  const first = firstOfEach(differences)
  return {
    from, to, records, tables: Object.fromEntries(counts) as Verified['tables'], repeats,
    first: first.length === 0 ? [] : await nameDifferences({ jetstream, compare, from, tenant }, first),
  }
}

/** Works a slice out; where the reading breaks it is done again. */
async function expectSlice(
  jetstream: JetStreamContext, scope: Scope, expectation: Expectation, { printer }: CompareDeps, signal: AbortSignal, onRecord: () => void,
) {
  const attempt = async (): Promise<Slice> => {
    const slice = createSlice(printer)
    for await (const { address, record, seq } of readScope(jetstream, scope)) {
      signal.throwIfAborted()
      for (const expected of expectation.take(address, record, seq)) slice.add(expected, seq)
      await slice.settle()
      onRecord()
    }
    return slice
  }
  return withRetry(attempt, { pauses: PAUSES, retriesMax: RETRIES_MAX, signal, isFinal: (error) => !hasCode(error, 'interrupted') })
}

/** LOG sequence up to which the tables are complete. */
export async function markOf(clickhouse: ClickHouseClient): Promise<number> {
  const result = await clickhouse.query({ query: 'SELECT max(projected_seq) AS seq FROM freshness', format: 'JSONEachRow' })
  const [row] = await result.json<{ seq: string | number }>()
  return Number(row?.seq ?? 0)
}

function checkEnd(to: number, mark: number, last: number): void {
  if (to > last) throw new ColloquyError('no_such_sequence', `LOG goes to sequence ${last}, not to ${to}; give --to one that there is`)
  if (to > mark) throw new ColloquyError('not_complete', `the tables hold the log up to sequence ${mark} and not yet up to ${to}; wait ("colloquy status --wait"), or give a smaller --to`)
}

/** A key is owed from where its expected version was not there until a later version is expected. */
function settleMissing(owed: MissingRows, slice: Slice, seen: Compared): void {
  for (const [name, own] of owed) {
    for (const key of slice.versions.get(name)?.keys() ?? []) own.delete(key)
    for (const [key, seq] of seen.owed.get(name) ?? []) own.set(key, seq)
  }
}

function add(counts: Map<TableName, { rows: number; differences: number }>, name: TableName, more: { rows?: number; differences?: number }): void {
  const count = counts.get(name)
  if (count === undefined) return
  count.rows += more.rows ?? 0
  count.differences += more.differences ?? 0
}

function firstOfEach(differences: readonly Difference[]): Difference[] {
  const first = new Map<TableName, Difference>()
  for (const difference of differences) {
    const known = first.get(difference.table)
    if (known === undefined || difference.from < known.from) first.set(difference.table, difference)
  }
  return [...first.values()].sort((a, b) => a.from - b.from)
}
