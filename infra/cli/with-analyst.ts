import { type ClickHouseClient, ClickHouseError, createClient } from '@clickhouse/client'
import { damageError } from '../../pipeline/runtime/clickhouse-failures.ts'
import { isServerAway } from '../../pipeline/runtime/server-away.ts'
import type { TableName } from '../../schemas/tables.ts'
import { connectToRunningClickHouse, noAnswer } from '../app/connect-to-running.ts'
import { noteRepairingTables } from '../app/repairing-tables.ts'
import type { Output } from '../app/terminal-output.ts'
import type { Settings } from '../settings.ts'

/**
 * Gives `work` a connection of the user `analyst` and closes it afterwards. Notes the tables that are being made again after damage, which
 * lack rows, and gives them to `work` too.
 *
 * @param database default: that of the live tables.
 * @throws ColloquyError `not_running`; `tables_unavailable` if ClickHouse does not answer
 */
export async function withAnalyst<T>(
  settings: Settings,
  database: string | undefined,
  out: Pick<Output, 'note'>,
  work: (clickhouse: ClickHouseClient, repairing: readonly TableName[]) => Promise<T>,
): Promise<T> {
  const own = await connectToRunningClickHouse(settings, 'analyst')
  const access = database === undefined ? own : { ...own, database }
  const clickhouse = createClient(access)
  try {
    return await work(clickhouse, await noteRepairingTables(clickhouse, out))
  } catch (cause) {
    const isAway = !(cause instanceof ClickHouseError) && isServerAway(cause)
    throw isAway ? noAnswer(settings, 'ClickHouse', String(access.url), cause) : (damageError(cause) ?? cause)
  } finally {
    await clickhouse.close()
  }
}
