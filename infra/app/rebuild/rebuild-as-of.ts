import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { pino } from 'pino'
import { recordAt } from '../../../pipeline/jetstream/last-record.ts'
import { streamInfo } from '../../../pipeline/jetstream/stream-info.ts'
import { openProgressMarks } from '../../../pipeline/projector/progress-mark.ts'
import { ranges, type RebuildProgress } from '../../../pipeline/rebuild/rebuild.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { TABLE_NAMES } from '../../../schemas/tables.ts'
import type { Settings } from '../../settings.ts'
import { connectToRunningClickHouse, withJetStream } from '../connect-to-running.ts'
import { makeTypedViews } from '../make-typed-views.ts'
import { openBucket } from '../prepare-streams.ts'
import { prepareDatabase, prepareTables } from '../prepare-tables.ts'
import { createRowPool } from './row-pool.ts'

/**
 * Builds all tables as of a LOG sequence, in a database of their own. The user drops the database when it is no longer needed. After an
 * interruption the next call starts over.
 *
 * @param to LOG sequence, included. Default: the end of the log.
 * @throws ColloquyError `database_exists` if the database has complete tables; `no_such_sequence` if LOG does not have the sequence.
 */
export async function runAsOf(
  settings: Settings,
  database: string,
  to: number | undefined,
  progress: RebuildProgress,
  signal: AbortSignal,
): Promise<{ database: string; seq: number; records: number }> {
  await using work = new AsyncDisposableStack()
  const access = { ...(await connectToRunningClickHouse(settings, 'colloquy')), database }
  return await withJetStream(settings, async (jetstream) => {
    const { created, state } = await streamInfo(jetstream.jsm, 'LOG')
    const seq = to ?? state.last_seq
    const last = seq === 0 || seq > state.last_seq ? undefined : await recordAt(jetstream, seq)
    if (last === undefined) {
      throw new ColloquyError(
        'no_such_sequence',
        `LOG has no sequence ${seq}: it goes from ${state.first_seq} to ${state.last_seq}; give --to one of these`,
      )
    }
    await prepareDatabase(access)
    const clickhouse = work.adopt(createClient(access), (client) => client.close())
    await clearUnfinished(clickhouse, database)
    const deps = { clickhouse, kv: await openBucket(jetstream.nc), log: pino({ level: 'silent' }) }
    await prepareTables(clickhouse, deps.kv, deps.log)
    await makeTypedViews(deps)

    const pool = work.adopt(createRowPool({ settings, database }, signal), (one) => one.stop())
    let records = 0
    await pool.write(ranges(state.first_seq, seq), { tables: TABLE_NAMES, generation: 0 }, (count) => {
      records += count
      progress.records(records, seq - state.first_seq + 1)
    })
    const history = [{ created, seq, ts: last.ts }]
    const marks = await openProgressMarks(clickhouse)
    await marks.save({ projectedSeq: seq, logLastSeq: seq, completeTo: last.record.at, at: new Date().toISOString(), history })
    return { database, seq, records }
  })
}

/** Empties a database without a progress mark: an interrupted build left its tables. */
async function clearUnfinished(clickhouse: ClickHouseClient, database: string): Promise<void> {
  const list = await clickhouse.query({ query: 'SELECT name FROM system.tables WHERE database = currentDatabase()', format: 'JSONEachRow' })
  const names = (await list.json<{ name: string }>()).map(({ name }) => name)
  if (names.length === 0) return
  const marks = names.includes('progress')
    ? await clickhouse.query({ query: 'SELECT count() AS marks FROM progress', format: 'JSONEachRow' })
    : undefined
  const [row] = (await marks?.json<{ marks: string | number }>()) ?? []
  if (row === undefined || Number(row.marks) > 0) {
    throw new ColloquyError(
      'database_exists',
      `the database ${database} holds tables already; DROP DATABASE ${database} first, or give another name`,
    )
  }
  await clickhouse.command({ query: `DROP DATABASE ${database} SYNC` })
  await clickhouse.command({ query: `CREATE DATABASE ${database}` })
}
