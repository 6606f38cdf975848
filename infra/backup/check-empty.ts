import { createClient } from '@clickhouse/client'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { isJetStreamError } from '../../pipeline/jetstream/jetstream-codes.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { type StreamName, STREAMS } from '../../schemas/subjects.ts'
import type { ClickHouseAccess } from '../app/clickhouse-access.ts'
import { askStatus } from '../app/status-service.ts'

/** The existing streams of Colloquy, each with the last sequence that it assigned. */
export async function presentStreams({ jsm }: JetStreamContext): Promise<Map<StreamName, number>> {
  const present = new Map<StreamName, number>()
  for (const name of STREAMS) {
    const info = await jsm.streams.info(name).catch((error: unknown) => {
      if (isJetStreamError(error, 'streamNotFound')) return undefined
      throw error
    })
    if (info !== undefined) present.set(name, info.state.last_seq)
  }
  return present
}

/** @throws ColloquyError `system_running` if a process of Colloquy runs on this NATS. */
export async function refuseRunning(jetstream: JetStreamContext): Promise<void> {
  const processes = await askStatus(jetstream.nc)
  if (processes.length === 0) return
  throw new ColloquyError(
    'system_running',
    `Colloquy runs on this NATS (process ${processes.map(({ pid }) => pid).join(', ')}); stop it, and restore into an empty system`,
  )
}

/** @throws ColloquyError `not_empty` if a stream has had messages, naming the streams. */
export function refuseUsedStreams(present: ReadonlyMap<StreamName, number>): void {
  const used = [...present].filter(([, last]) => last > 0).map(([name, last]) => `${name} up to sequence ${last}`)
  if (used.length > 0) throw notEmpty(used.join(', '))
}

/** @throws ColloquyError `not_empty` if the tables have rows: they belong to another log. */
export async function refuseUsedTables({ client: options }: ClickHouseAccess): Promise<void> {
  const client = createClient({ ...options, database: 'default' })
  try {
    const result = await client.query({
      query: `SELECT name, total_rows AS rows FROM system.tables
        WHERE database = {database:String} AND name = 'events_rows' AND total_rows > 0`,
      query_params: { database: options.database },
      format: 'JSONEachRow',
    })
    const [table] = await result.json<{ rows: string | number }>()
    if (table !== undefined) throw notEmpty(`${table.rows} rows of events in the ClickHouse database ${options.database}`)
  } finally {
    await client.close()
  }
}

const notEmpty = (what: string): ColloquyError =>
  new ColloquyError(
    'not_empty',
    `the system is not empty: it has ${what}. `
      + 'Restore into an empty system: another COLLOQUY_DATA_DIR, or other servers (COLLOQUY_NATS_URL, COLLOQUY_CLICKHOUSE_URL)',
  )
