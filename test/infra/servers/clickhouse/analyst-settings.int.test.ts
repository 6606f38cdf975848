import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { analystLimitsDefault, internalUser } from '../../../../infra/servers/clickhouse/clickhouse-config.ts'
import { type ClickHouse, startClickHouse } from '../../../../infra/servers/clickhouse/clickhouse-server.ts'

let dataDir: string
let server: ClickHouse

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "colloquy's clickhouse-"))
  server = await startClickHouse({ dataDir, port: 0, log: pino({ level: 'silent' }) })
})
afterAll(async () => {
  await server.stop()
  await rm(dataDir, { recursive: true })
})

const ask = async (query: string, search = '', headers: Record<string, string> = {}): Promise<{ status: number; text: string }> => {
  const response = await fetch(`${server.url}/?${search}`, { method: 'POST', body: query, headers })
  return { status: response.status, text: await response.text() }
}

/** Settings that clients and tools send, each with a value that is not its default. */
const sent: [string, string][] = Object.entries({
  max_execution_time: '3600',
  additional_table_filters: "{'system.one':'1'}",
  result_overflow_mode: 'break',
  timeout_overflow_mode: 'break',
  read_overflow_mode: 'break',
  cast_keep_nullable: '1',
  prefer_column_name_to_alias: '1',
  limit: '5',
  offset: '0',
  final: '1',
  max_block_size: '100',
  max_result_bytes: '100000000',
  max_rows_to_read: '1000000',
  max_bytes_to_read: '100000000',
  max_estimated_execution_time: '50',
  join_algorithm: 'hash',
  join_use_nulls: '1',
  group_by_use_nulls: '1',
  any_join_distinct_right_table_keys: '1',
  distributed_product_mode: 'global',
  transform_null_in: '1',
  union_default_mode: 'ALL',
  count_distinct_implementation: 'uniqCombined',
  aggregate_functions_null_for_empty: '1',
  optimize_read_in_order: '0',
  enable_analyzer: '1',
  allow_experimental_analyzer: '1',
  use_skip_indexes_if_final: '1',
  use_uncompressed_cache: '1',
  query_cache_ttl: '10',
  async_insert: '0',
  wait_for_async_insert: '0',
  insert_deduplicate: '0',
  mutations_sync: '1',
  select_sequential_consistency: '1',
  load_balancing: 'in_order',
  log_comment: 'a panel',
  session_timezone: 'Asia/Shanghai',
  send_progress_in_http_headers: '0',
  http_headers_progress_interval_ms: '1000',
  network_compression_method: 'ZSTD',
  network_zstd_compression_level: '3',
  enable_http_compression: '1',
  http_zlib_compression_level: '5',
  format_csv_delimiter: ';',
  output_format_csv_crlf_end_of_line: '1',
  format_csv_null_representation: 'NULL',
  format_csv_allow_single_quotes: '1',
  output_format_json_quote_64bit_integers: '1',
  output_format_json_quote_denormals: '1',
  output_format_binary_write_json_as_string: '1',
  output_format_native_write_json_as_string: '1',
  output_format_native_encode_types_in_binary_format: '0',
  output_format_arrow_string_as_string: '0',
  output_format_arrow_compression_method: 'zstd',
  output_format_parquet_compression_method: 'gzip',
  output_format_parquet_row_group_size: '1000',
  output_format_orc_compression_method: 'zlib',
  output_format_avro_codec: 'deflate',
  output_format_pretty_max_rows: '10',
  output_format_tsv_crlf_end_of_line: '1',
  date_time_output_format: 'iso',
  date_time_input_format: 'best_effort',
  input_format_null_as_default: '0',
  bool_true_representation: 'yes',
  connect_timeout: '5',
  receive_timeout: '60',
  send_timeout: '60',
  use_hedged_requests: '0',
  lock_acquire_timeout: '10',
  interactive_delay: '200000',
  decimal_check_overflow: '0',
  empty_result_for_aggregation_by_empty_set: '1',
  compile_expressions: '0',
  extremes: '1',
})

