import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ClickHouse, startClickHouse } from '../../../../infra/servers/clickhouse/clickhouse-server.ts'

interface Options {
  method?: string
  query?: Record<string, string>
  body?: string | Buffer
  headers?: Record<string, string>
}
interface Answer {
  status: number | undefined
  headers: IncomingHttpHeaders
  body: Buffer
  text: string
}

let dataDir: string
let server: ClickHouse

/** Nothing is added to the request, as curl would add nothing. */
const send = (path: string, { method, query, body, headers }: Options = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const search = new URLSearchParams(query).toString()
    const call = request(`${server.url}${path}?${search}`, { method: method ?? 'GET', headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .once('error', reject)
        .once('end', () => {
          const all = Buffer.concat(chunks)
          resolve({ status: response.statusCode, headers: response.headers, body: all, text: all.toString() })
        })
    })
    call.once('error', reject).end(body)
  })

const credentials = (): Record<string, string> => ({ 'X-ClickHouse-User': server.username, 'X-ClickHouse-Key': server.password })
/** A POST of our own user. */
const post = (body: string | Buffer, { headers, ...options }: Options = {}): Promise<Answer> =>
  send('/', { method: 'POST', body, ...options, headers: { ...credentials(), ...headers } })

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-clickhouse-'))
  server = await startClickHouse({ dataDir, port: 0, allowedHosts: ['bi-1.example.org', 'lo'], log: pino({ level: 'silent' }) })
})

afterAll(async () => {
  await server.stop()
  await rm(dataDir, { recursive: true })
})

beforeEach(() => post('CREATE OR REPLACE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n'))

describe('paths and methods', () => {
  it.each([
    ['GET', '/', 200, 'Ok.\n'],
    ['GET', '/ping', 200, 'Ok.\n'],
    ['HEAD', '/ping', 200, ''],
    ['OPTIONS', '/', 204, ''],
  ])('%s %s answers %i', async (method, path, status, body) => {
    expect(await send(path, { method })).toMatchObject({ status, text: body })
  })

  it.each(['/nowhere', '/dashboard', '/binary', '/merges', '/js/uplot.js', '/webterminal', '/jemalloc', '/replicas_status'])(
    '%s is not found',
    async (path) => {
      for (const method of ['GET', 'POST']) expect(await send(path, { method })).toMatchObject({ status: 404, text: 'Not served here.' })
    },
  )

  it('clients may send parameters with a ping, and queries to /query', async () => {
    expect(await send('/ping', { query: { user: 'analyst' } })).toMatchObject({ status: 200, text: 'Ok.\n' })
    expect((await send('/query', { query: { query: 'SELECT 1' } })).text).toBe('1\n')
  })

  it('GET reads, and refuses writes of every user', async () => {
    expect((await send('/', { query: { query: 'SELECT 1' } })).text).toBe('1\n')
    const refused = await send('/', { query: { query: "INSERT INTO t VALUES (1, '')" }, headers: credentials() })
    expect(refused.headers['x-clickhouse-exception-code']).toBe('164')
    expect((await post('SELECT count() FROM t')).text).toBe('0\n')
  })
})

