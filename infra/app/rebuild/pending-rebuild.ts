import type { ClickHouseClient } from '@clickhouse/client'
import type { Logger } from 'pino'
import { type Pauses, withRetry } from '../../../pipeline/runtime/retry.ts'
import { codeOf } from '../../../schemas/errors.ts'
import { TABLE_NAMES, type TableName } from '../../../schemas/tables.ts'
import type { Settings } from '../../settings.ts'
import { runRebuild } from './run-rebuild.ts'

/** Pauses between attempts. An attempt fails while another process rebuilds, or while a server does not answer. */
const PAUSES: Pauses = { minMs: 30_000, maxMs: 30_000 }
const LOG_EVERY_MS = 10_000

/** Tables that a migration marked for a rebuild and that were not rebuilt since: they have no later generation. */
export async function pendingTables(clickhouse: ClickHouseClient): Promise<TableName[]> {
  const result = await clickhouse.query({
    query: `SELECT m.name AS name FROM (SELECT arrayJoin(rebuild) AS name, max(generation) AS due FROM migrations GROUP BY name) AS m
      LEFT JOIN (SELECT name, max(generation) AS made FROM generations GROUP BY name) AS g ON g.name = m.name WHERE g.made <= m.due`,
    format: 'JSONEachRow',
  })
  const names = (await result.json<{ name: string }>()).map(({ name }) => name)
  return TABLE_NAMES.filter((name) => names.includes(name))
}

/**
 * Rebuilds the tables that a migration marked, in the background. Until then, rows from before the migration have empty new columns. Call
 * it when the system has written its addresses into the data folder.
 */
export function startPendingRebuild(settings: Settings, clickhouse: ClickHouseClient, log: Logger): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const { signal } = stopping
  const run = async (): Promise<void> => {
    const tables = await pendingTables(clickhouse)
    if (tables.length === 0) return
    log.info({ tables }, 'rebuilding the tables after their migration, while the system runs')
    const { records } = await runRebuild(settings, tables, progressTo(log), signal)
    log.info({ tables, records }, 'rebuilt the tables after their migration')
  }
  const running = withRetry(run, {
    pauses: PAUSES,
    signal,
    onRetry: (err) => log.warn({ code: codeOf(err), err }, 'could not rebuild the tables after their migration; retrying'),
  })
  // It rejects only when the signal aborts.
  const ended = running.catch(() => undefined)
  return {
    async stop() {
      stopping.abort()
      await ended
    },
  }
}

function progressTo(log: Logger) {
  let loggedMs = performance.now()
  return {
    records(done: number, total: number) {
      if (performance.now() - loggedMs < LOG_EVERY_MS) return
      loggedMs = performance.now()
      log.info({ done, total }, 'rebuilding the tables')
    },
    waits(what: string) {
      log.debug({ what }, 'the rebuild waits')
    },
  }
}
