import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClickHouse, startClickHouse } from '../../../../infra/servers/clickhouse/clickhouse-server.ts'

const secret = 'attack at dawn'
const limits = { executionSecMax: 2, memoryBytesMax: 100_000_000, resultRowsMax: 10_000, queriesMax: 2, queryBytesMax: 4_096 }

let dataDir: string
let server: ClickHouse

type User = 'analyst' | 'default' | 'colloquy'
interface Answer {
  status: number
  code: string | null
  text: string
}

async function ask(user: User, query: string, parameters: Record<string, string> = {}): Promise<Answer> {
  const key = user === 'colloquy' ? { 'X-ClickHouse-Key': server.password } : undefined
  const response = await fetch(`${server.url}/?${new URLSearchParams(parameters).toString()}`, {
    method: 'POST',
    body: query,
    headers: { 'X-ClickHouse-User': user, ...key },
  })
  return { status: response.status, code: response.headers.get('x-clickhouse-exception-code'), text: await response.text() }
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-clickhouse-'))
  server = await startClickHouse({ dataDir, port: 0, analyst: limits, log: pino({ level: 'silent' }) })
  await writeFile(join(dataDir, 'secret.csv'), `${secret}\n`)
  for (const query of [
    'CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n',
    'INSERT INTO t VALUES (1), (2)',
    'CREATE VIEW v AS SELECT n FROM t',
    'CREATE TABLE memory_x (n UInt32) ENGINE = MergeTree ORDER BY n',
    `CREATE DICTIONARY d (n UInt64) PRIMARY KEY n SOURCE(CLICKHOUSE(USER 'u' PASSWORD 'hunter2' TABLE 't')) LAYOUT(FLAT())
      LIFETIME(0)`,
    'CREATE DATABASE private',
    `CREATE TABLE private.hidden (s String DEFAULT '${secret}') ENGINE = MergeTree ORDER BY s`,
    `INSERT INTO private.hidden VALUES ('${secret}')`,
  ])
    expect((await ask('colloquy', query)).text).toBe('')
})

afterAll(async () => {
  await server.stop()
  await rm(dataDir, { recursive: true })
})

const users = ['analyst', 'default'] as const

