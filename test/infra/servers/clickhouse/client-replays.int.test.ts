import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import pino from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ClickHouse, startClickHouse } from '../../../../infra/servers/clickhouse/clickhouse-server.ts'

/**
 * Requests as the named versions of clients sent them, recorded on their way, and answered byte for byte as these clients need it. Only the
 * port, ids and the name of a machine's user differ. docs/clients.md says what was seen of each client.
 */
interface Recorded {
  client: string
  /** The first line without the method and the version. */
  path: string
  headers: string[]
  body: string
  /** How the client decodes the answer. `lz4 block` is ClickHouse's own framing, without Content-Encoding. */
  coding: 'none' | 'gzip' | 'deflate' | 'br' | 'zstd' | 'lz4' | 'lz4 block'
  /** Text in the decoded answer; Node cannot decode lz4. */
  answer: string
}

const goHeaders = ['User-Agent: clickhouse-go/2.51.0 (lv:go/1.26.8; os:linux)', 'Authorization: Basic YW5hbHlzdDo=']
const go = (coding: Recorded['coding'], query: string, ...headers: string[]): Recorded => ({
  client: `clickhouse-go 2.51.0, a deadline of 30 s, ${coding}`,
  path: `/?client_protocol_version=54460${query}`,
  headers: [...goHeaders, ...headers],
  body: 'SELECT displayName(), version(), revision(), timezone()',
  coding,
  answer: 'displayName()',
})

const python = (version: string, coding: Recorded['coding'], encoding: string, query: string, body: string): Recorded => ({
  client: `clickhouse-connect ${version}, ${encoding}`,
  path: `/?${query}&wait_end_of_query=1&send_progress_in_http_headers=1&http_headers_progress_interval_ms=120000&database=colloquy`,
  headers: [
    'Authorization: Basic YW5hbHlzdDo=',
    `User-Agent: clickhouse-connect/${version} (lv:py/3.11.7; mode:sync; os:linux; os_user:ana)`,
    `Accept-Encoding: ${encoding}`,
    'Content-Type: text/plain; charset=utf-8',
  ],
  body,
  coding,
  answer: 'UInt',
})
const dateTimes = 'date_time_input_format=best_effort&cast_string_to_dynamic_use_inference=1'
const limits = 'max_execution_time=600&max_block_size=1000&max_result_rows=100&result_overflow_mode=break&join_use_nulls=1'

const oldJdbc = (version: string, machine: string, path: string, body: string): Recorded => ({
  client: `clickhouse-jdbc ${version}`,
  path,
  headers: [
    'accept: */*',
    `user-agent: ${machine}`,
    'x-clickhouse-user: analyst',
    'x-clickhouse-database: colloquy',
    'x-clickhouse-format: RowBinaryWithNamesAndTypes',
    'accept-encoding: lz4',
    'Content-Type: text/plain; charset=UTF-8',
    'Connection: keep-alive',
  ],
  body,
  coding: 'lz4 block',
  answer: '',
})
const java046 =
  'ClickHouse-JavaClient/0.4.6 (Linux/6.18.44; OpenJDK 64-Bit Server VM/17.0.15+6-Debian-1deb12u1; HttpURLConnection; rv:dd91e17)'
const java065 =
  'ClickHouse-JdbcDriver ClickHouse-JavaClient/0.6.5 (OpenJDK 64-Bit Server VM/17.0.15+6-Debian-1deb12u1; Apache-HttpClient/5.2.4)'

const jdbc = (version: string, query: string, body: string): Recorded => ({
  client: `clickhouse-jdbc ${version}, without a password`,
  path: `/?query_id=4d9bc42f-88a4-4f8b-b19b-90a1b4d301d8&compress=1&${query}`,
  headers: [
    'Content-Type: text/plain',
    'X-ClickHouse-Format: RowBinaryWithNamesAndTypes',
    'X-ClickHouse-Query-Id: 4d9bc42f-88a4-4f8b-b19b-90a1b4d301d8',
    'X-ClickHouse-Database: colloquy',
    // analyst:null
    'Authorization: Basic YW5hbHlzdDpudWxs',
    `User-Agent: jdbc-v2/${version} clickhouse-java-v2/${version} (Linux; jvm:17.0.15) Apache-HttpClient/5.4.4`,
    'Connection: keep-alive',
  ],
  body,
  coding: 'lz4 block',
  answer: '',
})