describe('queries', () => {
  it('come as a parameter, a body, or one continued by the other', async () => {
    expect((await post('', { query: { query: 'SELECT 1' } })).text).toBe('1\n')
    expect((await post('SELECT 2')).text).toBe('2\n')
    expect((await post(' + 3', { query: { query: 'SELECT 2' } })).text).toBe('5\n')
  })

  it('carry the rows of an insert after the query, or in the body alone', async () => {
    expect((await post('INSERT INTO t FORMAT JSONEachRow\n{"n":1,"s":"a"}\n{"n":2}')).status).toBe(200)
    const apart = await post('3,"c,\nd"\n4,e', { query: { query: 'INSERT INTO t FORMAT CSV' } })
    expect(JSON.parse(String(apart.headers['x-clickhouse-summary']))).toMatchObject({ written_rows: '2' })
    expect((await post('SELECT * FROM t ORDER BY n FORMAT JSONCompactEachRow')).text).toBe('[1, "a"]\n[2, ""]\n[3, "c,\\nd"]\n[4, "e"]\n')
  })

  it('are one at a time', async () => {
    expect(await post('SELECT 1; SELECT 2')).toMatchObject({ status: 400, headers: { 'x-clickhouse-exception-code': '62' } })
  })

  it('take their format from the query, else from default_format or the header', async () => {
    const formats = await Promise.all([
      post('SELECT 1 AS a FORMAT JSONEachRow', { query: { default_format: 'CSV' } }),
      post("SELECT 'x' AS a", { query: { default_format: 'CSV' } }),
      post("SELECT 'x' AS a", { headers: { 'X-ClickHouse-Format': 'JSONEachRow' } }),
      post("SELECT 'x' AS a"),
    ])
    expect(formats.map((answer) => [answer.headers['x-clickhouse-format'], answer.text])).toEqual([
      ['JSONEachRow', '{"a":1}\n'],
      ['CSV', '"x"\n'],
      ['JSONEachRow', '{"a":"x"}\n'],
      ['TSV', 'x\n'],
    ])
  })

  it('have their own parameters, settings and database', async () => {
    expect((await post('SELECT {x:UInt8} + {y:UInt8}', { query: { param_x: '2', param_y: '3' } })).text).toBe('5\n')
    expect((await post("SELECT getSetting('max_block_size')", { query: { max_block_size: '7' } })).text).toBe('7\n')
    expect((await post('SELECT currentDatabase()', { query: { database: 'system' } })).text).toBe('system\n')
    expect((await post('SELECT currentDatabase()')).text).toBe('colloquy\n')
  })

  it('are answered with what ran and how', async () => {
    const { headers } = await post('SELECT * FROM numbers(10)', { query: { query_id: 'mine', wait_end_of_query: '1' } })
    expect(headers).toMatchObject({ 'x-clickhouse-query-id': 'mine', 'x-clickhouse-timezone': 'UTC' })
    expect(headers['x-clickhouse-server-display-name']).toBeTruthy()
    expect(JSON.parse(String(headers['x-clickhouse-summary']))).toMatchObject({
      read_rows: '10',
      elapsed_ns: expect.stringMatching(/^\d+$/) as string,
    })
  })

  it('may wait for 100 Continue before they send their body', async () => {
    const call = request(server.url, { method: 'POST', headers: { ...credentials(), Expect: '100-continue' } })
    const answer = new Promise<string>((resolve, reject) => {
      call.once('error', reject).once('response', (response) => resolve(text(response)))
    })
    call.once('continue', () => call.end('SELECT 100'))
    call.flushHeaders()
    expect(await answer).toBe('100\n')
  })
})

describe('compression', () => {
  it('of answers is requested by the header and enable_http_compression', async () => {
    const query = 'SELECT number FROM numbers(1000)'
    const zipped = await post(query, { query: { enable_http_compression: '1' }, headers: { 'Accept-Encoding': 'gzip' } })
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(zipped.body).toString()).toBe((await post(query)).text)
  })

  it('of requests is declared by Content-Encoding', async () => {
    await post(gzipSync('INSERT INTO t FORMAT CSV\n1,"a"\n'), { headers: { 'Content-Encoding': 'gzip' } })
    expect((await post('SELECT * FROM t')).text).toBe('1\ta\n')
  })
})

