import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ClickHouse, startClickHouse } from '../../../../infra/servers/clickhouse/clickhouse-server.ts'

let dataDir: string
let server: ClickHouse
let client: ClickHouseClient

const connect = (options: Parameters<typeof createClient>[0] = {}): ClickHouseClient =>
  createClient({
    url: server.url,
    username: server.username,
    password: server.password,
    log: { level: ClickHouseLogLevel.OFF },
    ...options,
  })

const rowsOf = async <Row>(query: string, from = client): Promise<Row[]> => (await from.query({ query, format: 'JSONEachRow' })).json<Row>()

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-clickhouse-'))
  server = await startClickHouse({ dataDir, port: 0, log: pino({ level: 'silent' }) })
  client = connect()
})

afterAll(async () => {
  await client.close()
  await server.stop()
  await rm(dataDir, { recursive: true })
})

beforeEach(() => client.command({ query: 'CREATE OR REPLACE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n' }))

describe('the official client', () => {
  it('pings, by its own endpoint and by a query', async () => {
    expect(await client.ping()).toEqual({ success: true })
    expect(await client.ping({ select: true })).toEqual({ success: true })
  })

  it('inserts arrays and says how many rows were written', async () => {
    const values = [
      { n: 1, s: 'a' },
      { n: 2, s: '你好' },
    ]
    const { summary } = await client.insert({ table: 't', values, format: 'JSONEachRow' })
    expect(summary).toMatchObject({ written_rows: '2' })
    expect(await rowsOf('SELECT * FROM t ORDER BY n')).toEqual(values)
  })

  it.each([false, true])('streams rows in and out (compressed: %s)', async (compress) => {
    const own = connect({ compression: { request: compress, response: compress } })
    const count = 20_000
    const values = Readable.from(
      (function* () {
        for (let n = 0; n < count; n += 1) yield { n, s: `row ${n}` }
      })(),
      { objectMode: true },
    )
    await own.insert({ table: 't', values, format: 'JSONEachRow' })

    const result = await own.query({ query: 'SELECT n, s FROM t ORDER BY n', format: 'JSONEachRow' })
    let next = 0
    for await (const batch of result.stream<{ n: number; s: string }>()) {
      for (const row of batch) expect(row.json()).toEqual({ n: next, s: `row ${next++}` })
    }
    await own.close()
    expect(next).toBe(count)
  })

  it('binds parameters, also as identifiers', async () => {
    await client.insert({ table: 't', values: [{ n: 7, s: "it's" }], format: 'JSONEachRow' })
    const result = await client.query({
      query: 'SELECT n FROM {table:Identifier} WHERE s = {s:String} AND has({ns:Array(UInt32)}, n)',
      query_params: { table: 't', s: "it's", ns: [7, 8] },
      format: 'JSON',
    })
    expect((await result.json<{ n: number }>()).data).toEqual([{ n: 7 }])
  })

  it('runs exec, and gives back the query id it was given', async () => {
    const { stream, query_id: id } = await client.exec({ query: 'SELECT 42 FORMAT CSV', query_id: 'my-query' })
    expect([await text(stream), id]).toEqual(['42\n', 'my-query'])
  })

  it('fails with the code and the type of ClickHouse', async () => {
    const failures = await Promise.all(
      ['SELECT * FROM nowhere', 'SELECT * FROM no.where', 'SELECT throwIf(1)'].map((query) =>
        client.query({ query }).catch((error: unknown) => error),
      ),
    )
    expect(failures).toMatchObject([
      { code: '60', type: 'UNKNOWN_TABLE' },
      { code: '81', type: 'UNKNOWN_DATABASE' },
      { code: '395', type: 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO' },
    ])
  })
})

describe('no request affects the next', () => {
  const setting = async (name: string): Promise<string | undefined> =>
    (await rowsOf<{ value: string }>(`SELECT value FROM system.settings WHERE name = '${name}'`))[0]?.value

  it('settings, of a parameter, of a clause and of SET', async () => {
    const before = await setting('max_block_size')
    await client.query({ query: 'SELECT 1', clickhouse_settings: { max_block_size: '11' } })
    await client.query({ query: 'SELECT 1 SETTINGS max_block_size = 12' })
    await client.command({ query: 'SET max_block_size = 13' })
    const format = 'JSONEachRow'
    await client.insert({ table: 't', values: [{ n: 1 }], format, clickhouse_settings: { max_block_size: '14' } })
    for (let i = 0; i < 10; i += 1) expect(await setting('max_block_size')).toBe(before)
  })

  it('the database, parameters and temporary tables', async () => {
    await client.command({ query: 'USE system' })
    expect(await rowsOf('SELECT currentDatabase() AS db')).toEqual([{ db: 'colloquy' }])

    await client.query({ query: 'SELECT {x:UInt8}', query_params: { x: 1 } })
    await expect(client.query({ query: 'SELECT {x:UInt8}' })).rejects.toMatchObject({ code: '456' })

    await client.command({ query: 'CREATE TEMPORARY TABLE mine (n UInt8)' })
    await expect(client.query({ query: 'SELECT * FROM mine' })).rejects.toMatchObject({ code: '60' })
  })

  it('except within a session that the client asked for', async () => {
    const session = { session_id: 'a-session' }
    await client.command({ query: 'CREATE TEMPORARY TABLE mine (n UInt8)', ...session })
    await client.command({ query: 'INSERT INTO mine VALUES (5)', ...session })
    const result = await client.query({ query: 'SELECT n FROM mine', format: 'JSONEachRow', ...session })
    expect(await result.json()).toEqual([{ n: 5 }])
  })
})

it('a long query of an analyst delays neither inserts nor queries, and ends when the analyst disconnects', async () => {
  const analyst = connect({ username: 'analyst', password: '' })
  const abort = new AbortController()
  const query = 'SELECT sum(number) FROM numbers(1000000000000)'
  const outcome = analyst.query({ query, abort_signal: abort.signal }).then(
    () => 'answered',
    () => 'aborted',
  )
  const running = (): Promise<unknown[]> => rowsOf("SELECT 1 FROM system.processes WHERE user = 'analyst'")
  await expect.poll(running).toHaveLength(1)
  for (let n = 0; n < 20; n += 1) {
    await client.insert({ table: 't', values: [{ n, s: 'beside' }], format: 'JSONEachRow' })
  }
  expect(await rowsOf('SELECT count() AS rows FROM t')).toEqual([{ rows: 20 }])
  expect(await running()).toHaveLength(1)

  abort.abort()
  expect(await outcome).toBe('aborted')
  await expect.poll(running).toHaveLength(0)
  await analyst.close()
})

it('holds the tables that the projection needs: JSON, ReplacingMergeTree, commented views', async () => {
  await client.command({
    query: `CREATE TABLE records (seq UInt64, state String, data JSON) ENGINE = ReplacingMergeTree(seq)
    ORDER BY state`,
  })
  await client.command({
    query: `CREATE VIEW current (seq UInt64 COMMENT 'Position in the log', state String COMMENT 'Now')
    AS SELECT seq, state FROM records FINAL COMMENT 'One row per state'`,
  })
  const values = [1, 2].map((seq) => ({ seq, state: 'open', data: { seq } }))
  await client.insert({ table: 'records', values, format: 'JSONEachRow' })
  expect(await rowsOf('SELECT * FROM current')).toEqual([{ seq: 2, state: 'open' }])
  expect(await rowsOf("SELECT comment FROM system.columns WHERE table = 'current' ORDER BY position")).toEqual([
    { comment: 'Position in the log' },
    { comment: 'Now' },
  ])
})
