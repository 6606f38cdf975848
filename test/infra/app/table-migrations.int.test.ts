import { readFile } from 'node:fs/promises'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { prepareDatabase, prepareTables } from '../../../infra/app/prepare-tables.ts'
import { pendingTables } from '../../../infra/app/rebuild/pending-rebuild.ts'
import { LATEST_VERSION } from '../../../infra/app/table-migrations.ts'
import { swapTables } from '../../../pipeline/projector/present-generations.ts'
import { openProgressMarks } from '../../../pipeline/projector/progress-mark.ts'
import { TYPED_VIEW_COMMENT } from '../../../schemas/typed-views.ts'
import { rows } from '../../support/system-assertions.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'

let system: System
const clients: ClickHouseClient[] = []
beforeAll(async () => {
  system = await startSystem()
})
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()))
  await system.stop()
})

/** Creates an empty database, and a client of it. */
async function emptyDatabase(database: string): Promise<ClickHouseClient> {
  const options = { ...system.running.clickhouse?.client, database }
  await prepareDatabase(options)
  const client = createClient(options)
  clients.push(client)
  return client
}

/** Creates a database with the tables of version 1 and some rows. */
async function firstVersion(database: string): Promise<ClickHouseClient> {
  const client = await emptyDatabase(database)
  const sql = await readFile(new URL('../../support/data/tables-v1.sql', import.meta.url), 'utf8')
  for (const query of sql.split(/;\n/).filter((one) => one.trim() !== '')) await client.command({ query })
  const months = ['2024-01-05', '2025-06-07', '2026-11-20']
  await client.insert({
    table: 'events_rows',
    format: 'JSONEachRow',
    values: months.map((day, i) => ({
      seq: i + 1,
      idx: 0,
      tenant: 'acme',
      kind: 'toy',
      actor: 'a',
      committed_at: `${day} 00:00:00.000`,
      data: { n: i },
      data_raw: `{"n":${i}}`,
    })),
  })
  await client.insert({
    table: 'actors_rows',
    format: 'JSONEachRow',
    values: [1, 3, 2].map((seq) => ({
      tenant: 'acme',
      kind: 'toy',
      actor: 'a',
      first_at: '2024-01-05 00:00:00.000',
      last_seq: seq,
      state: `s${seq}`,
      label: { mood: 'calm' },
    })),
  })
  return client
}

/** Made from the kinds, not by the migrations. */
const TYPED_VIEWS = `SELECT name FROM system.tables WHERE startsWith(comment, '${TYPED_VIEW_COMMENT}')`

/** The definitions of all columns of a database. */
const columnsOf = (database: string) =>
  rows(
    system,
    `
  SELECT table, name, type, comment, default_expression, compression_codec, is_in_partition_key, is_in_sorting_key FROM system.columns
  WHERE database = '${database}' AND table NOT LIKE '.inner%' AND table NOT LIKE 'memory%' AND table NOT IN (${TYPED_VIEWS})
  ORDER BY table, position`,
  )
const tablesOf = (database: string) =>
  rows(
    system,
    `
  SELECT name, engine, comment, replaceAll(engine_full, '${database}.', '') AS engine_full,
    replaceAll(as_select, '${database}.', '') AS as_select
  FROM system.tables WHERE database = '${database}' AND name NOT LIKE 'memory%' AND name NOT IN (${TYPED_VIEWS}) ORDER BY name`,
  )
const indexesOf = (database: string) =>
  rows(system, `SELECT table, name, expr, type_full FROM system.data_skipping_indices WHERE database = '${database}' ORDER BY table, name`)
const prepare = (client: ClickHouseClient) => prepareTables(client, system.running.kv, silent)

test('migrated tables of version 1 equal new ones, and have all their rows', async () => {
  const client = await firstVersion('migrated')
  // The table that an interrupted migration leaves.
  await client.command({ query: 'CREATE TABLE events_rows__made (x Int8) ENGINE = Memory' })
  await prepare(client)
  expect(await tablesOf('migrated')).toEqual(await tablesOf('colloquy'))
  expect(await columnsOf('migrated')).toEqual(await columnsOf('colloquy'))
  expect(await indexesOf('migrated')).toEqual(await indexesOf('colloquy'))
  expect(await rows(system, 'SELECT seq, data.n AS n, data_raw FROM migrated.events ORDER BY seq')).toEqual([
    { seq: 1, n: 0, data_raw: '{"n":0}' },
    { seq: 2, n: 1, data_raw: '{"n":1}' },
    { seq: 3, n: 2, data_raw: '{"n":2}' },
  ])
  // Until the rebuild has the exact text, ClickHouse prints the label.
  expect(await rows(system, 'SELECT state, last_seq, label_raw, context_facts FROM migrated.actors')).toEqual([
    { state: 's3', last_seq: 3, label_raw: '{"mood":"calm"}', context_facts: '' },
  ])
  expect(await pendingTables(client)).toContain('actors')
})

