import http from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createClickHouseProxy } from '../../../../infra/servers/clickhouse/clickhouse-proxy.ts'

const CONNECTIONS_MAX = 4
const BODY_PAUSE_MS = 1_000
const analyst = {
  executionSec: 30,
  executionSecMax: 600,
  memoryBytesMax: 1e9,
  resultRowsMax: 1e6,
  spillBytesMax: 1e9,
  queriesMax: 2,
  queryBytesMax: 1e6,
}

/** Stands for the engine: answers with the bytes that came. */
let engine: http.Server
let proxy: http.Server
let port = 0
/** How long the engine lets a body wait. */
let engineReadsAfterMs = 0
/** The path of the last request that the engine got. */
let asked = ''
const sockets: Socket[] = []

const portOf = (server: http.Server): number => (server.address() as AddressInfo).port
const listen = (server: http.Server): Promise<void> => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

beforeEach(async () => {
  engineReadsAfterMs = 0
  engine = http.createServer((from, to) => {
    asked = from.url ?? ''
    void sleep(engineReadsAfterMs).then(async () => {
      let bytes = 0
      for await (const chunk of from) bytes += (chunk as Buffer).length
      to.end(`${bytes}\n`)
    })
  })
  await listen(engine)
  proxy = createClickHouseProxy(
    { port: 0, enginePort: portOf(engine), allowedHosts: [], analyst },
    { connectionsMax: CONNECTIONS_MAX, bodyPauseMs: BODY_PAUSE_MS, headersMs: BODY_PAUSE_MS },
  )
  await listen(proxy)
  port = portOf(proxy)
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of [proxy, engine]) {
    server.close()
    server.closeAllConnections()
  }
})

interface Client {
  readonly socket: Socket
  /** Everything that has come. */
  text(): string
  readonly closed: Promise<unknown>
}

async function open(bytes: string): Promise<Client> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', () => undefined)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.write(bytes)
  return { socket, text: () => text, closed }
}
const query = 'GET /?query=SELECT%201 HTTP/1.1\r\nHost: localhost\r\n\r\n'
const ping = 'GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n'
const withoutBody = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n'
const answered = (client: Client, line: string): Promise<void> => expect.poll(client.text, { timeout: 5_000 }).toContain(line)

test('idle connections give way to new ones', async () => {
  const idle: Client[] = []
  for (let count = 0; count < CONNECTIONS_MAX; count += 1) {
    const client = await open(query)
    await answered(client, '200 OK')
    idle.push(client)
  }

  await answered(await open(query), '200 OK')

  await idle[0]?.closed
})

test('bodies that never come hold the connections for a limited time; meanwhile others are told so, and may ping', async () => {
  const stalled = await Promise.all(Array.from({ length: CONNECTIONS_MAX }, () => open(withoutBody)))
  await expect.poll(() => asked, { timeout: 5_000 }).not.toBe('')

  const refused = await open(query)
  await answered(refused, '503 Service Unavailable')
  await answered(await open(ping), '200 OK')

  expect(refused.text()).toMatch(/Retry-After: 5[^]*X-ClickHouse-Exception-Code: 210[^]*connections of the embedded ClickHouse are in use/)
  for (const client of stalled) {
    await answered(client, '408 Request Timeout')
    expect(client.text()).toContain('Nothing of the body of this request came for 1 s.')
    await client.closed
  }
  await answered(await open(query), '200 OK')
})

test('headers that never come hold no connection', async () => {
  const stalled = await Promise.all(Array.from({ length: CONNECTIONS_MAX }, () => open('GET /?query=SELECT%201 HTTP/1.1\r\nHost: loc')))

  for (const client of stalled) await client.closed

  await answered(await open(query), '200 OK')
}, 20_000)

test('a body that goes on coming, and one that the engine lets wait, are not cut off', async () => {
  const slow = await open(withoutBody)
  for (let count = 0; count < 5; count += 1) {
    slow.socket.write('x'.repeat(200))
    await sleep(BODY_PAUSE_MS / 2)
  }
  await answered(slow, '1000\n')

  engineReadsAfterMs = 2.5 * BODY_PAUSE_MS
  const bytes = 20_000_000
  const waiting = await open(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`)
  await answered(waiting, `${bytes}\n`)
}, 20_000)

test('what the engine would answer with 500 is refused with advice, and headers about progress are not asked for', async () => {
  const long = await open(query.replace('SELECT%201', `SELECT%201%20--${'x'.repeat(140_000)}`))
  await answered(long, '414 URI Too Long')
  expect(long.text()).toContain('Send a longer query as the body of a POST')
  await answered(await open(query.replace('?', `?${'a=1&'.repeat(1_000)}`)), '414 URI Too Long')
  await answered(await open(query.replace('?', `?${'a'.repeat(140_000)}=1&`)), '414 URI Too Long')
  const headers = Array.from({ length: 1_001 }, (_, index) => `X-${index}: 1\r\n`).join('')
  await answered(await open(query.replace('\r\n\r\n', `\r\n${headers}\r\n`)), '431 Request Header Fields Too Large')

  await answered(await open(query.replace('?', '?send_progress_in_http_headers=1&http_headers_progress_interval_ms=1&')), '200 OK')
  expect(asked).toMatch(/^\/\?query_id=[^&]+&http_headers_progress_interval_ms=1&query=SELECT%201$/)
})
