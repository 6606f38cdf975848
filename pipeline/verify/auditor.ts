import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import { codeOf } from '../../schemas/errors.ts'
import { TABLE_NAMES, type TableName } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { periodicJob, type PeriodicJob } from '../runtime/periodic-job.ts'
import { markOf, verify, type Verified } from './verify.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { typedKey } from '../jetstream/typed-kv.ts'

export interface AuditorOptions {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly clickhouse: ClickHouseClient
  readonly metrics: Metrics
  readonly log: Logger
  /** Sequences of one slice. Default 1,000. */
  readonly sliceMax?: number
  /** Part of the time that it may work; the rest it sleeps. Default 0.05. */
  readonly share?: number
  /** Least pause between two slices. Default 1,000. */
  readonly pauseMsMin?: number
}

/** A slice is worked on without letting anybody else in for long: whoever shares the thread waits. */
const SLICE_MAX = 1_000
const SHARE = 0.05
const PAUSE_MS_MIN = 1_000
/** After all of the log, in shortest pauses. */
const PASS_PAUSES = 15
/** After a slice that failed. */
const FAILED_PAUSE_MS = 30_000
/** Its queries give way to all others, and use one processor. */
const GENTLY = { priority: '100', max_threads: 1 } as const

/** Where it goes on after a restart, by whichever process. */
const KEY = 'audit'
const positionSchema = z.object({ verified: z.int().nonnegative() }).catch({ verified: 0 })
const positionIn = (kv: KV) => typedKey(kv, KEY, positionSchema)

/**
 * Verifies a slice of the log after the other, from the first to where the tables are, and then from the start again. What it finds it
 * counts and logs; it mends nothing, so that whoever looks finds it as it is.
 */
export function startAuditor(options: AuditorOptions): PeriodicJob {
  const pauseMsMin = options.pauseMsMin ?? PAUSE_MS_MIN
  const told = new Map<TableName, string>()
  // A series that begins with its first mismatch would show no increase.
  for (const table of TABLE_NAMES) options.metrics.auditMismatches.inc({ table }, 0)
  return periodicJob(0, async (signal) => {
    const begunMs = performance.now()
    try {
      const { isPassOver } = await auditSlice(options, told, signal)
      const tookMs = performance.now() - begunMs
      return Math.max(isPassOver ? pauseMsMin * PASS_PAUSES : pauseMsMin, tookMs / (options.share ?? SHARE) - tookMs)
    } catch (error) {
      if (!signal.aborted) options.log.warn({ code: codeOf(error), err: error }, 'a slice of the tables could not be verified; it is tried again')
      return FAILED_PAUSE_MS
    }
  })
}

async function auditSlice(
  { jetstream, kv, clickhouse, metrics, log, sliceMax = SLICE_MAX }: AuditorOptions, told: Map<TableName, string>, signal: AbortSignal,
): Promise<{ isPassOver: boolean }> {
  const mark = await markOf(clickhouse)
  const { state } = await streamInfo(jetstream.jsm, 'LOG')
  if (mark === 0 || mark > state.last_seq) return { isPassOver: true }
  const before = (await positionIn(kv).get())?.value.verified ?? 0
  const verified = before < mark ? before : 0
  const from = Math.max(verified + 1, state.first_seq)
  const to = Math.min(from + sliceMax - 1, mark)
  const found = await verify({ jetstream, clickhouse, from, to, settings: GENTLY, signal })
  report(found, metrics, log, told)
  await positionIn(kv).put({ verified: to })
  metrics.auditVerifiedSeq.set(to)
  metrics.auditedAt.setToCurrentTime()
  if (to === mark) metrics.auditPasses.inc()
  return { isPassOver: to === mark }
}

/** Every pass counts what it finds; the log has each only once. */
function report({ from, to, tables, first }: Verified, metrics: Metrics, log: Logger, told: Map<TableName, string>): void {
  for (const name of TABLE_NAMES) {
    const { differences } = tables[name]
    if (differences > 0) metrics.auditMismatches.inc({ table: name }, differences)
  }
  for (const difference of first) {
    const text = JSON.stringify(difference)
    if (told.get(difference.table) === text) continue
    told.set(difference.table, text)
    log.error({ difference, from, to }, `the table ${difference.table} is not what the log says; "colloquy verify" looks at all of it, "colloquy rebuild" makes it anew`)
  }
}
