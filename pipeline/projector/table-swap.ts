import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { writeRange } from './write-range.ts'
import { isUnderWay, loadState, saveState, HEARTBEAT_TIMEOUT_MS, type Stored } from './rebuild-state.ts'
import { dropStaleGenerations, presentGenerations, swapTables, type Generations } from './present-generations.ts'
import type { InsertDeps } from './insert-batch.ts'

/** The projector's part in a rebuild: it alone has new tables take over, when no row is on its way. */
export interface TableSwap {
  /** Which generation of each table rows are to be written to. */
  readonly generations: Generations
  /**
   * To be called between two batches, and while there is nothing to do; looks now and then whether rebuilt tables wait, and has
   * them take over. After a failure nobody knows which generation counts: the projector has to begin anew, and it is done again.
   *
   * @param projectedSeq the mark of the tables.
   */
  check(projectedSeq: number): Promise<void>
  /** The log lost its tail: what a builder has read of it may be wrong. */
  cancel(why: string): Promise<void>
}

const LOOK_MS = 500
/** With more than this missing, the builder goes on: the tables are not to stand still for long. */
const GAP_MAX = 20_000

export async function createTableSwap(
  deps: { jetstream: JetStreamContext; kv: KV; clickhouse: ClickHouseClient; log: Logger }, insert: InsertDeps,
): Promise<TableSwap> {
  const { jetstream, kv, clickhouse, log } = deps
  let generations = await presentGenerations(clickhouse)
  let lookedAt = -Infinity
  let seen = { revision: -1, since: 0 }

  const carryOut = async ({ state, revision }: Stored, projectedSeq: number): Promise<void> => {
    const { tables, generation, builtTo } = state
    if (state.phase === 'ready' && projectedSeq - builtTo > GAP_MAX) {
      await saveState(kv, { ...state, phase: 'filling' }, revision)
      return
    }
    // Whoever gave it up meanwhile may have removed its rows: from here on nobody can.
    const held = state.phase === 'taking' ? revision : await saveState(kv, { ...state, phase: 'taking' }, revision)
    if (held === undefined) return
    if (projectedSeq > builtTo) await writeRange(jetstream, insert, { from: builtTo + 1, to: projectedSeq }, { tables, generation }, () => undefined)
    await swapTables(clickhouse, tables, generation, projectedSeq)
    generations = await presentGenerations(clickhouse)
    await saveState(kv, { ...state, phase: 'done', builtTo: projectedSeq }, held)
    log.info({ tables, generation, seq: projectedSeq }, 'rebuilt tables have taken over')
    await clearAway()
  }

  const clearAway = (): Promise<void> => dropStaleGenerations(clickhouse)
    .catch((error: unknown) => log.warn({ err: error }, 'rows that do not count could not be removed; the next start tries again'))
  const look = (): Promise<Stored | undefined> => loadState(kv).catch((error: unknown) => {
    log.warn({ err: error }, 'cannot see whether a rebuild is under way')
    return undefined
  })

  /** A builder that was killed leaves rows that nobody will ever read. */
  const clearAfterDead = async (stored: Stored): Promise<void> => {
    if (stored.revision !== seen.revision) seen = { revision: stored.revision, since: performance.now() }
    if (performance.now() - seen.since < HEARTBEAT_TIMEOUT_MS) return
    const saved = await saveState(kv, { ...stored.state, phase: 'cancelled', why: 'its builder died' }, stored.revision)
    if (saved === undefined) return
    log.warn({ tables: stored.state.tables }, 'a rebuild was cut off; what it made is removed')
    await clearAway()
  }

  const atStart = await loadState(kv)
  if (atStart === undefined || !isUnderWay(atStart)) await clearAway()

  return {
    get generations() {
      return generations
    },
    async check(projectedSeq) {
      if (performance.now() - lookedAt < LOOK_MS) return
      lookedAt = performance.now()
      const stored = await look()
      if (stored === undefined || !isUnderWay(stored)) return
      if (stored.state.phase === 'filling') await clearAfterDead(stored)
      else await carryOut(stored, projectedSeq)
    },
    async cancel(why) {
      const stored = await loadState(kv)
      if (stored === undefined || !isUnderWay(stored)) return
      await saveState(kv, { ...stored.state, phase: 'cancelled', why }, stored.revision)
    },
  }
}
