import type { ClickHouseClient } from '@clickhouse/client'
import { rowsTable } from '../../schemas/ddl.ts'
import { logSubject, parseLogSubject, partitionOf, type Address } from '../../schemas/subjects.ts'
import { TABLE_NAMES, TABLES, type ReadModel } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createBatch, type Batch } from './row-batch.ts'
import { nextOf, streamInfo } from '../jetstream/stream-info.ts'

/** Actors whose rows are made again at one time. */
const ACTORS_MAX = 1_000

/**
 * Takes out of the tables whatever comes from above a LOG sequence, because LOG no longer holds it, and makes the standing rows
 * of the actors concerned again from their records below.
 *
 * @param insert writes a batch's rows.
 * @returns how many actors were concerned.
 */
export async function rollbackTo(
  deps: { jetstream: JetStreamContext; clickhouse: ClickHouseClient; partitionCount: number }, seq: number, insert: (batch: Batch) => Promise<void>,
): Promise<number> {
  const concerned = await actorsAbove(deps.clickhouse, seq)
  for (const name of TABLE_NAMES) {
    const table: ReadModel = TABLES[name]
    await deps.clickhouse.command({
      query: `ALTER TABLE ${rowsTable(name)} DELETE WHERE ${table.seq} > {seq:UInt64}`,
      query_params: { seq },
      clickhouse_settings: { mutations_sync: '1' },
    })
  }
  for (let from = 0; from < concerned.length; from += ACTORS_MAX) {
    const batch = createBatch()
    const some = concerned.slice(from, from + ACTORS_MAX)
    for (const actor of some) await addRecordsBelow(deps.jetstream, logSubject(partitionOf(actor, deps.partitionCount), actor), seq, batch)
    await insert(batch)
  }
  return concerned.length
}

async function actorsAbove(clickhouse: ClickHouseClient, seq: number): Promise<Address[]> {
  const result = await clickhouse.query({
    query: 'SELECT DISTINCT tenant, kind, actor AS id FROM events_rows WHERE seq > {seq:UInt64}', query_params: { seq }, format: 'JSONEachRow',
  })
  return result.json<Address>()
}

/** All records of one actor up to `seq`: the rows of its tasks come from several. */
async function addRecordsBelow(jetstream: JetStreamContext, subject: string, seq: number, batch: Batch): Promise<void> {
  const { created } = await streamInfo(jetstream.jsm, 'LOG')
  const { address } = parseLogSubject(subject)
  for (let next = 1; ;) {
    const message = await nextOf(jetstream.jsm, 'LOG', next, subject)
    if (message === null || message.seq > seq) return
    batch.add(address, message.data, { created, seq: message.seq, ts: message.time.toISOString() })
    next = message.seq + 1
  }
}