describe.each(users)('%s', (user) => {
  it('reads the tables, with common formats and settings', async () => {
    expect((await ask(user, 'SELECT sum(n) AS n FROM t FORMAT JSONEachRow')).text).toBe('{"n":3}\n')
    // Lists show what is there for analysts: the tables behind the views are not.
    expect((await ask(user, 'SHOW TABLES')).text).toBe('d\nv\n')
    const tables = 'SELECT table_name FROM information_schema.tables WHERE table_schema = currentDatabase() ORDER BY 1'
    expect((await ask(user, tables)).text).toBe('d\nv\n')
    expect(
      (
        await ask(user, 'SELECT toInt64(1) AS n FORMAT JSONEachRow', {
          output_format_json_quote_64bit_integers: '1',
          max_execution_time: '1',
          session_timezone: 'Asia/Shanghai',
        })
      ).text,
    ).toBe('{"n":"1"}\n')
  })

  it.each([
    'INSERT INTO t VALUES (3)',
    'INSERT INTO t SELECT 3',
    "INSERT INTO FUNCTION null('n UInt8') SELECT 1",
    'CREATE TABLE x (n UInt8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE x (n UInt8)',
    'CREATE VIEW x AS SELECT 1',
    'CREATE DATABASE x',
    'CREATE FUNCTION x AS (n) -> n',
    'CREATE NAMED COLLECTION x AS a = 1',
    'CREATE USER x',
    'CREATE ROLE x',
    "CREATE DICTIONARY x (n UInt64) PRIMARY KEY n SOURCE(FILE(PATH '/x' FORMAT CSV)) LAYOUT(FLAT()) LIFETIME(0)",
    'ALTER TABLE t DELETE WHERE 1',
    'ALTER TABLE t ADD COLUMN m UInt8',
    'DELETE FROM t WHERE 1',
    'UPDATE t SET n = 1 WHERE 1',
    'TRUNCATE TABLE t',
    'DROP TABLE t',
    'DETACH TABLE t',
    'ATTACH TABLE x',
    'RENAME TABLE t TO u',
    'EXCHANGE TABLES t AND d',
    'OPTIMIZE TABLE t',
    'CHECK TABLE t',
    "BACKUP TABLE t TO File('x')",
    'DROP DATABASE private',
    'KILL QUERY WHERE 1',
    'KILL MUTATION WHERE 1',
    'GRANT SELECT ON *.* TO analyst',
    'SHOW PROCESSLIST',
    'SHOW USERS',
    'SYSTEM SHUTDOWN',
    'SYSTEM KILL',
    'SYSTEM FLUSH LOGS',
    'SYSTEM STOP LISTEN HTTP',
    'SYSTEM START LISTEN TCP',
    'SYSTEM DROP MARK CACHE',
    'SYSTEM STOP MERGES t',
    'SYSTEM RELOAD DICTIONARIES',
    'SELECT * FROM private.hidden',
    'SELECT * FROM memory_x',
    'SHOW CREATE memory_x',
    'SELECT * FROM system.processes',
    'SELECT * FROM system.users',
    'SELECT * FROM system.query_cache',
    'SELECT * FROM mergeTreeIndex(private, hidden)',
    'SELECT * FROM loop(private.hidden)',
    "SELECT demangle('x')",
    "SELECT * FROM remote('127.0.0.1', private, hidden)",
    "SELECT * FROM url('http://127.0.0.1/', CSV)",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/x.csv', CSV)",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mongodb('127.0.0.1:1', 'a', 'b', 'c', 'd', 'e Int8')",
    "SELECT * FROM redis('127.0.0.1:1', 'k', 'k String, v String')",
    "SELECT * FROM executable('id', 'TSV', 's String')",
    "SELECT * FROM fuzzJSON(x, json_str = '{}')",
  ])('may not: %s', async (query) => {
    expect(await ask(user, query)).toMatchObject({ status: 500, code: expect.stringMatching(/^(164|497)$/) as string })
  })

  it('changes nothing with statements that ClickHouse ignores instead of refusing', async () => {
    expect((await ask(user, 'SYSTEM STOP MERGES')).status).toBe(200)
    expect((await ask('colloquy', 'OPTIMIZE TABLE t FINAL')).text).toBe('')
    expect((await ask(user, 'SET ROLE ALL; ')).status).toBe(200)
  })

  it.each([
    (path: string) => `SELECT file('${path}')`,
    (path: string) => `SELECT file('${path}', 'nothing')`,
    (path: string) => `SELECT * APPLY(file) FROM (SELECT '${path}')`,
    (path: string) => `SELECT * FROM view(SELECT file('${path}'))`,
    (path: string) => `SELECT * FROM file('${path}', CSV)`,
    (path: string) => `DESCRIBE file('${path}')`,
    (path: string) => `SELECT * FROM \`${path}\``,
    (path: string) => `SELECT * FROM default.\`${path}\``,
    (path: string) => `SELECT * FROM merge(REGEXP('.*'), '${path}')`,
    (path: string) => `SELECT * FROM url('file://${path}', CSV)`,
    (path: string) => `SELECT * FROM filesystem('${path}')`,
    (path: string) => `SELECT * FROM sqlite('${path}', 't')`,
    (path: string) => `SELECT * FROM icebergLocal('${path}')`,
    (path: string) => `SELECT * FROM executable('cat ${path}', 'TSV', 's String')`,
    (path: string) => `SELECT catboostEvaluate('${path}', 1)`,
    (path: string) => `SELECT 1 FORMAT Template SETTINGS format_template_resultset = '${path}'`,
    (path: string) => `SELECT 1 FORMAT Protobuf SETTINGS format_schema = '${path}:x'`,
    (path: string) => `INSERT INTO t FROM INFILE '${path}' FORMAT CSV`,
    (path: string) => `SELECT 1 INTO OUTFILE '${path}' TRUNCATE`,
  ])('does not get at files: %s', async (attempt) => {
    const path = join(dataDir, 'secret.csv')
    const answer = await ask(user, attempt(path))
    expect(answer).toMatchObject({ code: expect.stringMatching(/^\d+$/) as string })
    expect(answer.text).not.toContain(secret)
    expect(await readFile(path, 'utf8')).toBe(`${secret}\n`)
  })

  it.each([
    ['max_execution_time', '0'],
    ['max_execution_time', '3'],
    ['max_memory_usage', '0'],
    ['max_memory_usage', '200000000'],
    ['max_result_rows', '0'],
    ['max_threads', '1000'],
    ['max_query_size', '1000000'],
    ['timeout_overflow_mode', 'break'],
    ['max_memory_usage_for_user', '0'],
    ['max_concurrent_queries_for_user', '0'],
    ['readonly', '0'],
    ['readonly', '2'],
    ['allow_introspection_functions', '1'],
    ['format_schema', '/x'],
  ])('may not set %s to %s, by parameter, clause or session', async (name, value) => {
    const refused = { status: 500, code: expect.stringMatching(/^(164|452)$/) as string }
    expect(await ask(user, 'SELECT 1', { [name]: value })).toMatchObject(refused)
    expect(await ask(user, `SELECT 1 SETTINGS ${name} = '${value}'`)).toMatchObject(refused)
    const session = { session_id: `${user}-${name}-${value}` }
    expect((await ask(user, "SET profile = 'default'", session)).status).toBe(200)
    expect(await ask(user, `SET ${name} = '${value}'`, session)).toMatchObject(refused)
  })

  it('finds no secrets in the system tables', async () => {
    const tables = (await ask('colloquy', "SELECT name FROM system.tables WHERE database = 'system'")).text.trim().split('\n')
    const hash = createHash('sha256').update(server.password).digest('hex')
    let readable = 0
    for (const table of tables) {
      const { status, text } = await ask(user, `SELECT * FROM system.${table} LIMIT 5000 FORMAT JSONEachRow`)
      if (status === 200) readable += 1
      for (const word of [secret, 'hunter2', server.password, hash]) expect(text, table).not.toContain(word)
    }
    expect(readable).toBeGreaterThan(10)
    expect((await ask(user, 'SHOW CREATE DICTIONARY d')).text).toContain('[HIDDEN]')
  })

  it('is held to its limits', async () => {
    const endless = 'SELECT sum(number) FROM numbers(1000000000000)'
    expect(await ask(user, endless)).toMatchObject({ status: 408, code: '159' })
    expect(await ask(user, 'SELECT length(groupArray(number)) FROM numbers(100000000)')).toMatchObject({ code: '241' })
    expect(await ask(user, 'SELECT number FROM numbers(10001)', { wait_end_of_query: '1' })).toMatchObject({ code: '396' })
    expect(await ask(user, `SELECT '${'x'.repeat(limits.queryBytesMax)}'`)).toMatchObject({ status: 400, code: '62' })

    const many = await Promise.all(Array.from({ length: 4 }, () => ask(user, endless)))
    expect(many.map((answer) => answer.code).sort()).toEqual(['159', '159', '202', '202'])
  })
})

it('after all these attempts everything is as it was', async () => {
  expect((await ask('colloquy', 'SELECT n FROM t ORDER BY n')).text).toBe('1\n2\n')
  expect((await ask('colloquy', 'SHOW TABLES')).text).toBe('d\nmemory_x\nt\nv\n')
  expect((await ask('colloquy', 'SELECT name FROM system.users ORDER BY name')).text).toBe('analyst\ncolloquy\ndefault\n')
  expect(server.restarts).toBe(0)
})
