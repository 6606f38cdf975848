import type { ClickHouseClient } from '@clickhouse/client'
import type { Logger } from 'pino'
import { withRetry, type Pauses } from '../../../pipeline/runtime/retry.ts'
import { codeOf } from '../../../schemas/errors.ts'
import { TABLE_NAMES, type TableName } from '../../../schemas/tables.ts'
import type { Settings } from '../../settings.ts'
import { runRebuild } from './run-rebuild.ts'

/** Another process may be at it, or a server be away. */
const PAUSES: Pauses = { minMs: 30_000, maxMs: 30_000 }
const NOTE_EVERY_MS = 10_000

/** Tables that a migration left to be rebuilt, and that were not since. */
export async function pendingTables(clickhouse: ClickHouseClient): Promise<TableName[]> {
  const result = await clickhouse.query({
    query: `SELECT m.name AS name FROM (SELECT arrayJoin(rebuild) AS name, max(at) AS due FROM migrations GROUP BY name) AS m
      LEFT JOIN (SELECT name, max(at) AS made FROM generations GROUP BY name) AS g ON g.name = m.name WHERE g.made < m.due`,
    format: 'JSONEachRow',
  })
  const names = (await result.json<{ name: string }>()).map(({ name }) => name)
  return TABLE_NAMES.filter((name) => names.includes(name))
}

/**
 * Rebuilds, in the background, what a migration has left to be rebuilt; until then the new columns of rows from before it are empty.
 * It is to be started when the system can be found by its data folder.
 */
export function startPendingRebuild(settings: Settings, clickhouse: ClickHouseClient, log: Logger): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const { signal } = stopping
  const run = async (): Promise<void> => {
    const tables = await pendingTables(clickhouse)
    if (tables.length === 0) return
    log.info({ tables }, 'the tables were migrated; rows from before it are made anew from the log, while everything runs')
    const { records } = await runRebuild(settings, tables, progressTo(log), signal)
    log.info({ tables, records }, 'all rows are as the new tables have them')
  }
  const running = withRetry(run, {
    pauses: PAUSES, signal,
    onRetry: (err) => log.warn({ code: codeOf(err), err }, 'the tables could not be rebuilt after their migration; it is tried again'),
  })
  // Only the signal ends it early.
  const ended = running.catch(() => undefined)
  return {
    async stop() {
      stopping.abort()
      await ended
    },
  }
}

function progressTo(log: Logger) {
  let notedMs = performance.now()
  return {
    records(done: number, total: number) {
      if (performance.now() - notedMs < NOTE_EVERY_MS) return
      notedMs = performance.now()
      log.info({ done, total }, 'rebuilding the tables')
    },
    waits(what: string) {
      log.debug({ what }, 'the rebuild waits')
    },
  }
}
