import { Agent, get as httpGet } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../../pipeline/http/http-server.ts'
import { codeOf } from '../../../schemas/errors.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import { clientOf, httpOptions, type HttpSystem, startHttpSystem } from '../../support/http-requests.ts'

let http: HttpSystem
beforeAll(async () => {
  // Without a host no input is ever decided: requests that wait keep waiting.
  http = await startHttpSystem({ ROLES: 'dispatch,tasks' })
})
afterAll(() => http.stop())

let server: HttpServer
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server.stop()
})

async function start(more: Partial<HttpServerOptions> = {}): Promise<ReturnType<typeof clientOf>> {
  server = await startHttpServer(httpOptions(http.system, more))
  return clientOf(server.url)
}

interface Raw {
  readonly socket: Socket
  readonly received: () => string
  /** The code of the connection's error, such as ECONNRESET. */
  readonly failure: () => string | undefined
  /** Settles with the milliseconds from the connection to its end. */
  readonly ended: Promise<number>
}

/** A connection of a client that sends what a browser or library would not. `from`: the client's address on this machine. */
function open(text: string, from = '127.0.0.1'): Raw {
  let received = ''
  let failure: string | undefined
  const startedMs = performance.now()
  const socket = connect({ port: Number(new URL(server.url).port), host: '127.0.0.1', localAddress: from })
  sockets.push(socket)
  socket.on('data', (chunk) => {
    received += chunk.toString()
  })
  socket.on('error', (error) => {
    failure = codeOf(error)
  })
  const ended = new Promise<number>((resolve) => socket.once('close', () => resolve(performance.now() - startedMs)))
  socket.write(text)
  return { socket, received: () => received, failure: () => failure, ended }
}

