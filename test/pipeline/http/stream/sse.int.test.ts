import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type HttpServer, startHttpServer } from '../../../../pipeline/http/http-server.ts'
import type { StreamLimits } from '../../../../pipeline/http/stream/outlets.ts'
import { placeOf } from '../../../../schemas/stream-events.ts'
import { liveSubject, outSubjectsOf } from '../../../../schemas/subjects.ts'
import { clientOf, type HttpClient, httpOptions, type HttpSystem, startHttpSystem } from '../../../support/http-requests.ts'
import { readSse, type SseReader } from '../../../support/sse-reader.ts'

let http: HttpSystem
let server: HttpServer
let client: HttpClient
const readers: SseReader[] = []
let ids = 0
const actor = (): string => `a${++ids}`

beforeAll(async () => {
  http = await startHttpSystem()
  await restart()
})
afterEach(() => {
  for (const reader of readers.splice(0)) reader.close()
})
afterAll(async () => {
  await server.stop()
  await http.stop()
})

async function restart(streamLimits: Partial<StreamLimits> = {}, more: Parameters<typeof httpOptions>[1] = {}): Promise<void> {
  await server?.stop()
  server = await startHttpServer(httpOptions(http.system, { streamLimits, ...more }))
  client = clientOf(server.url)
}

async function read(path: string, headers: Record<string, string> = {}): Promise<SseReader> {
  const reader = await readSse(`${server.url}/v1/out/${path}`, headers)
  readers.push(reader)
  return reader
}

/** A stream of an actor that has begun. */
async function open(id: string, query = '', headers: Record<string, string> = {}): Promise<SseReader> {
  const reader = await read(`acme/toy/${id}${query}`, headers)
  await expect.poll(reader.lastId).toBeDefined()
  return reader
}

const add = async (id: string, by = 1, tenant = 'acme'): Promise<void> => {
  const answer = await client.post(`/v1/in/${tenant}/toy/${id}?wait=actor`, { type: 'add', data: { by } })
  expect(answer.status).toBe(200)
}
const counts = ({ events }: SseReader): unknown[] =>
  events.filter(({ type }) => type === 'counted').map(({ data }) => dataOf(data)['count'])
const dataOf = ({ data }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => data as Readonly<Record<string, unknown>>

describe('a stream', () => {
  test('has each event of its actor as OUT has it, from now on, with an id that names its record', async () => {
    const id = actor()
    await add(id)
    const reader = await open(id)
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    expect(reader.retryMs()).toBe(2_000)

    const { jetstream } = http.system.running
    await add(id)
    await add(actor())
    await add(id)
    await expect.poll(() => counts(reader)).toEqual([2, 3])
    const subject = outSubjectsOf({ tenant: 'acme', kind: 'toy', id }).replace('>', 'counted')
    await expect
      .poll(async () => (await jetstream.jsm.streams.getMessage('OUT', { last_by_subj: subject }))?.json())
      .toEqual(reader.events[1]?.data)
    for (const event of reader.events) {
      const { seq, index } = placeOf(event.id ?? 0)
      expect(index).toBe(1)
      const record = await jetstream.jsm.streams.getMessage('LOG', { seq })
      expect(record?.subject).toMatch(new RegExp(`\\.acme\\.toy\\.${id}$`))
    }
  })

  test('resumes after any of its ids, without a gap and without a double', async () => {
    const id = actor()
    const live = await open(id)
    for (let i = 0; i < 120; i++) await client.post(`/v1/in/acme/toy/${id}`, { type: 'add', data: { by: 1 } })
    await expect.poll(() => counts(live)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1))
    for (const [place, { id: last }] of [...live.events.entries()].filter(([i]) => i % 17 === 0)) {
      const resumed = await open(id, '', { 'last-event-id': String(last) })
      await expect.poll(() => resumed.events).toEqual(live.events.slice(place + 1))
    }
    const all = await open(id, '?after=0')
    await expect.poll(() => all.events).toEqual(live.events)
    await add(id)
    await expect.poll(() => counts(all).at(-1)).toBe(121)
    expect(all.text()).not.toContain('event: gap')
  })

  test('that had no event yet resumes from its beginning', async () => {
    const id = actor()
    const reader = await open(id)
    reader.close()
    await add(id)
    const resumed = await open(id, '', { 'last-event-id': reader.lastId() ?? '' })
    await expect.poll(() => counts(resumed)).toEqual([1])
  })

  test('of an actor without a record waits for its first', async () => {
    const id = actor()
    const reader = await open(id, '?after=0')
    await add(id)
    await expect.poll(() => counts(reader)).toEqual([1])
  })

  test('has only the types that its client asks for', async () => {
    const id = actor()
    const reader = await open(id, '?types=answered,none')
    await add(id)
    await client.post(`/v1/in/acme/toy/${id}`, { type: 'ask', data: { q: '你好' } })
    await expect.poll(() => reader.events.map(({ type, data }) => [type, dataOf(data)])).toEqual([['answered', { text: 're: 你好' }]])
  })

  test('carries the pieces of a reply that is being written, and those of no other actor', async () => {
    const id = actor()
    const [reader, other] = await Promise.all([open(id), open(actor())])
    const { nc } = http.system.running.jetstream
    const send = (kind: string, message: object): void =>
      nc.publish(liveSubject({ tenant: 'acme', kind, id }), JSON.stringify({ run: 'r', attempt: 1, ...message }))
    await expect
      .poll(() => {
        send('toy', { event: 'delta', index: 0, text: '你' })
        return reader.events.length
      })
      .toBeGreaterThan(0)
    send('other', { event: 'delta', index: 1, text: 'x' })
    send('toy', { event: 'nonsense' })
    send('toy', { event: 'reset', reason: 'timeout' })
    await expect
      .poll(() => reader.events.at(-1))
      .toEqual({ id: undefined, type: 'reset', data: { run: 'r', attempt: 1, reason: 'timeout', source: `colloquy/acme/toy/${id}` } })
    expect(reader.events[0]).toMatchObject({ type: 'delta', data: { index: 0, text: '你' } })
    expect(new Set(reader.events.map(({ type }) => type))).toEqual(new Set(['delta', 'reset']))
    expect(other.events).toEqual([])
  })
})

describe('a request for a stream', () => {
  test('that is not valid gets a problem', async () => {
    for (const [path, status, text] of [
      ['acme/toy/a?after=x', 400, 'after'],
      ['acme/toy/a?after=-1', 400, 'after'],
      ['acme/toy/a?after=99999999999999999', 400, 'after'],
      ['acme/toy/a?types=a%20b', 400, 'types'],
      ['acme/toy/a?since=1', 400, 'since'],
      ['acme/t%2Eoy/a', 400, 'kind'],
    ] as const) {
      const { status: got, body } = await client.get(`/v1/out/${path}`)
      expect([path, got]).toEqual([path, status])
      expect(JSON.stringify(body)).toContain(text)
    }
    const bad = await client.get('/v1/out/acme/toy/a', { headers: { 'last-event-id': 'x' } })
    expect([bad.status, bad.body['code']]).toEqual([400, 'bad_query'])
  })

  test('by HEAD gets the headers only, and by another method 405', async () => {
    const head = await client.get('/v1/out/acme/toy/a', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
    expect((await client.get('/v1/out/acme/toy/a', { method: 'OPTIONS' })).status).toBe(405)
    expect((await client.post('/v1/out/acme/toy/a', {})).status).toBe(405)
  })
})
