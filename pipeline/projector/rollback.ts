import type { ClickHouseClient } from '@clickhouse/client'
import { rowsTable } from '../../schemas/ddl.ts'
import { type Address, logSubject, partitionOf } from '../../schemas/subjects.ts'
import { type ReadModel, TABLE_NAMES, type TableName, TABLES } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { logParser } from '../jetstream/log-message.ts'
import { inPieces, type Removed, removedSql, without } from '../jetstream/removed.ts'
import { nextOf } from '../jetstream/stream-info.ts'
import { type Batch, createBatch } from './row-batch.ts'
import { BATCH_BYTES_MAX } from './should-flush.ts'

/** Records whose rows are in one batch, beside `BATCH_BYTES_MAX`. */
const BATCH_RECORDS_MAX = 10_000
/** Actors of one query. */
const ACTORS_MAX = 1_000

interface RollbackDeps {
  readonly jetstream: JetStreamContext
  readonly clickhouse: ClickHouseClient
  readonly partitionCount: number
}

/**
 * Rolls the tables back to a LOG sequence, after LOG was truncated there. Deletes the rows of later records, and inserts the rows of the
 * affected actors again from their remaining records. The later rows of `events` name the affected actors: they are deleted last, so that
 * a rollback that was interrupted finds all of them again.
 *
 * @param removed records that LOG has lost inside: their rows stay, as the tables have the last copy
 * @param insert inserts the rows of a batch.
 * @returns the number of affected actors.
 */
export async function rollbackTo(
  deps: RollbackDeps,
  seq: number,
  removed: Pick<Removed, 'ranges'>,
  insert: (batch: Batch) => Promise<void>,
): Promise<number> {
  for (const name of TABLE_NAMES) if (name !== 'events') await deleteAbove(deps.clickhouse, name, seq, removed)
  const count = await insertRecordsOf(deps, actorsAbove(deps.clickhouse, seq), seq, insert)
  await deleteAbove(deps.clickhouse, 'events', seq, removed)
  return count
}

/**
 * Inserts the rows of all records of some actors up to a LOG sequence.
 *
 * @returns the number of actors.
 */
export async function insertRecordsOf(
  deps: Pick<RollbackDeps, 'jetstream' | 'partitionCount'>,
  actors: AsyncIterable<Address> | Iterable<Address>,
  seq: number,
  insert: (batch: Batch) => Promise<void>,
): Promise<number> {
  const parse = await logParser(deps.jetstream)
  let batch = createBatch(parse)
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (batch.records > 0) await insert(batch)
    batch = createBatch(parse)
    bytes = 0
  }
  let count = 0
  for await (const actor of actors) {
    count += 1
    for await (const message of recordsUpTo(deps, actor, seq)) {
      batch.add(message)
      bytes += message.data.length
      if (batch.records >= BATCH_RECORDS_MAX || bytes >= BATCH_BYTES_MAX) await flush()
    }
  }
  await flush()
  return count
}

async function deleteAbove(clickhouse: ClickHouseClient, name: TableName, seq: number, { ranges }: Pick<Removed, 'ranges'>): Promise<void> {
  const table: ReadModel = TABLES[name]
  for (const some of inPieces(without({ from: seq + 1, to: Number.MAX_SAFE_INTEGER }, ranges))) {
    await clickhouse.command({
      // ClickHouse skips parts by the first condition only.
      query: `ALTER TABLE ${rowsTable(name)} DELETE WHERE ${table.seq} > {seq:UInt64} AND ${removedSql({ ranges: some }, table.seq)}`,
      query_params: { seq },
      clickhouse_settings: { mutations_sync: '1' },
    })
  }
}

/** Yields the actors that have records after a LOG sequence, in the order of their keys. */
async function* actorsAbove(clickhouse: ClickHouseClient, seq: number): AsyncGenerator<Address> {
  for (let after: Address = { tenant: '', kind: '', id: '' }; ;) {
    const result = await clickhouse.query({
      query: `SELECT DISTINCT tenant, kind, actor AS id FROM events_rows
        WHERE seq > {seq:UInt64} AND (tenant, kind, actor) > ({tenant:String}, {kind:String}, {id:String})
        ORDER BY tenant, kind, actor LIMIT ${ACTORS_MAX}`,
      query_params: { seq, ...after },
      format: 'JSONEachRow',
    })
    const actors = await result.json<Address>()
    yield* actors
    const last = actors.at(-1)
    if (last === undefined || actors.length < ACTORS_MAX) return
    after = last
  }
}

/** Yields all records of one actor up to `seq`. All are needed: each task has a row of its own. */
async function* recordsUpTo(
  { jetstream, partitionCount }: Pick<RollbackDeps, 'jetstream' | 'partitionCount'>,
  actor: Address,
  seq: number,
) {
  const subject = logSubject(partitionOf(actor, partitionCount), actor)
  for (let next = 1; ;) {
    const message = await nextOf(jetstream.jsm, 'LOG', next, subject)
    if (message === null || message.seq > seq) return
    yield message
    next = message.seq + 1
  }
}
