import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import { codeOf } from '../../schemas/errors.ts'
import { TABLE_NAMES, type TableName } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { recordLost } from '../jetstream/removed.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { typedKey } from '../jetstream/typed-kv.ts'
import { damagedTables } from '../projector/present-generations.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { type PeriodicJob, periodicJob } from '../runtime/periodic-job.ts'
import { markOf, type Verified, verify } from './verify.ts'

export interface AuditorOptions {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly clickhouse: ClickHouseClient
  readonly metrics: Metrics
  readonly log: Logger
  /** LOG sequences of one slice; default 1,000. */
  readonly sliceMax?: number
  /** Max share of the time in which the auditor works, above 0 and up to 1; default 0.05. */
  readonly share?: number
  /** Min pause between two slices; default 1,000. */
  readonly pauseMsMin?: number
}

/** A slice blocks the event loop, so it must be small. */
const SLICE_MAX = 1_000
const SHARE = 0.05
const PAUSE_MS_MIN = 1_000
/** Pause after a full pass, in units of the min pause. */
const PASS_PAUSES = 15
/** Pause after a slice that failed. */
const FAILED_PAUSE_MS = 30_000
/** The queries of the auditor have the lowest priority and use one thread. */
const LOW_PRIORITY = { priority: '100', max_threads: 1 } as const

/** KV key of the position, from which any process continues. */
const KEY = 'audit'
const positionSchema = z.object({ verified: z.int().nonnegative() }).catch({ verified: 0 })
const positionIn = (kv: KV) => typedKey(kv, KEY, positionSchema)

/**
 * Verifies the tables against LOG continuously, slice by slice up to the position of the tables, then from the start again. It counts and
 * logs differences and repairs nothing. A failed slice is retried after 30 s.
 */
export function startAuditor(options: AuditorOptions): PeriodicJob {
  const pauseMsMin = options.pauseMsMin ?? PAUSE_MS_MIN
  const logged = new Map<TableName, string>()
  // Without an initial zero, the first mismatch of a series would not count as an increase.
  for (const table of TABLE_NAMES) options.metrics.auditMismatches.inc({ table }, 0)
  return periodicJob(0, async (signal) => {
    const startedMs = performance.now()
    try {
      const { isPassOver } = await auditSlice(options, logged, signal)
      const tookMs = performance.now() - startedMs
      return Math.max(isPassOver ? pauseMsMin * PASS_PAUSES : pauseMsMin, tookMs / (options.share ?? SHARE) - tookMs)
    } catch (error) {
      if (!signal.aborted) options.log.warn({ code: codeOf(error), err: error }, 'a slice of the tables could not be verified; retrying')
      return FAILED_PAUSE_MS
    }
  })
}

async function auditSlice(
  { jetstream, kv, clickhouse, metrics, log, sliceMax = SLICE_MAX }: AuditorOptions,
  logged: Map<TableName, string>,
  signal: AbortSignal,
): Promise<{ isPassOver: boolean }> {
  const mark = await markOf(jetstream, clickhouse)
  const { state } = await streamInfo(jetstream.jsm, 'LOG')
  if (mark === undefined || mark === 0 || mark > state.last_seq) return { isPassOver: true }
  const before = (await positionIn(kv).get())?.value.verified ?? 0
  const verified = before < mark ? before : 0
  const from = Math.max(verified + 1, state.first_seq)
  const to = Math.min(from + sliceMax - 1, mark)
  const damagedBefore = await damagedTables(clickhouse)
  const found = await verify({ jetstream, clickhouse, from, to, settings: LOW_PRIORITY, signal })
  if (found.unknown.length > 0) await recordLost({ jetstream, log }, found.unknown)
  if (found.first.length > 0) {
    // LOG was truncated meanwhile: the projector makes the tables match again.
    const markNow = await markOf(jetstream, clickhouse)
    if (markNow === undefined || markNow < to) return { isPassOver: true }
    const damaged = new Set([...damagedBefore, ...(await damagedTables(clickhouse))])
    report(found, damaged, metrics, log, logged)
  }
  await positionIn(kv).put({ verified: to })
  metrics.auditVerifiedSeq.set(to)
  metrics.auditedAt.setToCurrentTime()
  if (to === mark) metrics.auditPasses.inc()
  return { isPassOver: to === mark }
}

/**
 * Counts all differences of each pass; logs the same difference of a table only once in a row. Leaves out damaged tables, which are being
 * made again.
 */
function report(
  { from, to, tables, first }: Verified,
  damaged: ReadonlySet<TableName>,
  metrics: Metrics,
  log: Logger,
  logged: Map<TableName, string>,
): void {
  for (const name of TABLE_NAMES) {
    const { differences } = damaged.has(name) ? { differences: 0 } : tables[name]
    if (differences > 0) metrics.auditMismatches.inc({ table: name }, differences)
  }
  for (const difference of first) {
    const text = JSON.stringify(difference)
    if (damaged.has(difference.table) || logged.get(difference.table) === text) continue
    logged.set(difference.table, text)
    log.error(
      { difference, from, to },
      `the table ${difference.table} differs from LOG; check all of it with "colloquy verify", repair it with "colloquy rebuild"`,
    )
  }
}
