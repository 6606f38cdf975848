import { createClient } from '@clickhouse/client'
import { rebuild, type RebuildProgress, type Rebuilt } from '../../../pipeline/rebuild/rebuild.ts'
import type { TableName } from '../../../schemas/tables.ts'
import type { Settings } from '../../settings.ts'
import { connectToRunningClickHouse, withJetStream } from '../connect-to-running.ts'
import { openBucket } from '../prepare-streams.ts'
import { createRowPool } from './row-pool.ts'

/**
 * Rebuilds tables of a running system, with a pool of threads.
 *
 * @param dropUnproven leaves out the rows of records that LOG has lost.
 * @throws ColloquyError as `rebuild` does; `not_running` if no system is found.
 */
export async function runRebuild(
  settings: Settings,
  tables: readonly TableName[],
  progress: RebuildProgress,
  signal: AbortSignal,
  dropUnproven = false,
): Promise<Rebuilt> {
  await using work = new AsyncDisposableStack()
  const access = await connectToRunningClickHouse(settings, 'colloquy')
  const clickhouse = work.adopt(createClient(access), (client) => client.close())
  return await withJetStream(settings, async (jetstream) => {
    await using threads = new AsyncDisposableStack()
    const pool = threads.adopt(createRowPool({ settings, database: settings.CLICKHOUSE_DATABASE }, signal), (one) => one.stop())
    return await rebuild({
      jetstream,
      kv: await openBucket(jetstream.nc),
      clickhouse,
      tables,
      dropUnproven,
      write: pool.write,
      progress,
      signal,
    })
  })
}