describe('credentials', () => {
  const whoAmI = { query: 'SELECT currentUser()' }
  const basic = (pair: string): Record<string, string> => ({ Authorization: `Basic ${Buffer.from(pair).toString('base64')}` })

  it('come as headers, as Basic or as parameters; without any one is default', async () => {
    const { username, password } = server
    const users = await Promise.all([
      send('/', { query: whoAmI, headers: credentials() }),
      send('/', { query: whoAmI, headers: basic(`${username}:${password}`) }),
      send('/', { query: { ...whoAmI, user: username, password } }),
      send('/', { query: whoAmI, headers: basic('analyst:') }),
      send('/', { query: whoAmI, headers: basic('default:') }),
      send('/', { query: whoAmI }),
    ])
    expect(users.map((answer) => answer.text.trim())).toEqual(['colloquy', 'colloquy', 'colloquy', 'analyst', 'default', 'default'])
  })

  it('that are wrong are refused with 403', async () => {
    const refused = await send('/', { query: whoAmI, headers: basic('colloquy:wrong') })
    expect(refused).toMatchObject({ status: 403, headers: { 'x-clickhouse-exception-code': '516' } })
  })
})

it.each([
  ['SELEC 1', 400, 62],
  ['SELECT * FROM nowhere', 404, 60],
  ['SELECT * FROM no.where', 404, 81],
  ['SELECT nothing', 404, 47],
  ['SELECT count() FROM numbers(1000000000000) SETTINGS max_execution_time = 1', 408, 159],
  ['INSERT INTO t FORMAT CSV\nx,y', 400, 27],
])('the status of %s is %i, its code %i', async (query, status, code) => {
  const failed = await post(query)
  expect(failed).toMatchObject({ status, headers: { 'x-clickhouse-exception-code': String(code) } })
  expect(failed.text).toMatch(new RegExp(`^Code: ${code}\\. DB::.*\\([A-Z_]+\\)`, 's'))
})

it('an insert whose sender disconnects half-way leaves no rows, and the server keeps running', async () => {
  const call = request(server.url, { method: 'POST', headers: { ...credentials(), 'Content-Length': '1000' } })
  const cut = new Promise<unknown>((resolve) => call.once('error', resolve))
  call.write('INSERT INTO t FORMAT JSONEachRow\n{"n":1,"s":"a"}\n', () => call.destroy(new Error('gone')))
  await cut
  const running = "SELECT count() FROM system.processes WHERE query LIKE 'INSERT%'"
  const inserting = async (): Promise<string> => (await post(running)).text
  await expect.poll(inserting, { timeout: 40_000 }).toBe('0\n')
  expect((await post('SELECT count() FROM t')).text).toBe('0\n')
})

/** Reads the first bytes of an answer and hangs up. */
const hangUp = (path: string, { query, body, headers }: Options = {}): Promise<void> =>
  new Promise((resolve, reject) => {
    const search = new URLSearchParams(query).toString()
    const method = body === undefined ? 'GET' : 'POST'
    const call = request(
      `${server.url}${path}?${search}`,
      { method, headers: { ...credentials(), ...headers }, agent: false },
      (response) => {
        response.once('error', () => undefined)
        response.once('data', () => call.destroy())
      },
    )
    call
      .once('close', resolve)
      .once('error', (error) => (call.destroyed ? undefined : reject(error)))
      .end(body)
  })

const ROWS = 'SELECT * FROM numbers(100000000)'
it.each<[string, string, Options]>([
  ['a page of ClickHouse', '/play', {}],
  ['rows', '/', { query: { query: ROWS } }],
  ['rows as Native', '/', { query: { query: `${ROWS} FORMAT Native` } }],
  ['rows as JSON', '/', { query: { query: `${ROWS} FORMAT JSON` } }],
  ['compressed rows', '/', { query: { query: ROWS, enable_http_compression: '1' }, headers: { 'Accept-Encoding': 'gzip' } }],
  ['rows compressed by ClickHouse', '/', { query: { query: `${ROWS} FORMAT Native`, compress: '1' } }],
  ['rows of a POST', '/', { body: ROWS }],
  ['rows that end in an error', '/', { query: { query: 'SELECT number, throwIf(number = 60000000) FROM numbers(100000000)' } }],
])(
  'a client that hangs up during %s neither ends nor stops the server',
  async (_, path, options) => {
    const { pid } = server
    for (let count = 0; count < 30; count += 1) await hangUp(path, options)
    expect((await post('SELECT 1')).text).toBe('1\n')
    expect([server.pid, server.restarts]).toEqual([pid, 0])
  },
  60_000,
)