test('cases of version 6 get the indexes of their last time, which hide no newer version of a row', async () => {
  const client = await emptyDatabase('indexed')
  await prepare(client)
  for (const index of ['last_at_skip', 'history_skip']) await client.command({ query: `ALTER TABLE cases_rows DROP INDEX ${index}` })
  await client.command({ query: 'ALTER TABLE migrations DELETE WHERE version > 6', clickhouse_settings: { mutations_sync: '1' } })
  const opened = { tenant: 'acme', kind: 'toy', case_no: 1, committed_at: '2026-11-01 00:00:00.000' }
  // The clock was set back before the second record.
  for (const values of [
    [
      { ...opened, actor: 'a', last_seq: 1, last_at: '2026-11-20 00:00:00.000' },
      { ...opened, actor: 'b', last_seq: 2, last_at: '2026-11-20 00:00:00.000' },
    ],
    [{ ...opened, actor: 'a', last_seq: 3, last_at: '2026-11-02 00:00:00.000' }],
  ]) {
    await client.insert({ table: 'cases_rows', format: 'JSONEachRow', values })
  }
  await prepare(client)
  expect(await indexesOf('indexed')).toEqual(await indexesOf('colloquy'))
  expect(await rows(system, "SELECT actor FROM indexed.cases WHERE last_at >= '2026-11-10'")).toEqual([{ actor: 'b' }])
})

test('a progress mark of a clock that was ahead is kept by the migration, and replaced by the next mark', async () => {
  const client = await firstVersion('ahead')
  const mark = { reader: 'projector', log_last_seq: 9, complete_to: '2026-11-20 00:00:00.000', positions: '[]' }
  for (const [seq, at] of [
    [7, '2027-12-30 00:00:00.000'],
    [8, '2026-11-20 00:00:00.000'],
  ]) {
    await client.insert({ table: 'progress', format: 'JSONEachRow', values: [{ ...mark, projected_seq: seq, at }] })
  }
  await prepare(client)
  expect(await rows(system, 'SELECT projected_seq AS seq FROM ahead.freshness')).toEqual([{ seq: 7 }])
  const marks = await openProgressMarks(client)
  await marks.save({ projectedSeq: 9, logLastSeq: 9, completeTo: '2026-11-20T00:00:00.000Z', at: '2026-11-20T00:00:00.000Z', history: [] })
  expect(await rows(system, 'SELECT projected_seq AS seq FROM ahead.freshness')).toEqual([{ seq: 9 }])
})

test('a migration that ran under a clock that was ahead has its tables rebuilt once', async () => {
  const client = await emptyDatabase('rebuilt')
  await prepare(client)
  const migration = { version: LATEST_VERSION, name: 'ahead', rebuild: ['events'], at: '2027-12-30 00:00:00.000', generation: 3 }
  await client.insert({ table: 'migrations', format: 'JSONEachRow', values: [migration] })
  expect(await pendingTables(client)).toEqual(['events'])
  await swapTables(client, ['events'], 4, 9)
  expect(await pendingTables(client)).toEqual([])
})

test('processes that start at once migrate once', async () => {
  const client = await firstVersion('raced')
  await Promise.all([prepare(client), prepare(client), prepare(client)])
  expect(await rows(system, 'SELECT count() AS n, max(version) AS version FROM raced.migrations')).toEqual([
    { n: LATEST_VERSION - 1, version: LATEST_VERSION },
  ])
  expect(await rows(system, 'SELECT count() AS n FROM raced.events')).toEqual([{ n: 3 }])
})

test('new tables have the latest version, and need no rebuild', async () => {
  expect(await rows(system, 'SELECT max(version) AS version, sum(length(rebuild)) AS rebuild FROM migrations')).toEqual([
    { version: LATEST_VERSION, rebuild: 0 },
  ])
  const client = await emptyDatabase('again')
  await prepare(client)
  await prepare(client)
  expect(await rows(system, 'SELECT count() AS n FROM again.migrations')).toEqual([{ n: LATEST_VERSION - 1 }])
})

test('tables of a newer Colloquy are refused', async () => {
  const client = await emptyDatabase('newer')
  await prepare(client)
  const newer = { version: LATEST_VERSION + 1, name: 'from the future', rebuild: [] }
  await client.insert({ table: 'migrations', format: 'JSONEachRow', values: [newer] })
  const message = expect.stringContaining('COLLOQUY_CLICKHOUSE_DATABASE') as string
  await expect(prepare(client)).rejects.toMatchObject({ code: 'tables_newer', message })
})
