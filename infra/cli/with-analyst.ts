import { ClickHouseError, createClient, type ClickHouseClient } from '@clickhouse/client'
import { codeOf } from '../../schemas/errors.ts'
import { connectToRunningClickHouse, notRunning } from '../app/connect-to-running.ts'
import type { Settings } from '../settings.ts'

/**
 * Works over a connection of the user `analyst`, which is closed whatever comes of it.
 *
 * @param database default: that of the tables that count.
 * @throws ColloquyError `not_running`
 */
export async function withAnalyst<T>(
  settings: Settings, database: string | undefined, work: (clickhouse: ClickHouseClient) => Promise<T>,
): Promise<T> {
  const attached = await connectToRunningClickHouse(settings, 'analyst')
  const access = database === undefined ? attached : { ...attached, database }
  const clickhouse = createClient(access)
  try {
    return await work(clickhouse)
  } catch (cause) {
    const isRefused = !(cause instanceof ClickHouseError) && NOBODY_THERE.includes(codeOf(cause) ?? '')
    throw isRefused ? notRunning(settings, String(access.url), cause) : cause
  } finally {
    await clickhouse.close()
  }
}

const NOBODY_THERE = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH']
