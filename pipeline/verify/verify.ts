import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import { ColloquyError, hasCode } from '../../schemas/errors.ts'
import { TABLE_NAMES, type TableName, TEXTS_STAY_TEXTS } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { findResumePosition } from '../jetstream/position-history.ts'
import {
  confirmMissing,
  findRemoved,
  isWithin,
  lostInLog,
  merged,
  type Removed,
  type RemovedRange,
  type SeqRange,
  without,
} from '../jetstream/removed.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { readProgressMark } from '../projector/progress-mark.ts'
import { type Pauses, withRetry } from '../runtime/retry.ts'
import { type Compared, type CompareDeps, compareSlice, type Repeats, repeatsIn } from './compare-slice.ts'
import { createExpectation, type Expectation } from './expected/expectation.ts'
import { createJsonPrinter } from './json-printer.ts'
import { locateDifferences } from './locate-differences.ts'
import { createSlice, readScope, type Scope, type Slice } from './log-slice.ts'
import { beyondLog, type MissingRows, missingRowsOf } from './missing-rows.ts'
import type { Difference, Named } from './table-differences.ts'

export interface VerifyOptions {
  readonly jetstream: JetStreamContext
  readonly clickhouse: ClickHouseClient
  /** First LOG sequence; default the first in LOG. */
  readonly from?: number | undefined
  /** Last LOG sequence. Default: the position of the tables, which is followed while it advances. */
  readonly to?: number | undefined
  readonly tenant?: string | undefined
  /** LOG sequences of one slice; default 50,000. Two slices are in memory, about 2 KB per sequence. */
  readonly sliceMax?: number
  /** Also counts exact duplicates on disk, which reads every table again. Default false. */
  readonly countRepeats?: boolean
  /** Settings of the queries, such as the number of threads. */
  readonly settings?: ClickHouseSettings
  /** Called after every 1,000 records. */
  readonly onProgress?: (done: number, total: number) => void
  readonly signal: AbortSignal
}

/** The result of a verification. */
export interface Verified {
  readonly from: number
  readonly to: number
  readonly records: number
  /**
   * By table: the number of compared rows, the number of differences, each a row or a range of 1,000 LOG sequences, and the number of rows
   * whose record LOG has lost: nothing proves them, and they are no differences.
   */
  readonly tables: Readonly<Record<TableName, { readonly rows: number; readonly differences: number; readonly unproven: number }>>
  /** Ranges of LOG sequences without a record, and those of them that REMOVED does not have. */
  readonly removed: readonly SeqRange[]
  readonly unknown: readonly SeqRange[]
  /** Tables with exact duplicates on disk. They are not differences, since the views show each row once. */
  readonly repeats: Readonly<Partial<Record<TableName, Repeats>>>
  /** The first difference of each table that has one, in LOG order. */
  readonly first: readonly Named[]
}

const SLICE_MAX = 50_000
const PROGRESS_EVERY = 1_000
/** Max times that the end is moved to the new position of the tables. */
const ROUNDS_MAX = 5
const RETRIES_MAX = 4
const PAUSES: Pauses = { minMs: 500, maxMs: 500 }

/**
 * Recomputes every table from LOG by an independent code path and compares it. Rows that never change are compared by number and checksums
 * per range and tenant, versioned rows one by one. The projector may run meanwhile.
 *
 * @throws ColloquyError `not_complete` if the tables have not reached `to`, `no_such_sequence` if LOG has not.
 */
