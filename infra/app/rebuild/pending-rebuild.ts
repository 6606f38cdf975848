import type { ClickHouseClient } from '@clickhouse/client'
import type { Logger } from 'pino'
import { damagedTables } from '../../../pipeline/projector/present-generations.ts'
import { periodicJob } from '../../../pipeline/runtime/periodic-job.ts'
import { codeOf } from '../../../schemas/errors.ts'
import { TABLE_NAMES, type TableName } from '../../../schemas/tables.ts'
import type { Settings } from '../../settings.ts'
import { runRebuild } from './run-rebuild.ts'

/** Tables may be marked at any time: at the start, and when a damaged part is found later. */
const POLL_MS = 5_000
const LOG_EVERY_MS = 10_000

/** Tables that a migration, or damage, marked for a rebuild and that were not rebuilt since: they have no later generation. */
export async function pendingTables(clickhouse: ClickHouseClient, signal?: AbortSignal): Promise<TableName[]> {
  const result = await clickhouse.query({
    query: `SELECT m.name AS name FROM (SELECT arrayJoin(rebuild) AS name, max(generation) AS due FROM migrations GROUP BY name) AS m
      LEFT JOIN (SELECT name, max(generation) AS made FROM generations GROUP BY name) AS g ON g.name = m.name WHERE g.made <= m.due`,
    format: 'JSONEachRow',
    ...(signal && { abort_signal: signal }),
  })
  const names = (await result.json<{ name: string }>()).map(({ name }) => name)
  const damaged = await damagedTables(clickhouse, signal)
  return TABLE_NAMES.filter((name) => names.includes(name) || damaged.includes(name))
}

/**
 * Rebuilds the tables that a migration marked or whose rows were damaged, in the background. Until then, rows from before the migration
 * have empty new columns, and damaged rows are missing. Call it when the system has written its addresses into the data folder.
 *
 * @param clickhouse `undefined` while ClickHouse is waited for
 */
export function startPendingRebuild(
  settings: Settings,
  clickhouse: () => ClickHouseClient | undefined,
  log: Logger,
): { stop(): Promise<void> } {
  const rebuild = async (signal: AbortSignal): Promise<void> => {
    const client = clickhouse()
    const tables = client === undefined ? [] : await pendingTables(client, signal)
    if (tables.length === 0) return
    log.info({ tables }, 'rebuilding the tables, while the system runs')
    const { records } = await runRebuild(settings, tables, progressTo(log), signal)
    log.info({ tables, records }, 'rebuilt the tables')
  }
  return periodicJob(0, async (signal) => {
    await rebuild(signal).catch((err: unknown) => {
      // Another process may rebuild, or a server may not answer.
      if (!signal.aborted) log.warn({ code: codeOf(err), err }, 'could not rebuild the tables; retrying')
    })
    return POLL_MS
  })
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
