import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type ClickHouse, startClickHouse } from '../../../../infra/servers/clickhouse/clickhouse-server.ts'

type User = 'analyst' | 'default' | 'colloquy'

let dataDir: string
let server: ClickHouse

async function ask(user: User, query: string, parameters: Record<string, string> = {}, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}/?${new URLSearchParams(parameters).toString()}`, {
    method: 'POST',
    body: query,
    headers: { 'X-ClickHouse-User': user, ...(user === 'colloquy' && { 'X-ClickHouse-Key': server.password }), ...headers },
  })
  return { status: response.status, code: response.headers.get('x-clickhouse-exception-code'), text: await response.text() }
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-own-queries-'))
  server = await startClickHouse({ dataDir, port: 0, log: pino({ level: 'silent' }) })
  const table = "CREATE TABLE t (n UInt32, INDEX i n TYPE minmax) ENGINE = MergeTree ORDER BY n COMMENT 'about t'"
  expect((await ask('colloquy', table)).text).toBe('')
})

afterAll(async () => {
  await server.stop()
  await rm(dataDir, { recursive: true })
})

describe('the queries of others', () => {
  const secret = 'the wage of the boss'
  const endless = (words: string): string => `SELECT sum(number), '${words}' FROM numbers(1000000000000)`
  const running = async (): Promise<string[]> =>
    (await ask('colloquy', "SELECT query_id FROM system.processes WHERE query_id LIKE 'of-%' ORDER BY 1")).text.split('\n').filter(Boolean)
  let answers: Promise<{ code: string | null }>[]

  beforeAll(async () => {
    const others = ['default', 'colloquy'] as const
    answers = others.map((user) => ask(user, endless(secret), { query_id: `of-${user}`, max_execution_time: '300' }))
    await vi.waitFor(async () => expect(await running()).toEqual(['of-colloquy', 'of-default']))
  })
  afterAll(async () => {
    await ask('colloquy', "KILL QUERY WHERE query_id LIKE 'of-%' SYNC")
    expect((await Promise.all(answers)).map(({ code }) => code)).toEqual(['394', '394'])
  })

  it.each([
    'SHOW PROCESSLIST',
    'SHOW FULL PROCESSLIST',
    'SELECT * FROM system.processes',
    "SELECT * FROM merge('system', '^processes$')",
    "SELECT * FROM merge(REGEXP('.*'), '^processes$')",
    'SELECT * FROM loop(system.processes) LIMIT 50',
    "SELECT * FROM remote('127.0.0.1', system.processes)",
    'SELECT * FROM view(SELECT * FROM system.processes)',
    'SELECT * FROM system.processes AS a CROSS JOIN system.processes AS b',
    "SELECT * FROM system.processes WHERE ignore(throwIf(query LIKE '%wage%' AND user != 'analyst')) = 0",
    'SELECT * FROM system.processes SETTINGS optimize_move_to_prewhere = 0',
    'SELECT * FROM system.user_processes',
    'SELECT * FROM system.query_log',
    'KILL QUERY WHERE 1 TEST',
    "KILL QUERY WHERE user = 'default' TEST",
    "KILL QUERY WHERE query_id = 'of-colloquy' TEST",
  ])('are not visible by %s', async (query) => {
    const { text } = await ask('analyst', query)
    expect(text.replaceAll('%wage%', '')).not.toMatch(/wage|of-default|of-colloquy/)
  })

  it("are not ended by KILL, while one's own are, in the form that JDBC's cancel() sends", async () => {
    const own = ask('analyst', endless('mine'), { query_id: 'of-analyst' })
    await expect.poll(running).toEqual(['of-analyst', 'of-colloquy', 'of-default'])
    expect((await ask('analyst', 'SHOW PROCESSLIST')).text).toContain('mine')
    for (const name of ['default', 'colloquy']) {
      expect(await ask('analyst', `KILL QUERY WHERE query_id = 'of-${name}' SYNC`)).toMatchObject({ status: 200, text: '' })
    }
    expect((await ask('analyst', "KILL QUERY WHERE query_id = 'of-analyst'")).text).toMatch(/^waiting\tof-analyst\tanalyst\t/)
    expect(await own).toMatchObject({ code: '394', text: expect.stringContaining('QUERY_WAS_CANCELLED') as string })
    await ask('analyst', 'KILL QUERY WHERE 1')
    expect(await running()).toEqual(['of-colloquy', 'of-default'])
  })

  it('are not ended by a query under the same id', async () => {
    const replacing = { query_id: 'of-default', replace_running_query: '1' }
    expect((await ask('analyst', 'SELECT 1', replacing)).status).not.toBe(200)
    expect((await ask('analyst', 'SELECT 1', { query_id: 'of-default' })).code).toBe('216')
    expect(await running()).toEqual(['of-colloquy', 'of-default'])
  })
})

describe.each(['analyst', 'default'] as const)('%s reads what tools ask for', (user) => {
  it.each([
    ['JDBC, getSchemas', 'SELECT name AS TABLE_SCHEM, null AS TABLE_CATALOG FROM system.databases ORDER BY name'],
    [
      'JDBC, getTables',
      `SELECT t.database, t.name, if(t.is_temporary = 1, concat('Temporary', t.engine), t.engine), t.comment, d.engine FROM system.tables t
        JOIN system.databases d ON system.tables.database = system.databases.name WHERE t.database LIKE '%' AND t.name LIKE '%'`,
    ],
    [
      'JDBC, getColumns',
      `SELECT database, table, name, type, numeric_scale, numeric_precision_radix, comment, default_expression, character_octet_length,
        position FROM system.columns WHERE database LIKE '%' AND table LIKE '%'`,
    ],
    [
      'JDBC, getIndexInfo',
      "SELECT database, table, name, type, expr, granularity FROM system.data_skipping_indices WHERE database LIKE '%'",
    ],
    ['JDBC, getFunctions', 'SELECT name, description FROM system.functions'],
    ['JDBC, getTypeInfo', 'SELECT name, case_insensitive, alias_to FROM system.data_type_families'],
    ['JDBC, at the start', "SELECT currentUser(), timezone(), version(), getSetting('readonly')"],
    ['JDBC 0.4, at the start', "SELECT name, value FROM system.settings WHERE name IN ('max_result_rows', 'compress')"],
    ['clickhouse-connect', 'SELECT name, value, readonly AS readonly FROM system.settings LIMIT 10000'],
    ['SQLAlchemy', "SELECT name FROM system.tables WHERE database = 'colloquy' AND engine LIKE '%View'"],
    ['linq2db', 'SELECT name, primary_key FROM system.tables WHERE is_temporary = 0 AND database = database()'],
    ['Metabase', 'SELECT table_name, table_type FROM INFORMATION_SCHEMA.TABLES WHERE table_schema = currentDatabase()'],
    ['Grafana', 'SHOW DATABASES'],
    ['Grafana', 'DESC TABLE colloquy.t'],
    ['DBeaver', 'SELECT * FROM system.dictionaries'],
    ['DBeaver', 'SELECT * FROM system.parts'],
    ['DBeaver', 'SELECT * FROM system.table_engines'],
    ['DBeaver', 'SHOW CREATE TABLE colloquy.t'],
    ['Tabix', 'SELECT * FROM system.clusters'],
    ['the web UI', 'SELECT * FROM system.completions LIMIT 10'],
    ['calendars', 'SELECT today() - number FROM system.numbers LIMIT 7'],
    ...[
      ...[
        'formats',
        'table_functions',
        'contributors',
        'build_options',
        'collations',
        'time_zones',
        'licenses',
        'aggregate_function_combinators',
      ],
      ...['one', 'numbers_mt', 'zeros', 'zeros_mt', 'keywords', 'codecs', 'macros', 'replicas', 'merge_tree_settings', 'projections'],
      ...['data_skipping_index_types', 'dictionary_layouts', 'parts_columns', 'mutations', 'processes', 'warnings', 'privileges'],
    ].map((table) => ['any', `SELECT * FROM system.${table} LIMIT 10`]),
  ])('%s: %s', async (_, query) => {
    expect(await ask(user, query)).toMatchObject({ status: 200, code: null })
  })

  it('of views, and not of the tables of its database, though it may read them', async () => {
    const indexes = "SELECT table, name, type FROM system.data_skipping_indices WHERE database = 'colloquy' AND table = 't'"
    expect(await ask(user, indexes)).toMatchObject({ status: 200, text: '' })
    expect(await ask(user, "SELECT comment FROM system.tables WHERE name = 't'")).toMatchObject({ status: 200, text: '' })
    expect(await ask(user, 'SELECT count() FROM t')).toMatchObject({ status: 200 })
  })

  it('but nothing of users, files, errors and the configuration', async () => {
    const closed = ['users', 'grants', 'row_policies', 'disks', 'server_settings', 'errors', 'stack_trace', 'user_processes', 'workloads']
    for (const table of closed) expect([table, (await ask(user, `SELECT * FROM system.${table}`)).code]).toEqual([table, '497'])
  })

  it("in Colloquy's database, if none is named or, as JDBC does it, default", async () => {
    const query = 'SELECT currentDatabase()'
    const named = (database: string) => [ask(user, query, { database }), ask(user, query, {}, { 'X-ClickHouse-Database': database })]
    const answers = await Promise.all([ask(user, query), ...named('default'), ...named('system')])
    expect(answers.map(({ text }) => text.trim())).toEqual(['colloquy', 'colloquy', 'colloquy', 'system', 'system'])
    expect((await ask(user, query, { compress: '0', database: 'default', max_block_size: '7' })).text).toBe('colloquy\n')
  })
})