export async function verify(options: VerifyOptions): Promise<Verified> {
  const { jetstream, clickhouse, tenant, signal } = options
  const settings = { max_execution_time: 0, ...TEXTS_STAY_TEXTS, ...options.settings }
  const removed = createSeen(await findRemoved(jetstream))
  const compare: CompareDeps = { clickhouse, settings, printer: createJsonPrinter(clickhouse, settings), removed }
  const { state } = await streamInfo(jetstream.jsm, 'LOG')
  const mark = await markOf(jetstream, clickhouse)
  if (mark === undefined) {
    throw new ColloquyError(
      'not_complete',
      'LOG lost its last messages, and the projector has not removed their rows from the tables yet; '
        + 'wait ("colloquy status --wait"), and repeat',
    )
  }
  if (options.to !== undefined) checkEnd(options.to, mark, state.last_seq)
  const from = options.from ?? state.first_seq
  let to = options.to ?? mark

  const expectation = createExpectation()
  const counts = new Map(TABLE_NAMES.map((name) => [name, { rows: 0, differences: 0, unproven: 0 }]))
  const differences: Difference[] = []
  const repeats: Partial<Record<TableName, Repeats>> = {}
  const missing: MissingRows = new Map(TABLE_NAMES.map((name) => [name, new Map<string, number>()]))
  let records = 0
  const compareAndCount = async (scope: Scope, slice: Slice): Promise<void> => {
    // Includes rows with sequences before the first record, which must not exist.
    const result = await compareSlice(compare, scope.from <= state.first_seq ? { ...scope, from: 0 } : scope, slice)
    for (const [name, rows] of result.rows) add(counts, name, { rows, unproven: result.unproven.get(name) ?? 0 })
    differences.push(...result.differences)
    updateMissing(missing, slice, result)
    for (const name of options.countRepeats === true ? TABLE_NAMES : []) {
      const { rows, key } = await repeatsIn(compare, name, scope)
      if (rows > 0) repeats[name] = { rows: rows + (repeats[name]?.rows ?? 0), key: repeats[name]?.key ?? key }
    }
  }
  const sliceMax = options.sliceMax ?? SLICE_MAX
  // Compares one slice in ClickHouse while the next one is computed.
  let comparing = Promise.resolve()
  let next = from
  for (let round = 1; ; round++) {
    for (; next <= to; next = Math.min(next + sliceMax, to + 1)) {
      const scope: Scope = { from: next, to: Math.min(next + sliceMax - 1, to), tenant }
      const slice = await expectSlice(jetstream, scope, expectation, { compare, seen: removed }, signal, () => {
        if (++records % PROGRESS_EVERY === 0) options.onProgress?.(records, to - from + 1)
      })
      await comparing
      comparing = compareAndCount(scope, slice)
      // The await below throws the error.
      comparing.catch(() => undefined)
    }
    await comparing
    if (options.to !== undefined || round === ROUNDS_MAX) break
    const markNow = (await markOf(jetstream, clickhouse)) ?? to
    if (markNow - to < PROGRESS_EVERY) break
    to = markNow
  }
  differences.push(...(await missingRowsOf(compare, missing, to)))
  if (options.to === undefined || options.to === mark) differences.push(...(await beyondLog(compare, jetstream, tenant)))
  for (const { table } of differences) add(counts, table, { differences: 1 })
  const first = firstOfEach(differences)
  return {
    from,
    to,
    records,
    tables: Object.fromEntries(counts) as Verified['tables'],
    repeats,
    removed: removed.ranges.filter((range) => range.from <= (options.to ?? Infinity) && (from <= state.first_seq || range.to >= from)),
    unknown: removed.unknown,
    first: first.length === 0 ? [] : await locateDifferences({ jetstream, compare, from, tenant }, first),
  }
}

/** What is removed, with what the reading finds missing besides. */
interface Seen extends Pick<Removed, 'ranges' | 'has'> {
  readonly unknown: readonly SeqRange[]
  addMissing(missing: readonly SeqRange[]): void
}

function createSeen(found: Awaited<ReturnType<typeof findRemoved>>): Seen {
  let ranges = found.ranges
  let unknown = found.unknown
  return {
    get ranges() {
      return ranges
    },
    get unknown() {
      return unknown
    },
    has: (seq) => isWithin(ranges, seq),
    addMissing(missing) {
      if (missing.length === 0) return
      unknown = [...unknown, ...missing]
      const at = new Date().toISOString()
      ranges = merged([...ranges, ...missing.map((range): RemovedRange => ({ ...range, reason: 'lost', at, revision: 0 }))])
    },
  }
}