/** Sends bytes and hangs up, at once or after the first bytes of an answer. Resolves to the status line, empty without an answer. */
const sendBytes = (bytes: string | Buffer, hangUpWhen: 'sent' | 'reset' | 'answered'): Promise<string> =>
  new Promise((resolve) => {
    let answer = ''
    const socket = connect(server.port, '127.0.0.1', () => {
      socket.write(bytes, () => {
        if (hangUpWhen === 'sent') socket.end()
        if (hangUpWhen === 'reset') socket.resetAndDestroy()
      })
    })
    socket
      .on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1')
        if (hangUpWhen === 'answered') socket.destroy()
      })
      // The server may close first.
      .on('error', () => undefined)
      .once('close', () => resolve(answer.split('\r\n', 1).join()))
  })

const head = (line: string, ...headers: string[]): string =>
  [
    `${line} HTTP/1.1`,
    'Host: localhost',
    `X-ClickHouse-User: ${server.username}`,
    `X-ClickHouse-Key: ${server.password}`,
    ...headers,
    '\r\n',
  ].join('\r\n')
const LONG = 'x'.repeat(3_000_000)
const SELECT = 'GET /?query=SELECT%201'
const MULTIPART = 'Content-Type: multipart/form-data; boundary=b'

describe('a client that hangs up neither ends nor stops the server after', () => {
  it.each<[string, () => string | Buffer]>([
    ['nothing', () => ''],
    ['half a request line', () => 'GET /?query=SELECT'],
    ['half its headers', () => `${SELECT} HTTP/1.1\r\nHost: local`],
    ['the start of TLS', () => Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])],
    ['bytes of every value', () => Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 7) % 256))],
    ['the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['CONNECT', () => head('CONNECT localhost:80')],
    ['a header of 3 MB', () => head(SELECT, `X-Long: ${LONG}`)],
    ['a header of 400 KB', () => head(SELECT, `X-Long: ${LONG.slice(0, 400_000)}`)],
    ['a header name of 100 KB', () => head(SELECT, `${LONG.slice(0, 100_000)}: 1`)],
    ['30,000 headers', () => head(SELECT, ...Array.from({ length: 30_000 }, (_, index) => `X-${index}: 1`))],
    ['a request line of 3 MB', () => head(`${SELECT}${LONG}`)],
    ['a request line of 400 KB', () => head(`${SELECT}%20--${LONG.slice(0, 400_000)}`)],
    ['a wrong escape', () => head('GET /?query=%zz')],
    ['Expect: 100-continue', () => head('POST /', 'Content-Length: 1000', 'Expect: 100-continue')],
    ['another Expect', () => head('POST /', 'Content-Length: 1000', 'Expect: 200-ok')],
    ['no body', () => head('POST /', 'Content-Length: 1000')],
    ['half its body', () => `${head('POST /', 'Content-Length: 1000')}SELECT 1`],
    ['half its rows', () => `${head('POST /', 'Content-Length: 1000')}INSERT INTO t FORMAT JSONEachRow\n{"n":1}\n{"n`],
    ['half its chunks', () => `${head('POST /', 'Transfer-Encoding: chunked')}8\r\nSELECT 1\r\n`],
    ['half a chunk', () => `${head('POST /', 'Transfer-Encoding: chunked')}ff\r\nSELECT 1`],
    ['a wrong chunk', () => `${head('POST /', 'Transfer-Encoding: chunked')}8\r\nSELECT 1\r\nzz\r\n`],
    ['two lengths', () => `${head('POST /', 'Transfer-Encoding: chunked', 'Content-Length: 4')}8\r\nSELECT 1\r\n0\r\n\r\n`],
    ['the length -1', () => head('POST /', 'Content-Length: -1')],
    ['the length 2^64 - 1', () => head('POST /', `Content-Length: ${2n ** 64n - 1n}`)],
    ['the length 2^63', () => `${head('POST /', `Content-Length: ${2n ** 63n}`)}SELECT 1`],
    ['half a gzip body', () => `${head('POST /', 'Content-Encoding: gzip', 'Content-Length: 100')}\x1f\x8b`],
    ['a form without parts', () => `${head(`POST /?query=SELECT%201`, MULTIPART, 'Content-Length: 100')}--b\r\nContent-Disp`],
    ['one and a half requests', () => `${head(SELECT)}GET /?query=SEL`],
    ['a query that takes long', () => head('GET /?query=SELECT%20sleep(1)')],
    [
      'a query that writes',
      () => head('POST /?query=INSERT%20INTO%20t(n)%20SELECT%20number%20FROM%20numbers(1000000)', 'Content-Length: 0'),
    ],
  ])(
    '%s',
    async (_, bytes) => {
      const { pid } = server
      for (const way of ['sent', 'reset', 'sent', 'reset', 'sent', 'reset'] as const) {
        await sendBytes(bytes(), way)
        expect((await post('SELECT 1')).text).toBe('1\n')
      }
      expect([server.pid, server.restarts]).toEqual([pid, 0])
    },
    20_000,
  )
})

