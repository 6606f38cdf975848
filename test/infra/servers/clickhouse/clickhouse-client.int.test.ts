import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type ClickHouseClient, ClickHouseLogLevel, createClient, type DataFormat } from '@clickhouse/client'
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

describe('the official client as an analyst', () => {
  let analyst: ClickHouseClient
  beforeAll(() => {
    analyst = connect({ username: 'analyst', password: '', compression: { response: true }, request_timeout: 60_000 })
  })
  afterAll(() => analyst.close())

  it.each<[DataFormat, unknown]>([
    ['JSON', { data: [{ n: 1, s: 'a' }] }],
    ['JSONStrings', { data: [{ n: '1', s: 'a' }] }],
    ['JSONCompact', { data: [[1, 'a']] }],
    ['JSONColumnsWithMetadata', { data: { n: [1], s: ['a'] } }],
    ['JSONObjectEachRow', { row_1: { n: 1, s: 'a' } }],
    ['JSONEachRow', [{ n: 1, s: 'a' }]],
    ['JSONCompactEachRow', [[1, 'a']]],
    [
      'JSONCompactEachRowWithNamesAndTypes',
      [
        ['n', 's'],
        ['UInt32', 'String'],
        [1, 'a'],
      ],
    ],
  ])('reads %s', async (format, expected) => {
    await client.insert({ table: 't', values: [{ n: 1, s: 'a' }], format: 'JSONEachRow' })
    expect(await (await analyst.query({ query: 'SELECT * FROM t', format })).json()).toMatchObject(expected as object)
  })

  it.each<[DataFormat, string]>([
    ['CSV', '1,"a"\n'],
    ['CSVWithNames', '"n","s"\n1,"a"\n'],
    ['TabSeparated', '1\ta\n'],
    ['TabSeparatedWithNamesAndTypes', 'n\ts\nUInt32\tString\n1\ta\n'],
    ['CustomSeparated', '1\ta\n'],
  ])('reads %s as text and as a stream', async (format, expected) => {
    await client.insert({ table: 't', values: [{ n: 1, s: 'a' }], format: 'JSONEachRow' })
    const query = 'SELECT * FROM t'
    expect(await (await analyst.query({ query, format })).text()).toBe(expected)
    let streamed = ''
    for await (const rows of (await analyst.query({ query, format })).stream()) for (const row of rows) streamed += `${row.text}\n`
    expect(streamed).toBe(expected)
  })

  it('reads values of every kind', async () => {
    const values = {
      big: '18446744073709551615',
      decimal: 1.5,
      at: '2026-03-01 10:00:00.123',
      day: '2026-03-01',
      list: [[1], [2, 3]],
      map: { a: 'b' },
      pair: [1, 'x'],
      none: null,
      id: '5f8a4a3e-3f8b-4f0a-9f0a-3f8b4f0a9f0a',
      flag: true,
      // Of the type Int64.
      json: { a: { b: '1' } },
    }
    const query = `SELECT toUInt64('18446744073709551615') AS big, toDecimal32(1.5, 1) AS decimal,
      toDateTime64('2026-03-01 10:00:00.123', 3, 'UTC') AS at, toDate('2026-03-01') AS day, [[1], [2, 3]] AS list, map('a', 'b') AS map,
      (1, 'x') AS pair, NULL AS none, toUUID('5f8a4a3e-3f8b-4f0a-9f0a-3f8b4f0a9f0a') AS id, true AS flag, '{"a":{"b":1}}'::JSON AS json`
    const clickhouse_settings = { output_format_json_quote_64bit_integers: 1, output_format_json_named_tuples_as_objects: 0 } as const
    const result = await analyst.query({ query, format: 'JSONEachRow', clickhouse_settings })
    expect(await result.json()).toMatchObject([values])
  })

  it('sends its settings, limits above the highest too, and keeps its connection', async () => {
    for (let count = 0; count < 3; count += 1) {
      const clickhouse_settings = { max_execution_time: 3_600, max_result_rows: '0', result_overflow_mode: 'break', limit: '2' } as const
      const result = await analyst.query({ query: 'SELECT number FROM numbers(9)', format: 'JSONEachRow', clickhouse_settings })
      expect(await result.json()).toHaveLength(2)
    }
  })

  it('is told what it may not do', async () => {
    await expect(analyst.insert({ table: 't', values: [{ n: 1 }], format: 'JSONEachRow' })).rejects.toMatchObject({
      code: '497',
      type: 'ACCESS_DENIED',
    })
    await expect(analyst.command({ query: 'DROP TABLE t' })).rejects.toMatchObject({ code: expect.stringMatching(/^(164|497)$/) as string })
    await expect(analyst.query({ query: 'SELECT * FROM system.users' })).rejects.toMatchObject({ code: '497', type: 'ACCESS_DENIED' })
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