/** Computes a slice; starts again if the reading is interrupted. */
async function expectSlice(
  jetstream: JetStreamContext,
  scope: Scope,
  expectation: Expectation,
  { compare: { printer }, seen }: { readonly compare: CompareDeps; readonly seen: Seen },
  signal: AbortSignal,
  onRecord: () => void,
) {
  const attempt = async (): Promise<Slice> => {
    const slice = createSlice(printer)
    const missing: SeqRange[] = []
    let next = scope.from
    for await (const entry of readScope(jetstream, scope)) {
      signal.throwIfAborted()
      if (entry.seq > next) missing.push({ from: next, to: entry.seq - 1 })
      next = entry.seq + 1
      for (const expected of expectation.take(entry)) slice.add(expected, entry.seq)
      await slice.printIfLarge()
      onRecord()
    }
    if (next <= scope.to) missing.push({ from: next, to: scope.to })
    // The records of other tenants are not read.
    if (scope.tenant === undefined)
      seen.addMissing(
        await confirmMissing(
          jetstream,
          missing.flatMap((range) => without(range, seen.ranges)),
        ),
      )
    return slice
  }
  return withRetry(attempt, { pauses: PAUSES, retriesMax: RETRIES_MAX, signal, isFinal: (error) => !hasCode(error, 'interrupted') })
}

/**
 * LOG sequence up to which all tables are complete; 0 if they are empty. `undefined` while LOG lacks the message at the mark: it was
 * truncated, and the projector has not rolled the tables back yet.
 */
export async function markOf(jetstream: JetStreamContext, clickhouse: ClickHouseClient): Promise<number | undefined> {
  const { seq, history } = await readProgressMark(clickhouse)
  const isRemoved = async (at: number): Promise<boolean> => lostInLog(jetstream, await findRemoved(jetstream))(at)
  const { truncated } = await findResumePosition(jetstream.jsm, 'LOG', history, isRemoved)
  return truncated ? undefined : seq
}

function checkEnd(to: number, mark: number, last: number): void {
  if (to > last) throw new ColloquyError('no_such_sequence', `LOG goes to sequence ${last}, not to ${to}; pass a smaller --to`)
  if (to <= mark) return
  throw new ColloquyError(
    'not_complete',
    `the tables have reached sequence ${mark} and not yet ${to}; wait ("colloquy status --wait"), or pass a smaller --to`,
  )
}

/**
 * Updates the keys whose newest expected version is not in the table. A later slice that expects a newer version of a key replaces its
 * entry.
 */
function updateMissing(missing: MissingRows, slice: Slice, result: Compared): void {
  for (const [name, own] of missing) {
    for (const key of slice.versions.get(name)?.keys() ?? []) own.delete(key)
    for (const [key, seq] of result.missing.get(name) ?? []) own.set(key, seq)
    // Slices come in order: what is missing so far is earlier.
    for (const key of result.replaced.get(name)?.keys() ?? []) own.delete(key)
  }
}

interface Counts {
  rows: number
  differences: number
  unproven: number
}
function add(counts: Map<TableName, Counts>, name: TableName, more: Partial<Counts>): void {
  const count = counts.get(name)
  if (count === undefined) return
  count.rows += more.rows ?? 0
  count.differences += more.differences ?? 0
  count.unproven += more.unproven ?? 0
}

function firstOfEach(differences: readonly Difference[]): Difference[] {
  const first = new Map<TableName, Difference>()
  for (const difference of differences) {
    const earlier = first.get(difference.table)
    if (earlier === undefined || difference.from < earlier.from) first.set(difference.table, difference)
  }
  return [...first.values()].sort((a, b) => a.from - b.from)
}
