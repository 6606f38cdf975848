import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../../../infra/servers/free-port.ts'
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../../../pipeline/http/http-server.ts'
import type { Metrics } from '../../../../pipeline/runtime/metrics.ts'
import { inputSubject } from '../../../../schemas/subjects.ts'
import { clientOf, httpOptions } from '../../../support/http-requests.ts'
import { speakerKind } from '../../../support/relay-kinds.ts'
import { readSse, type SseEvent, type SseReader } from '../../../support/sse-reader.ts'
import { startSystem, type System } from '../../../support/test-system.ts'
import { toyKind } from '../../../support/toy-kind.ts'

let system: System
let server: HttpServer | undefined
let metrics: Metrics
const readers: SseReader[] = []
let ids = 0
const newId = (): string => `s${++ids}`

beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind, speakerKind], settings: { ROLES: 'host,dispatch,tasks' } })
})
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.close()
  await server?.stop()
  server = undefined
})
afterAll(() => system.stop())

async function start(more: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  const options = httpOptions(system, more)
  metrics = options.metrics
  server = await startHttpServer(options)
  return server
}
async function read(path: string, headers: Record<string, string> = {}): Promise<SseReader> {
  const reader = await readSse(`${server?.url ?? ''}/v1/out/${path}`, headers)
  readers.push(reader)
  return reader
}
async function tell(id: string, type: string, data: object, kind = 'toy'): Promise<void> {
  const { publisher } = system.running.jetstream
  const stored = await publisher.publish(inputSubject({ tenant: 'acme', kind, id }), JSON.stringify({ type, data }))
  expect(stored.ok).toBe(true)
}
const valueOf = async (name: 'streamsOpen' | 'streamsClosed', labels: Record<string, string> = {}): Promise<number> =>
  (await metrics[name].get()).values
    .filter((value) =>
      Object.entries(labels).every(([label, text]) => Object.entries(value.labels).some(([l, t]) => l === label && t === text)),
    )
    .reduce((sum, { value }) => sum + value, 0)

