import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { JetStreamContext } from '../jetstream/connection.ts'
import type { InsertDeps } from './insert-batch.ts'
import { dropStaleGenerations, type Generations, presentGenerations, swapTables } from './present-generations.ts'
import { HEARTBEAT_TIMEOUT_MS, isUnderWay, loadState, saveState, type Stored } from './rebuild-state.ts'
import { writeRange } from './write-range.ts'

/** The projector's part in a rebuild. Only the projector swaps rebuilt tables in, at a moment when it has no insert in flight. */
export interface TableSwap {
  /** The generation of each table that new rows belong to. */
  readonly generations: Generations
  /**
   * Swaps rebuilt tables in if some are ready. Call it between two batches and while idle; it reads the rebuild's state at most every
   * `POLL_MS`. If it throws, it is unknown which generation is present: the projector must restart, and the restart repeats the swap.
   *
   * @param projectedSeq LOG sequence up to which the tables have all rows.
   */
  check(projectedSeq: number): Promise<void>
  /** Cancels a running rebuild, because LOG was truncated and the rebuild may have read records that no longer exist. */
  cancel(why: string): Promise<void>
}

const POLL_MS = 500
/**
 * Records that the projector writes itself during a swap. If more are missing, the rebuild continues to fill, so that the tables stay
 * fresh.
 */
const GAP_MAX = 20_000

/** Reads the present generations, and drops the rows of others unless a rebuild is running. */
export async function createTableSwap(
  deps: { jetstream: JetStreamContext; kv: KV; clickhouse: ClickHouseClient; log: Logger },
  insert: InsertDeps,
): Promise<TableSwap> {
  const { jetstream, kv, clickhouse, log } = deps
  let generations = await presentGenerations(clickhouse)
  let polledAtMs = -Infinity
  /** The last revision that was read of the rebuild's state, and when that revision was first read. */
  let observed = { revision: -1, sinceMs: 0 }

  const swap = async ({ state, revision }: Stored, projectedSeq: number): Promise<void> => {
    const { tables, generation, builtTo } = state
    if (state.phase === 'ready' && projectedSeq - builtTo > GAP_MAX) {
      await saveState(kv, { ...state, phase: 'filling' }, revision)
      return
    }
    // A rebuild that was cancelled in the meantime may have removed its rows. From phase `taking` on, nobody can cancel it.
    const swapping = state.phase === 'taking' ? revision : await saveState(kv, { ...state, phase: 'taking' }, revision)
    if (swapping === undefined) return
    if (projectedSeq > builtTo) {
      await writeRange(jetstream, insert, { from: builtTo + 1, to: projectedSeq }, { tables, generation }, () => undefined)
    }
    await swapTables(clickhouse, tables, generation, projectedSeq)
    generations = await presentGenerations(clickhouse)
    await saveState(kv, { ...state, phase: 'done', builtTo: projectedSeq }, swapping)
    log.info({ tables, generation, seq: projectedSeq }, 'swapped in the rebuilt tables')
    await dropStale()
  }

  const dropStale = (): Promise<void> =>
    dropStaleGenerations(clickhouse).catch((error: unknown) =>
      log.warn({ err: error }, 'could not drop the rows of old generations; the next start retries'),
    )
  const poll = (): Promise<Stored | undefined> =>
    loadState(kv).catch((error: unknown) => {
      log.warn({ err: error }, 'could not read whether a rebuild is running; polling again')
      return undefined
    })

  /** Cancels a rebuild whose process died, and drops the rows that it wrote. */
  const cancelIfDead = async (stored: Stored): Promise<void> => {
    if (stored.revision !== observed.revision) observed = { revision: stored.revision, sinceMs: performance.now() }
    if (performance.now() - observed.sinceMs < HEARTBEAT_TIMEOUT_MS) return
    const saved = await saveState(kv, { ...stored.state, phase: 'cancelled', why: 'its process died' }, stored.revision)
    if (saved === undefined) return
    log.warn({ tables: stored.state.tables }, 'cancelled a rebuild whose process sent no heartbeat; dropping its rows')
    await dropStale()
  }

  const atStart = await loadState(kv)
  if (atStart === undefined || !isUnderWay(atStart)) await dropStale()

  return {
    get generations() {
      return generations
    },
    async check(projectedSeq) {
      if (performance.now() - polledAtMs < POLL_MS) return
      polledAtMs = performance.now()
      const stored = await poll()
      if (stored === undefined || !isUnderWay(stored)) return
      if (stored.state.phase === 'filling') await cancelIfDead(stored)
      else await swap(stored, projectedSeq)
    },
    async cancel(why) {
      const stored = await loadState(kv)
      if (stored === undefined || !isUnderWay(stored)) return
      await saveState(kv, { ...stored.state, phase: 'cancelled', why }, stored.revision)
    },
  }
}
