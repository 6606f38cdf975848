import type { ClickHouseClient } from '@clickhouse/client'
import { rowsTable } from '../../schemas/ddl.ts'
import { type Address, logSubject, partitionOf } from '../../schemas/subjects.ts'
import { type ReadModel, TABLE_NAMES, TABLES } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { logParser } from '../jetstream/log-message.ts'
import { nextOf, streamInfo } from '../jetstream/stream-info.ts'
import { type Batch, createBatch } from './row-batch.ts'

/** Actors whose rows are in one batch. */
const ACTORS_MAX = 1_000

interface RollbackDeps {
  readonly jetstream: JetStreamContext
  readonly clickhouse: ClickHouseClient
  readonly partitionCount: number
}

/**
 * Rolls the tables back to a LOG sequence, after LOG was truncated there. Deletes the rows of later records, and inserts the rows of the
 * affected actors again from their remaining records.
 *
 * @param insert inserts the rows of a batch.
 * @returns the number of affected actors.
 */
export async function rollbackTo(deps: RollbackDeps, seq: number, insert: (batch: Batch) => Promise<void>): Promise<number> {
  const affected = await actorsAbove(deps.clickhouse, seq)
  for (const name of TABLE_NAMES) {
    const table: ReadModel = TABLES[name]
    await deps.clickhouse.command({
      query: `ALTER TABLE ${rowsTable(name)} DELETE WHERE ${table.seq} > {seq:UInt64}`,
      query_params: { seq },
      clickhouse_settings: { mutations_sync: '1' },
    })
  }
  const parse = await logParser(deps.jetstream)
  for (let from = 0; from < affected.length; from += ACTORS_MAX) {
    const batch = createBatch(parse)
    const chunk = affected.slice(from, from + ACTORS_MAX)
    for (const actor of chunk) {
      await addRecordsUpTo(deps.jetstream, logSubject(partitionOf(actor, deps.partitionCount), actor), seq, batch)
    }
    await insert(batch)
  }
  return affected.length
}

async function actorsAbove(clickhouse: ClickHouseClient, seq: number): Promise<Address[]> {
  const result = await clickhouse.query({
    query: 'SELECT DISTINCT tenant, kind, actor AS id FROM events_rows WHERE seq > {seq:UInt64}',
    query_params: { seq },
    format: 'JSONEachRow',
  })
  return result.json<Address>()
}

/** Adds all records of one actor up to `seq`. All are needed: each task has a row of its own. */
export async function addRecordsUpTo(jetstream: JetStreamContext, subject: string, seq: number, batch: Batch): Promise<void> {
  const { created } = await streamInfo(jetstream.jsm, 'LOG')
  for (let next = 1; ;) {
    const message = await nextOf(jetstream.jsm, 'LOG', next, subject)
    if (message === null || message.seq > seq) return
    batch.add(message, { created, seq: message.seq, ts: message.time.toISOString() })
    next = message.seq + 1
  }
}