it.each(sent)('analysts may send %s = %s, in the URL and in a clause', async (name, value) => {
  const url = new URLSearchParams({ [name]: value }).toString()
  expect(await ask('SELECT count() FROM system.one', url)).toMatchObject({ status: 200, text: expect.stringMatching(/^1\r?\n/) as string })
  const text = /^\{|^\d+$/.test(value) ? value : `'${value}'`
  expect(await ask(`SELECT count() FROM system.one SETTINGS ${name} = ${text}`)).toMatchObject({ status: 200 })
})

it.each([
  ['priority', '1', 'priority'],
  // ClickHouse names it by its older name.
  ['enable_analyzer', '0', 'allow_experimental_analyzer'],
  ['allow_experimental_analyzer', '0', 'allow_experimental_analyzer'],
])('%s is refused with words about itself', async (name, value, named) => {
  const refusal = { text: expect.stringMatching(new RegExp(`Code: 164.*'${named}'`)) as string }
  expect(await ask('SELECT count() FROM system.one', `${name}=${value}`)).toMatchObject(refusal)
  expect(await ask(`SELECT count() FROM system.one SETTINGS ${name} = ${value}`)).toMatchObject(refusal)
})

it('what they send has its effect', async () => {
  const rows = 'SELECT number FROM numbers(5)'
  expect((await ask(rows, 'limit=2&offset=1')).text).toBe('1\n2\n')
  expect((await ask(`${rows} SETTINGS limit = 2`)).text).toBe('0\n1\n')
  expect((await ask(`${rows} FORMAT CSV`, 'output_format_csv_crlf_end_of_line=1&limit=1')).text).toBe('0\r\n')
  expect((await ask('SELECT 1, NULL FORMAT CSV', 'format_csv_delimiter=%3B&format_csv_null_representation=-')).text).toBe('1;-\n')
  const filter = new URLSearchParams({ additional_table_filters: "{'system.numbers':'number != 2'}" }).toString()
  expect((await ask('SELECT number FROM system.numbers LIMIT 3', filter)).text).toBe('0\n1\n3\n')
})

it('truncates a result instead of refusing it, when asked', async () => {
  const { text, status } = await ask('SELECT count() FROM (SELECT number FROM numbers(10))', 'max_result_rows=0&result_overflow_mode=break')
  expect({ text, status }).toEqual({ text: '10\n', status: 200 })
  const cut = await ask('SELECT number FROM numbers(5000000)', 'max_result_rows=9999999999&result_overflow_mode=break&max_block_size=1000')
  expect(cut.text.split('\n').length).toBeLessThan(analystLimitsDefault.resultRowsMax + 2_000)
})

it('lowers what a URL names, however it is written, and leaves all other bytes', async () => {
  const time = "SELECT getSetting('max_execution_time')"
  const max = `${analystLimitsDefault.executionSecMax}\n`
  for (const search of ['max_execution_time=3600', 'max%5Fexecution_time=3600', 'max_execution_time=3600&max_execution_time=4000'])
    expect((await ask(time, search)).text).toBe(max)
  expect((await ask('SELECT {a:String}', 'param_a=%2B1%26+%3D%3F%C3%BC&max_execution_time=3600')).text).toBe('+1& =?ü\n')
  expect((await ask(`${time}, {a:String}`, 'param_a=max_execution_time=3600?x')).text).toBe('30\tmax_execution_time=3600?x\n')
  // What ClickHouse refuses as no number, or as a negative one, it refuses here too.
  expect((await ask(time, 'max_execution_time=soon')).text).toContain('Code: 72.')
  expect((await ask(time, 'max_result_rows=-1')).text).toContain('Code: 72.')
})

it.each<[string, string, Record<string, string>]>([
  ['nobody', '', {}],
  ['a header', '', { 'X-ClickHouse-User': 'analyst' }],
  ['a header and any password', '', { 'X-ClickHouse-User': 'analyst', 'X-ClickHouse-Key': 'null' }],
  ['Basic', '', { Authorization: `Basic ${btoa('analyst:')}` }],
  ['basic', '', { Authorization: `basic ${btoa('analyst:x:y')}` }],
  ['the URL', 'user=analyst&', {}],
  ['an encoded URL', '%75ser=%61nalyst&', {}],
  ['the URL, before Basic of another user', 'user=analyst&', { Authorization: `Basic ${btoa(`${internalUser}:x`)}` }],
  ['the URL twice', `user=analyst&user=${internalUser}&`, {}],
])('knows an analyst by %s', async (_, search, headers) => {
  const { text } = await ask("SELECT getSetting('max_result_rows')", `${search}max_result_rows=9999999999`, headers)
  expect(text).toBe(`${analystLimitsDefault.resultRowsMax}\n`)
})

it("leaves the settings of Colloquy's own user alone", async () => {
  const query = "SELECT getSetting('max_execution_time')"
  const url = `user=${internalUser}&password=${server.password}&max_execution_time=3600`
  expect((await ask(query, url)).text).toBe('3600\n')
  const headers = { 'X-ClickHouse-User': internalUser, 'X-ClickHouse-Key': server.password }
  expect((await ask(query, 'max_execution_time=3600', headers)).text).toBe('3600\n')
  const basic = { Authorization: `Basic ${btoa(`${internalUser}:${server.password}`)}` }
  expect((await ask(query, 'max_execution_time=3600', basic)).text).toBe('3600\n')
})

it('compresses once when ClickHouse and HTTP are asked, unless both are asked for by name', async () => {
  const codings = async (search: string): Promise<string | null> =>
    (await fetch(`${server.url}/?query=SELECT+1&${search}`, { headers: { 'Accept-Encoding': 'gzip' } })).headers.get('content-encoding')
  expect(await codings('compress=1')).toBeNull()
  expect(await codings('compress=true')).toBeNull()
  expect(await codings('compress=0')).toBe('gzip')
  expect(await codings('')).toBe('gzip')
  expect(await codings('enable_http_compression=0')).toBeNull()
})

it('writes every format that has no need of a file or of certain columns', async () => {
  const names = (await ask('SELECT name FROM system.formats WHERE is_output ORDER BY name')).text.trim().split('\n')
  const failed: string[] = []
  for (const name of names) {
    const { status } = await ask(`SELECT number AS id, toString(number) AS s, [number] AS a FROM numbers(2) FORMAT ${name}`)
    if (status !== 200) failed.push(name)
  }
  const ofCertainColumns = ['AvroConfluent', 'GeoJSON', 'Npy', 'PNG', 'Prometheus', 'Template']
  expect(failed).toEqual([...ofCertainColumns, 'Protobuf', 'ProtobufList', 'ProtobufSingle'].sort())
})

it.each(['identity', 'gzip', 'deflate', 'br', 'zstd'])('says why there is no Protobuf, to a client that accepts %s', async (coding) => {
  const answer = await fetch(server.url, { method: 'POST', body: 'SELECT 1 AS n FORMAT Protobuf', headers: { 'Accept-Encoding': coding } })
  expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([501, '48'])
  expect(await answer.text()).toContain('opens no files')
})