const statusesIn = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status ?? '')
const post = (path: string, headers: string, body = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${headers}\r\n\r\n${body}`
const HEALTH = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'
const INPUT = '{"type":"note","data":{}}'

/** Far apart, so that a busy machine cannot make one look like the other. */
const FAST = { headersTimeoutMs: 400, requestTimeoutMs: 3_000, timeoutCheckMs: 50 }

test('headers and bodies that arrive slowly are cut off at the limit, with 408', async () => {
  await start({ limits: FAST })
  const headers = open('GET /healthz HTTP/1.1\r\nHost: localhost\r\n')
  const body = open(post('/v1/in/acme/toy/a', 'Content-Length: 1000'))
  const drips = setInterval(() => {
    headers.socket.write('X-Drip: 1\r\n')
    body.socket.write('x')
  }, 50)

  const tookMs = await Promise.all([headers.ended, body.ended])
  clearInterval(drips)

  expect(tookMs[0]).toBeGreaterThan(350)
  expect(tookMs[0]).toBeLessThan(2_500)
  expect(tookMs[1]).toBeGreaterThan(2_900)
  expect(tookMs[1]).toBeLessThan(10_000)
  for (const { received } of [headers, body]) {
    expect(received()).toMatch(/^HTTP\/1.1 408/)
    expect(received()).toContain('request_timeout')
  }
})

test('a client that sends nothing, half a request, or nothing any more, does not keep its connection', async () => {
  await start({ limits: FAST })
  const silent = open('')
  const half = open('GET /healthz HT')
  const ending = open(post('/v1/in/acme/toy/a', 'Content-Length: 10', '{'))
  ending.socket.end()

  for (const { ended } of [half, ending, silent]) expect(await ended).toBeLessThan(10_000)
})

test('with 1,100 idle connections of one client, the next one still gets an answer', async () => {
  const { get } = await start()
  const idle: Raw[] = []
  for (let batch = 0; batch < 11; batch++) {
    const opened = Array.from({ length: 100 }, () => open(HEALTH))
    idle.push(...opened)
    await expect.poll(() => opened.filter(({ received }) => received().includes('200 OK')).length).toBe(100)
  }

  expect((await get('/healthz')).status).toBe(200)
  expect((await get('/v1/actors/acme/toy/none')).status).toBe(404)
  const kept = idle.filter(({ socket }) => !socket.closed)
  expect(kept.length).toBeGreaterThan(700)
  expect(kept.length).toBeLessThan(800)
})

test('with 1,100 requests that wait, health is answered, others get 503, and another client and tenant get a place', async () => {
  await start()
  const path = (tenant: string) => `/v1/in/${tenant}/toy/a?wait=actor&timeoutMs=60000`
  const waiting = Array.from({ length: 1_100 }, () => open(post(path('greedy'), `Content-Length: ${INPUT.length}`, INPUT)))
  const refused = () => waiting.filter(({ received }) => received().includes('HTTP/1.1 503'))
  await expect.poll(() => refused().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(332)

  for (const { received } of refused()) expect(received()).toMatch(/retry-after: 5/i)
  const health = open(HEALTH)
  await expect.poll(() => statusesIn(health.received())).toEqual(['200'])

  const other = open(post(path('modest'), `Content-Length: ${INPUT.length}`, INPUT), '127.0.0.2')
  const same = open(post(path('greedy'), `Content-Length: ${INPUT.length}`, INPUT), '127.0.0.2')
  await expect.poll(() => statusesIn(same.received())).toEqual(['503'])
  expect(same.received()).toContain('too_many_waits')
  expect(other.received()).toBe('')
  other.socket.destroy()

  for (const { socket } of waiting) socket.destroy()
  const { get } = clientOf(server.url)
  await expect.poll(async () => (await get('/v1/actors/acme/toy/none')).status).toBe(404)
})

test.each([1_100, 3_000])(
  'of %i connections of one client with half a body each, those without a place read a 503, and none is reset',
  async (count) => {
    await start()
    const half = 'x'.repeat(8_000)
    const all = Array.from({ length: count }, () => open(post('/v1/in/acme/toy/a', 'Content-Length: 20000', half)))
    const more = setInterval(() => {
      for (const { socket } of all) if (socket.writable) socket.write('x')
    }, 100)
    const refused = () => all.filter(({ received }) => received().includes('HTTP/1.1 503'))
    await expect.poll(() => refused().length, { timeout: 20_000 }).toBe(count - 768)
    await Promise.all(refused().map(({ ended }) => ended))
    clearInterval(more)

    for (const { received } of refused()) expect(received()).toMatch(/retry-after: 5[^]*"overloaded"/i)
    expect(refused().flatMap(({ failure }) => failure() ?? [])).toEqual([])
    expect(all.filter(({ socket }) => !socket.closed)).toHaveLength(768)
    const health = open(HEALTH)
    await expect.poll(() => statusesIn(health.received())).toEqual(['200'])
  },
  40_000,
)

test('a body that is too large gets its 413 although its client goes on sending', async () => {
  await start()
  const { get } = clientOf(server.url)
  const body = Buffer.alloc(64 * 1024 ** 2, 'x')
  for (const headers of [{ 'content-length': String(body.length) }, {}]) {
    const request = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, duplex: 'half' } as const
    const stream = 'content-length' in headers ? body : new Blob([body]).stream()
    expect((await get('/v1/in/acme/toy/a', { ...request, body: stream })).status).toBe(413)
  }
})

test('bodies that arrive together have a bound in bytes, and one client cannot use all of it', async () => {
  await start({ limits: { bodyBytesMax: 4 * LIMITS.inputBytesMax } })
  const slow = (from: string) => open(post('/v1/in/acme/toy/a', `Content-Length: ${LIMITS.inputBytesMax}`, '{'), from)
  const [first, second, third] = [slow('127.0.0.1'), slow('127.0.0.1'), slow('127.0.0.1')]
  const fourth = slow('127.0.0.1')
  await expect.poll(() => statusesIn(fourth.received())).toEqual(['503'])
  expect(fourth.received()).toContain('overloaded')
  for (const { received } of [first, second, third]) expect(received()).toBe('')

  const chunked = open(post('/v1/in/acme/toy/a', 'Transfer-Encoding: chunked', '1\r\n{\r\n'), '127.0.0.2')
  const last = slow('127.0.0.3')
  await expect.poll(() => statusesIn(last.received())).toEqual(['503'])
  for (const { socket } of [first, second, third, chunked]) socket.destroy()
  await expect.poll(async () => (await clientOf(server.url).post('/v1/in/acme/toy/a', { type: 'note', data: {} })).status).toBe(202)
})

test('pipelined requests are answered in order, and a connection may not pipeline without a bound', async () => {
  await start()
  const few = open(HEALTH.repeat(20))
  await expect.poll(() => statusesIn(few.received())).toEqual(Array(20).fill('200'))

  const path = '/v1/in/acme/toy/a?wait=actor&timeoutMs=300'
  const many = open(post(path, `Content-Length: ${INPUT.length}`, INPUT).repeat(100))
  await many.ended
  expect(statusesIn(many.received()).filter((status) => status === '504').length).toBeLessThan(40)
})

test('HEAD and OPTIONS, headers that are too large, and what is not HTTP get an answer', async () => {
  await start()
  const answers = [
    ['HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', '200'],
    ['OPTIONS /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', '405'],
    [`GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, '431'],
    [`GET /healthz HTTP/1.1\r\nHost: localhost\r\n${'X: x\r\n'.repeat(5_000)}\r\n`, '431'],
    ['PUB in.acme.toy.a 2\r\n{}\r\n', '400'],
    ['GET /healthz HTTP/1.1\r\n\r\n', '400'],
  ] as const
  for (const [text, status] of answers) {
    const { ended, received } = open(text)
    await ended
    expect([text.slice(0, 30), statusesIn(received())[0]]).toEqual([text.slice(0, 30), status])
  }
})

test('a keep-alive client of a common library is not disturbed by the bounds', async () => {
  await start()
  const agent = new Agent({ keepAlive: true, maxSockets: 50 })
  const ask = (): Promise<number> =>
    new Promise((resolve, reject) => {
      httpGet(`${server.url}/healthz`, { agent }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0))
      }).on('error', reject)
    })
  for (let round = 0; round < 5; round++) {
    expect(new Set(await Promise.all(Array.from({ length: 400 }, ask)))).toEqual(new Set([200]))
  }
  agent.destroy()
})
