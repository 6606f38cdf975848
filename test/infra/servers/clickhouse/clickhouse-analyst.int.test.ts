import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClickHouse, startClickHouse } from '../../../../infra/servers/clickhouse/clickhouse-server.ts'

const secret = 'attack at dawn'
const limits = {
  executionSec: 2,
  executionSecMax: 4,
  memoryBytesMax: 100_000_000,
  resultRowsMax: 10_000,
  queriesMax: 2,
  queryBytesMax: 4_096,
}

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
const words = (text: string): string[] => text.split(' ')

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
    'GRANT SELECT ON *.* TO analyst',
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
    expect(await ask(user, 'KILL MUTATION WHERE 1')).toMatchObject({ status: 200, text: '' })
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
    ['max_memory_usage_for_user', '0'],
    ['max_concurrent_queries_for_user', '5'],
    ['readonly', '0'],
    ['readonly', '2'],
    ['allow_introspection_functions', '1'],
    ['cancel_http_readonly_queries_on_client_close', '0'],
    ['max_untracked_memory', '1000000000000'],
    ['http_response_headers', "{'Access-Control-Allow-Origin':'*'}"],
    ['format_display_secrets_in_show_and_select', '1'],
    ['format_schema', '/x'],
    ['output_format_schema', '/x'],
    ['format_template_row', '/x'],
    ['input_format_record_errors_file_path', '/x'],
    ['format_avro_schema_registry_url', 'http://127.0.0.1:1'],
    ['workload', 'default'],
  ])('may not set %s to %s, by parameter, clause or session', async (name, value) => {
    const refused = { status: 500, code: expect.stringMatching(/^(164|452)$/) as string }
    expect(await ask(user, 'SELECT 1', { [name]: value })).toMatchObject(refused)
    expect(await ask(user, `SELECT 1 SETTINGS ${name} = '${value.replaceAll("'", "\\'")}'`)).toMatchObject(refused)
    const session = { session_id: `${user}-${name}-${value}` }
    expect((await ask(user, "SET profile = 'default'", session)).status).toBe(200)
    expect(await ask(user, `SET ${name} = '${value.replaceAll("'", "\\'")}'`, session)).toMatchObject(refused)
  })

  it.each([
    ['max_memory_usage', limits.memoryBytesMax],
    ['max_result_rows', limits.resultRowsMax],
    ['max_threads', 16],
    ['max_query_size', limits.queryBytesMax],
  ])('has a higher %s lowered in a URL, and refused in a clause or session', async (name, max) => {
    for (const value of [0, max + 1, 1e15])
      expect(await ask(user, `SELECT getSetting('${name}')`, { [name]: String(value) })).toMatchObject({ status: 200, text: `${max}\n` })
    expect(await ask(user, `SELECT getSetting('${name}')`, { [name]: String(max - 1) })).toMatchObject({
      status: 200,
      text: `${max - 1}\n`,
    })
    const refused = { status: 500, code: '452' }
    // 0 threads are one for each processor.
    for (const value of name === 'max_threads' ? [max + 1] : [0, max + 1]) {
      expect(await ask(user, `SELECT 1 SETTINGS ${name} = ${value}`)).toMatchObject(refused)
      expect(await ask(user, `SET ${name} = ${value}`, { session_id: `${user}-${name}-${value}` })).toMatchObject(refused)
    }
  })

  it('may name any time in a URL, a clause or a session', async () => {
    const time = async (value: string): Promise<string> =>
      (await ask(user, "SELECT getSetting('max_execution_time')", { max_execution_time: value })).text
    expect(await Promise.all(['0', '0.5', '1', '3.5', '35', '1e9'].map(time))).toEqual(['4\n', '1\n', '1\n', '3.5\n', '4\n', '4\n'])
    expect((await ask(user, 'SELECT 1 SETTINGS max_execution_time = 0')).text).toBe('1\n')
    expect((await ask(user, 'SET max_execution_time = 600', { session_id: `${user}-time` })).status).toBe(200)
  })

  const endless = 'SELECT sum(number) FROM numbers(1000000000000)'
  // The engine does not notice that a client has gone while it runs these.
  const joining = 'SELECT count() FROM numbers(100000000) AS a JOIN numbers(100000) AS b ON a.number % 10 = b.number % 10'
  const running = async (): Promise<string> => (await ask('colloquy', `SELECT count() FROM system.processes WHERE user = '${user}'`)).text
  it.each([
    ['SETTINGS max_execution_time = 0', `${endless} SETTINGS max_execution_time = 0`, {}],
    ['SETTINGS max_execution_time = 600', `${endless} SETTINGS max_execution_time = 600`, {}],
    ['a scalar subquery', `SELECT (${endless}) SETTINGS max_execution_time = 0`, {}],
    ['a join', `${joining} SETTINGS max_execution_time = 0`, {}],
    ['EXPLAIN', `EXPLAIN ESTIMATE SELECT (${endless}) SETTINGS max_execution_time = 0`, {}],
    ['a session', endless, { session_id: 'long' }],
    ['an empty query id', `${joining} SETTINGS max_execution_time = 0`, { query_id: '' }],
  ])('is held to the time, whatever is asked for: %s', async (_, query, parameters: Record<string, string>) => {
    if ('session_id' in parameters) await ask(user, 'SET max_execution_time = 0', parameters)
    const start = performance.now()
    expect(await ask(user, query, parameters)).toMatchObject({
      status: 408,
      code: '159',
      text: expect.stringContaining('TIMEOUT_EXCEEDED') as string,
    })
    expect(performance.now() - start).toBeGreaterThan(limits.executionSec * 1_000 - 100)
    await expect.poll(running, { timeout: 2_000 }).toBe('0\n')
  })

  it('gets more time by the URL', async () => {
    const start = performance.now()
    expect(await ask(user, endless, { max_execution_time: '60' })).toMatchObject({ status: 408, code: '159' })
    expect(performance.now() - start).toBeGreaterThan(limits.executionSecMax * 1_000 - 100)
  })

  it('ends a query by leaving, also a join', async () => {
    const abort = new AbortController()
    const url = `${server.url}/?max_execution_time=60`
    const left = fetch(url, { method: 'POST', body: joining, headers: { 'X-ClickHouse-User': user }, signal: abort.signal })
    await expect.poll(running).toBe('1\n')
    abort.abort()
    await expect(left).rejects.toThrow()
    await expect.poll(running, { timeout: limits.executionSecMax * 750 }).toBe('0\n')
  })

  it('may set what is about formats, transport and the query, but no text that could name a file or a host', async () => {
    const changeable = async (condition: string): Promise<string[]> =>
      (await ask(user, `SELECT name FROM system.settings WHERE readonly = 0 AND ${condition} ORDER BY name`)).text.trim().split('\n')
    expect((await changeable('1')).length).toBeGreaterThan(500)
    // Each one reviewed: a delimiter, a name within the answer, a zone, a codec, a condition.
    expect(await changeable("type IN ('String', 'Map', 'URI', 'Timezone')")).toEqual([
      ...words('additional_result_filter additional_table_filters bool_false_representation bool_true_representation'),
      ...words('count_distinct_implementation errors_output_format force_data_skipping_indices force_optimize_projection_name'),
      ...words('format_csv_null_representation format_custom_field_delimiter format_custom_result_after_delimiter'),
      ...words('format_custom_result_before_delimiter format_custom_row_after_delimiter format_custom_row_before_delimiter'),
      ...words('format_custom_row_between_delimiter format_json_object_each_row_column_for_object_name format_regexp'),
      ...words('format_template_resultset_format format_template_row_format format_template_rows_between_delimiter'),
      ...words('format_tsv_null_representation input_format_mysql_dump_table_name input_format_orc_reader_time_zone_name'),
      ...words('insert_deduplication_token log_comment network_compression_method output_format_avro_codec'),
      ...words('output_format_avro_string_column_pattern output_format_image_terminal_mode output_format_orc_writer_time_zone_name'),
      ...words('output_format_pretty_grid_charset output_format_sql_insert_table_name query_cache_tag schema_inference_hints'),
      ...words('session_timezone'),
    ])
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
    expect(await ask(user, endless)).toMatchObject({ status: 408, code: '159' })
    expect(await ask(user, 'SELECT length(groupArray(number)) FROM numbers(100000000)')).toMatchObject({ code: '241' })
    expect(await ask(user, 'SELECT number FROM numbers(10001)', { wait_end_of_query: '1' })).toMatchObject({ code: '396' })
    expect(await ask(user, `SELECT '${'x'.repeat(limits.queryBytesMax)}'`)).toMatchObject({ status: 400, code: '62' })

    // As many as may run do, and the others wait; the time of waiting counts.
    const many = await Promise.all(Array.from({ length: 4 }, () => ask(user, endless)))
    expect(many.map((answer) => answer.code).sort()).toEqual(['159', '159', '159', '159'])
  })
})

it('after all these attempts everything is as it was', async () => {
  expect((await ask('colloquy', 'SELECT n FROM t ORDER BY n')).text).toBe('1\n2\n')
  expect((await ask('colloquy', 'SHOW TABLES')).text).toBe('d\nmemory_x\nt\nv\n')
  expect((await ask('colloquy', 'SELECT name FROM system.users ORDER BY name')).text).toBe('analyst\ncolloquy\ndefault\n')
  expect(server.restarts).toBe(0)
})