const requests: Recorded[] = [
  go('none', '&default_format=Native&max_execution_time=34'),
  go('lz4 block', '&compress=1&default_format=Native&max_execution_time=34&network_compression_method=LZ4'),
  go('lz4 block', '&compress=1&default_format=Native&max_execution_time=34&network_compression_method=ZSTD'),
  go('gzip', '&default_format=Native&max_block_size=100&max_execution_time=34', 'Accept-Encoding: gzip'),
  go('deflate', '&default_format=Native&max_block_size=100&max_execution_time=34', 'Accept-Encoding: deflate'),
  go('br', '&default_format=Native&max_execution_time=34&enable_http_compression=1', 'Accept-Encoding: br'),
  {
    ...go('none', '&default_format=Native&max_execution_time=34&param_n=3'),
    client: 'clickhouse-go 2.51.0, with a parameter',
    body: 'SELECT number FROM numbers(10) WHERE number < {n:UInt64}',
    answer: 'UInt64',
  },
  python('1.12.0', 'none', 'identity', dateTimes, 'SELECT name, value, readonly FROM system.settings LIMIT 10000\n FORMAT Native'),
  python('1.12.0', 'zstd', 'lz4,zstd,gzip,deflate', `${dateTimes}&client_protocol_version=54405`, 'SELECT 1\n FORMAT Native'),
  python('1.12.0', 'lz4', 'lz4', `${dateTimes}&${limits}`, 'SELECT 1\n FORMAT Native'),
  python('1.12.0', 'gzip', 'gzip', `${dateTimes}&limit=3`, 'SELECT number FROM numbers(100)\n FORMAT Native'),
  python('0.7.19', 'zstd', 'lz4,zstd,gzip,deflate', limits, 'SELECT 1\n FORMAT Native'),
  python(
    '0.7.19',
    'gzip',
    'gzip',
    'max_execution_time=60&final=1&output_format_json_quote_64bit_integers=1',
    'SELECT toUInt64(1) AS n\n FORMAT Native',
  ),
  oldJdbc('0.4.6', java046, '/?compress=1&extremes=0', 'SELECT 1'),
  oldJdbc('0.6.5', java065, '/?compress=1&extremes=0&max_execution_time=60', 'select name from system.databases order by name'),
  jdbc('0.9.8', 'async_insert=0&wait_end_of_query=0', 'SELECT 1'),
  jdbc('0.9.9', 'async_insert=0&max_execution_time=60&wait_end_of_query=0', 'SELECT 1'),
  jdbc('0.9.9', 'async_insert=0&wait_end_of_query=0', "KILL QUERY WHERE query_id = '6447716d-66ec-4eab-99de-7e63f594d0e4'"),
  {
    client: 'clickhouse-sqlalchemy 0.3.2',
    path: '/?query_id=2660e9f4-150f-46d8-a016-1ab870e68ae1&database=colloquy&default_format=TabSeparatedWithNamesAndTypes',
    headers: [
      'User-Agent: python-requests/2.34.2',
      'Accept-Encoding: gzip, deflate, zstd',
      'Accept: */*',
      'Connection: keep-alive',
      'Authorization: Basic YW5hbHlzdDo=',
    ],
    body: 'select version()',
    coding: 'zstd',
    answer: 'version()\nString',
  },
  {
    client: 'curl 7.88',
    path: '/?query=SELECT%201%20AS%20n%20FORMAT%20JSONEachRow&user=analyst&max_execution_time=3600&max_result_rows=0',
    headers: ['User-Agent: curl/7.88.1', 'Accept: */*'],
    body: '',
    coding: 'none',
    answer: '{"n":1}\n',
  },
]

/** The number with which ClickHouse's blocks name LZ4, after a checksum of 16 bytes. */
const LZ4 = 0x82
const decoders = {
  none: (body: Buffer) => body,
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
}

let dataDir: string
let server: ClickHouse

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-clickhouse-'))
  server = await startClickHouse({ dataDir, port: 0, log: pino({ level: 'silent' }) })
})
afterAll(async () => {
  await server.stop()
  await rm(dataDir, { recursive: true })
})

/** Sends the bytes, and reads until the connection has nothing more of the answer. */
const replay = ({ path, headers, body }: Recorded): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const head = [
      `POST ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${server.port}`,
      ...headers,
      `Content-Length: ${Buffer.byteLength(body)}`,
      '\r\n',
    ]
    let got = Buffer.alloc(0)
    const socket = connect(server.port, '127.0.0.1', () => socket.write(head.join('\r\n') + body))
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk])
      if (got.includes('\r\n0\r\n\r\n')) socket.destroy()
    })
    socket.once('error', reject).once('close', () => resolve(got))
  })

/** Puts the chunks of an answer together. */
function dechunked(body: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; at < body.length;) {
    const end = body.indexOf('\r\n', at)
    const length = parseInt(body.toString('latin1', at, end), 16)
    chunks.push(body.subarray(end + 2, end + 2 + length))
    at = end + 2 + length + 2
  }
  return Buffer.concat(chunks)
}

it.each(requests)('$client: $path', async (request) => {
  const answer = await replay(request)
  const headEnd = answer.indexOf('\r\n\r\n')
  const head = answer.toString('latin1', 0, headEnd).toLowerCase()
  const body = dechunked(answer.subarray(headEnd + 4))
  const { coding } = request
  expect(head.split('\r\n', 1), body.toString()).toEqual(['http/1.1 200 ok'])

  const named = /content-encoding: (\S+)/.exec(head)?.[1]
  if (coding === 'lz4 block') {
    expect(named).toBeUndefined()
    if (!request.body.startsWith('KILL')) expect(body[16]).toBe(LZ4)
    return
  }
  expect(named).toBe(coding === 'none' ? undefined : coding)
  if (coding === 'lz4') expect(body.readUInt32LE()).toBe(0x184d2204)
  else expect(decoders[coding](body).toString('latin1')).toContain(request.answer)
})