/** More than the buffers of the operating system take for a connection on one machine. */
const LARGE = '大'.repeat(40_000)
const LARGE_COUNT = 60
async function tellMuch(id: string): Promise<void> {
  for (let i = 0; i < LARGE_COUNT; i++) await tell(id, 'say', { text: `${i} ${LARGE}` }, 'speaker')
}
const numbers = ({ events }: SseReader): number[] =>
  events.filter(({ type }) => type === 'said').map(({ data }) => Number(/"text":"(\d+) /.exec(JSON.stringify(data))?.[1]))

test('a client that never reads is closed, says why, and delays nobody; it resumes where it was', async () => {
  await start({ streamLimits: { slowMs: 1_500, closeMs: 60_000, tickMs: 50, clientBytesMax: 64 * 1024 } })
  const [id, other] = [newId(), newId()]
  const [slow, quick] = [await read(`acme/speaker/${id}?after=0`), await read(`acme/toy/${other}?after=0`)]
  await expect.poll(() => [slow.lastId(), quick.lastId()]).not.toContain(undefined)
  slow.pause()
  await tellMuch(id)
  await tell(other, 'add', { by: 1 })
  await expect.poll(() => quick.events).toHaveLength(1)
  await expect.poll(() => valueOf('streamsClosed', { reason: 'slow' }), { timeout: 30_000 }).toBe(1)
  slow.resume()
  await expect.poll(slow.hasEnded, { timeout: 10_000 }).toBe(true)
  expect(numbers(slow).length).toBeLessThan(LARGE_COUNT)
  expect(slow.text().endsWith('event: closed\ndata: {"reason":"slow","retryMs":2000}\n\n')).toBe(true)

  const resumed = await read(`acme/speaker/${id}`, { 'last-event-id': slow.lastId() ?? '' })
  await expect
    .poll(() => [...numbers(slow), ...numbers(resumed)], { timeout: 20_000 })
    .toEqual(Array.from({ length: LARGE_COUNT }, (_, i) => i))
}, 90_000)

test('a client that pauses for a while gets the rest from LOG, and pieces of replies do not wait for it', async () => {
  await start({ streamLimits: { tickMs: 50, clientBytesMax: 64 * 1024 } })
  const id = newId()
  const reader = await read(`acme/speaker/${id}?after=0`)
  await expect.poll(reader.lastId).toBeDefined()
  reader.pause()
  await tellMuch(id)
  await expect
    .poll(async () => (await clientOf(server?.url ?? '').get(`/v1/actors/acme/speaker/${id}`)).body['n'], { timeout: 60_000 })
    .toBe(LARGE_COUNT)
  system.running.jetstream.nc.publish(
    `live.acme.speaker.${id}`,
    JSON.stringify({ event: 'delta', run: 'r', attempt: 1, index: 0, text: 'x' }),
  )
  await system.running.jetstream.nc.flush()
  reader.resume()
  await expect.poll(() => numbers(reader), { timeout: 20_000 }).toEqual(Array.from({ length: LARGE_COUNT }, (_, i) => i))
  expect(reader.text()).not.toContain('event: delta')
  expect(await valueOf('streamsOpen')).toBe(1)
}, 90_000)

test('streams have a limit of their own, beside that of connections', async () => {
  await start({ limits: { connectionsMax: 16 }, streamLimits: { streamsMax: 40 } })
  const id = newId()
  for (let i = 0; i < 30; i++) expect((await read(`acme/toy/${id}`)).status).toBe(200)
  const full = await clientOf(server?.url ?? '').get(`/v1/out/acme/toy/${id}`)
  expect([full.status, full.body['code'], full.headers.get('retry-after')]).toEqual([503, 'too_many_streams', '5'])
  // The places that one tenant may not have are for others.
  expect((await read('umbrella/toy/x')).status).toBe(200)
  expect((await clientOf(server?.url ?? '').get('/metrics')).status).toBe(200)
  readers.pop()?.close()
  readers.pop()?.close()
  await expect.poll(async () => (await read(`acme/toy/${id}`)).status).toBe(200)
})

test('a stream that its client closes, in whatever way, ends at once', async () => {
  await start()
  const reader = await read('acme/toy/x')
  const port = Number(new URL(server?.url ?? '').port)
  const raw = connect({ port, host: '127.0.0.1' })
  raw.write('GET /v1/out/acme/toy/x HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await expect.poll(() => valueOf('streamsOpen')).toBe(2)
  reader.close()
  raw.resetAndDestroy()
  await expect.poll(() => valueOf('streamsOpen')).toBe(0)
  expect(await valueOf('streamsClosed', { reason: 'client' })).toBe(2)
})

test('silent streams have heartbeats, and are told when the server stops', async () => {
  const { stop } = await start({ streamLimits: { heartbeatMs: 100, tickMs: 20 } })
  const reader = await read('acme/toy/x')
  await expect.poll(reader.comments).toBeGreaterThan(2)
  await stop()
  await expect.poll(reader.hasEnded).toBe(true)
  expect(reader.events.at(-1)).toEqual({ id: undefined, type: 'closing', data: { retryMs: 2_000 } })
})

const CLIENTS = 24
const ACTORS = 4
const INPUTS = 400
const KILLS = 5

/** A process that serves streams on a port, to be killed. */
async function spawnServer(port: number): Promise<ChildProcess> {
  const { nats, settings } = system.running
  const { user = '', pass = '' } = nats.connection
  const script = fileURLToPath(new URL('../../../support/stream-server.ts', import.meta.url))
  const args = [script, nats.url, user, pass, String(port), String(settings.PARTITIONS)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(createInterface({ input: child.stdout }), 'line')
  return child
}

/** Reads as a browser does: connects again after each end, with the last id, until told to stop. Sometimes it leaves by itself. */
async function readForEver(url: string, isOver: (events: readonly SseEvent[]) => boolean): Promise<readonly SseEvent[]> {
  const events: SseEvent[] = []
  let last: string | undefined = '0'
  while (!isOver(events)) {
    const reader: SseReader | undefined = await readSse(url, { 'last-event-id': last }).catch(() => undefined)
    if (reader === undefined) {
      await delay(50)
      continue
    }
    const leavesAtMs = performance.now() + Math.random() * 600
    const known = events.length
    while (!reader.hasEnded() && performance.now() < leavesAtMs && !isOver([...events, ...reader.events])) await delay(5)
    reader.close()
    events.splice(known, Infinity, ...reader.events)
    last = reader.lastId() ?? last
  }
  return events
}

test('clients that come and go, over kill -9 of the process that serves them, have each event of LOG once', async () => {
  const port = await freePort()
  let child = await spawnServer(port)
  const actors = Array.from({ length: ACTORS }, newId)
  const url = (index: number): string => `http://127.0.0.1:${port}/v1/out/acme/toy/${actors[index % ACTORS] ?? ''}`
  const isOver = (events: readonly SseEvent[]): boolean => events.filter(({ type }) => type === 'counted').length >= INPUTS
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, index) => readForEver(url(index), isOver)))
  const publishing = Promise.all(
    actors.map(async (id) => {
      for (let i = 0; i < INPUTS; i++) {
        await tell(id, 'add', { by: 1 })
        if (i % 8 === 0) await delay(Math.random() * 100)
      }
    }),
  )
  for (let kill = 0; kill < KILLS; kill++) {
    await delay(500 + Math.random() * 500)
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    child = await spawnServer(port)
  }
  await publishing
  const all = await clients
  child.kill('SIGKILL')

  for (const [index, events] of all.entries()) {
    const logged = await emittedOf(actors[index % ACTORS] ?? '')
    expect(logged).toHaveLength(INPUTS)
    expect(events.filter(({ type }) => type !== 'counted' && type !== 'closed')).toEqual([])
    expect(events.filter(({ type }) => type === 'counted').map(({ data }) => data['id'])).toEqual(logged)
  }
}, 120_000)

/** The ids of the events of an actor's records, read from LOG as JSON, one record after the other. */
async function emittedOf(id: string): Promise<string[]> {
  const { jsm } = system.running.jetstream
  const found: string[] = []
  for (let seq = 1; ;) {
    const message = await jsm.direct.getMessage('LOG', { seq, next_by_subj: `log.*.acme.toy.${id}` })
    if (message === null) return found
    const { emitted = [] } = message.json<{ emitted?: { id: string }[] }>()
    found.push(...emitted.map((event) => event.id))
    seq = message.seq + 1
  }
}