it.each<[string, number, () => string | Buffer]>([
  ['the start of TLS', 400, () => Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])],
  ['a header of 3 MB', 431, () => head(SELECT, `X-Long: ${LONG}`)],
  ['a length beyond 2^53', 413, () => head('POST /', `Content-Length: ${2n ** 64n - 1n}`)],
  ['an Expect that nobody knows', 417, () => head('POST /', 'Content-Length: 8', 'Expect: 200-ok')],
])('%s is answered with %i', async (_, status, bytes) => {
  expect(await sendBytes(bytes(), 'answered')).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
})

it('a body of a GET is not taken for the next request', async () => {
  const smuggled = head('GET /?query=SELECT%202')
  const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`
  await sendBytes(head('GET /?query=SELECT%201%20--', 'Transfer-Encoding: chunked') + chunk, 'answered')
  for (let count = 0; count < 5; count += 1) expect((await post('SELECT 1')).text).toBe('1\n')
})

it('an error comes to a client that is still sending its rows', async () => {
  const rows = Buffer.alloc(10_000_000, '{"n":1}\n')
  const query = { query: 'INSERT INTO nowhere FORMAT JSONEachRow' }
  expect(await post(rows, { query })).toMatchObject({ status: 404, headers: { 'x-clickhouse-exception-code': '60' } })
})

describe('a request that names the host', () => {
  const statusAs = async (host: string, path = '/', method = 'GET') =>
    (await send(path, { method, query: { query: 'SELECT 1' }, headers: { Host: host } })).status

  it.each(['localhost', 'LocalHost:8123', '127.0.0.1:8123', '127.1.2.3', '[::1]:8123', 'bi-1.example.org:80', 'BI-1.example.org', 'lo'])(
    '%s gets an answer',
    async (host) => {
      expect(await statusAs(host)).toBe(200)
    },
  )

  const foreign = [
    'evil.test',
    'evil.test:8123',
    'localhost.evil.test',
    '127.0.0.1.evil.test:8123',
    'l',
    'loc',
    'localhosts',
    'xlocalhost',
    'localhost.',
    '0.0.0.0:8123',
    '10.0.0.1',
    '[::]',
  ]
  it.each([...foreign, 'x.bi-1.example.org', 'bi-1.example.orgs', 'bi.example.org', '7.test', 'bücher.test'])(
    '%s gets 403',
    async (host) => {
      const name = Buffer.from(host).toString('latin1')
      expect(await statusAs(name)).toBe(403)
      for (const path of ['/ping', '/play', '/replicas_status', '/dashboard', '/js/uplot.js']) expect(await statusAs(name, path)).toBe(403)
      for (const method of ['POST', 'HEAD', 'OPTIONS', 'PUT']) expect(await statusAs(name, '/', method)).toBe(403)
    },
  )
})
