import { type ClickHouseClient, ClickHouseError, createClient } from '@clickhouse/client'
import { damageError } from '../../pipeline/runtime/clickhouse-failures.ts'
import { codeOf } from '../../schemas/errors.ts'
import { connectToRunningClickHouse, notRunning } from '../app/connect-to-running.ts'
import type { Settings } from '../settings.ts'

/**
 * Gives `work` a connection of the user `analyst` and closes it afterwards.
 *
 * @param database default: that of the live tables.
 * @throws ColloquyError `not_running`
 */
export async function withAnalyst<T>(
  settings: Settings,
  database: string | undefined,
  work: (clickhouse: ClickHouseClient) => Promise<T>,
): Promise<T> {
  const own = await connectToRunningClickHouse(settings, 'analyst')
  const access = database === undefined ? own : { ...own, database }
  const clickhouse = createClient(access)
  try {
    return await work(clickhouse)
  } catch (cause) {
    const isRefused = !(cause instanceof ClickHouseError) && NOT_LISTENING.includes(codeOf(cause) ?? '')
    throw isRefused ? notRunning(settings, String(access.url), cause) : (damageError(cause) ?? cause)
  } finally {
    await clickhouse.close()
  }
}

const NOT_LISTENING = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH']
