import { request } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type HttpServer, startHttpServer } from '../../../../pipeline/http/http-server.ts'
import { LIMITS } from '../../../../schemas/limits.ts'
import { liveSubject } from '../../../../schemas/subjects.ts'
import { clientOf, httpOptions, type HttpSystem, startHttpSystem } from '../../../support/http-requests.ts'

let http: HttpSystem
let server: HttpServer
const open: Client[] = []
let ids = 0
const actor = () => ({ tenant: 'acme', kind: 'toy', id: `w${++ids}` })
const keyOf = ({ tenant, kind, id }: ReturnType<typeof actor>): string => `${tenant}/${kind}/${id}`
const TOKEN = 'a token of sixteen'

beforeAll(async () => {
  http = await startHttpSystem()
  server = await startHttpServer(httpOptions(http.system))
})
afterEach(() => {
  for (const { ws } of open.splice(0)) ws.terminate()
})
afterAll(async () => {
  await server.stop()
  await http.stop()
})

interface Frame {
  readonly event: string
  readonly actor?: string
  readonly id?: number
  readonly ref?: unknown
  readonly data: Readonly<Record<string, unknown>>
}
interface Client {
  readonly ws: WebSocket
  readonly frames: Frame[]
  readonly closed: () => number | undefined
  send(frame: unknown): void
  of(event: string): Frame[]
}

/** A client of a library that is not ours. Settles with the status where the server refuses it. */
async function connect(options: { headers?: Record<string, string>; protocols?: string[]; url?: string } = {}): Promise<Client | number> {
  const url = `${(options.url ?? server.url).replace('http', 'ws')}/v1/ws`
  const ws = new WebSocket(url, options.protocols ?? [], { headers: options.headers ?? {} })
  const frames: Frame[] = []
  let closed: number | undefined
  ws.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as Frame))
  ws.on('close', (code) => (closed = code))
  return new Promise((resolve, reject) => {
    const client: Client = {
      ws,
      frames,
      closed: () => closed,
      send: (frame) => ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
      of: (event) => frames.filter((frame) => frame.event === event),
    }
    ws.once('open', () => {
      open.push(client)
      resolve(client)
    })
    ws.once('unexpected-response', (_, response) => resolve(response.statusCode ?? 0))
    ws.once('error', reject)
  })
}

async function connected(options: Parameters<typeof connect>[0] = {}): Promise<Client> {
  const client = await connect(options)
  if (typeof client === 'number') throw new Error(`refused with ${client}`)
  return client
}

const add = (by: unknown, more: object = {}) => ({ type: 'add', data: { by }, ...more })

describe('a socket', () => {
  test('publishes inputs and has the events of the actors to which it subscribes', async () => {
    const client = await connected()
    const [one, two, other] = [actor(), actor(), actor()]
    client.send({ subscribe: one, ref: 1 })
    client.send({ subscribe: { ...two, after: 0, types: 'counted' } })
    await expect.poll(() => client.of('subscribed')).toHaveLength(2)
    expect(client.of('subscribed')[0]).toMatchObject({ actor: keyOf(one), ref: 1, id: expect.any(Number) as number })

    for (const to of [one, two, other]) client.send({ publish: { ...to, input: add(2), wait: 'actor' }, ref: to.id })
    await expect.poll(() => client.of('receipt')).toHaveLength(3)
    expect(client.of('receipt').find(({ ref }) => ref === other.id)?.data).toMatchObject({
      outcome: 'committed',
      durability: { replicas: 1 },
    })
    await expect.poll(() => client.of('counted')).toHaveLength(2)
    expect(
      client
        .of('counted')
        .map((frame) => frame.actor)
        .sort(),
    ).toEqual([keyOf(one), keyOf(two)].sort())
    expect(client.of('counted')[0]?.data).toMatchObject({ specversion: '1.0', type: 'counted', data: { count: 2 } })

    client.send({ unsubscribe: one, ref: 'u' })
    await expect.poll(() => client.of('unsubscribed')).toEqual([{ event: 'unsubscribed', ref: 'u', data: { actor: keyOf(one) } }])
    client.send({ publish: { ...one, input: add(2), wait: 'actor' } })
    client.send({ publish: { ...two, input: add(2), wait: 'actor' } })
    await expect.poll(() => client.of('counted')).toHaveLength(3)
    expect(client.of('counted').at(-1)?.actor).toBe(keyOf(two))
  })

  test('stores inputs in the order of their frames', async () => {
    const client = await connected()
    const to = actor()
    client.send({ subscribe: to })
    for (let i = 0; i < 50; i++) client.send({ publish: { ...to, input: { type: 'ask', id: `q-${i}`, data: { q: String(i) } } }, ref: i })
    await expect.poll(() => client.of('receipt')).toHaveLength(50)
    const positions = client.of('receipt').map(({ ref, data }) => [ref, data['position']] as const)
    expect(positions.toSorted(([, a], [, b]) => Number(a) - Number(b)).map(([ref]) => ref)).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  test('resumes after an id, and gets the pieces of replies', async () => {
    const to = actor()
    const first = await connected()
    first.send({ subscribe: to })
    for (let i = 0; i < 5; i++) first.send({ publish: { ...to, input: add(1) } })
    await expect.poll(() => first.of('counted')).toHaveLength(5)
    const second = await connected()
    second.send({ subscribe: { ...to, after: first.of('counted')[1]?.id } })
    await expect.poll(() => second.of('counted')).toEqual(first.of('counted').slice(2))
    http.system.running.jetstream.nc.publish(
      liveSubject(to),
      JSON.stringify({ event: 'delta', run: 'r', attempt: 1, index: 0, text: '你好' }),
    )
    await expect.poll(() => second.of('delta')).toMatchObject([{ actor: keyOf(to), data: { text: '你好', index: 0 } }])
  })

  test('is told what is wrong with a frame or an input, and stays open', async () => {
    const client = await connected()
    const to = actor()
    const cases: readonly (readonly [unknown, string])[] = [
      ['no JSON', 'bad_frame'],
      [{}, 'bad_frame'],
      [{ subscribe: to, unsubscribe: to }, 'bad_frame'],
      [{ subscribe: { ...to, id: 'a.b' }, ref: 'bad' }, 'bad_frame'],
      [{ subscribe: { ...to, kind: '_' } }, 'bad_subject'],
      [{ publish: { ...to, tenant: 'colloquy', input: add(1) } }, 'bad_subject'],
      [{ publish: { ...to, input: add('x'), wait: 'actor' } }, 'rejected'],
    ]
    for (const [index, [frame, code]] of cases.entries()) {
      client.send(frame)
      await expect.poll(() => client.of('problem').at(index)?.data['code']).toBe(code)
    }
    expect(client.of('problem').at(0)?.data['detail']).toContain('JSON')
    expect(client.of('problem').map(({ ref }) => ref)).toEqual([undefined, undefined, undefined, 'bad', undefined, undefined, undefined])
    client.ws.send(Buffer.from('{}'), { binary: true })
    await expect.poll(() => client.of('problem').at(-1)?.data['detail']).toContain('text')
    for (let i = 0; i < 65; i++) client.send({ subscribe: actor(), ref: i })
    await expect.poll(() => client.of('problem').at(-1)).toMatchObject({ ref: 64, data: { code: 'too_many_streams' } })
    client.send(`"${'x'.repeat(LIMITS.inputBytesMax)}"`)
    await expect.poll(client.closed).toBe(1009)
  })
})

describe('a WebSocket', () => {
  test('of a page of another site is refused; one of this machine, or without a page, is not', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example', 'http://evil.example:8080', 'x']) {
      expect([origin, await connect({ headers: { origin } })]).toEqual([origin, 403])
    }
    expect(await connect({ headers: { host: 'evil.example' } })).toBe(421)
    for (const origin of ['http://localhost:3000', 'http://127.0.0.1', 'https://[::1]:9']) await connected({ headers: { origin } })
    await connected()
    const allowing = await startHttpServer(httpOptions(http.system, { allowedHosts: ['app.example'], token: TOKEN }))
    const headers = { authorization: `Bearer ${TOKEN}` }
    await connected({ url: allowing.url, headers: { ...headers, origin: 'https://app.example' } })
    expect(await connect({ url: allowing.url, headers: { ...headers, origin: 'https://evil.example' } })).toBe(403)
    await allowing.stop()
  })

  test('must have the token: in a header, as a protocol, or in its first frame', async () => {
    const guarded = await startHttpServer(httpOptions(http.system, { token: TOKEN }))
    const { url } = guarded
    const bearer = (token: string): string => `bearer.${Buffer.from(token).toString('base64url')}`
    expect(await connect({ url, headers: { authorization: 'Bearer wrong' } })).toBe(401)
    expect(await connect({ url, protocols: ['colloquy.v1', bearer('wrong')] })).toBe(401)

    const byProtocol = await connected({ url, protocols: ['colloquy.v1', bearer(TOKEN)] })
    expect(byProtocol.ws.protocol).toBe('colloquy.v1')
    const byHeader = await connected({ url, headers: { authorization: `Bearer ${TOKEN}` } })
    const byFrame = await connected({ url })
    byFrame.send({ token: TOKEN })
    for (const client of [byProtocol, byHeader, byFrame]) {
      client.send({ subscribe: actor() })
      await expect.poll(() => client.of('subscribed')).toHaveLength(1)
    }
    const [wrong, none] = [await connected({ url }), await connected({ url })]
    wrong.send({ token: 'wrong' })
    none.send({ subscribe: actor() })
    await expect.poll(() => [wrong.closed(), none.closed()]).toEqual([1008, 1008])
    expect(none.frames).toEqual([])

    await guarded.stop()
    await expect.poll(byHeader.closed).toBe(1001)
  })

  test('is the only upgrade: other requests that offer one are answered as usual', async () => {
    const statusOf = (path: string, headers: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        request(`${server.url}${path}`, { headers }, (response) => resolve(response.resume().statusCode ?? 0))
          .on('error', reject)
          .end()
      })
    expect(await statusOf('/healthz', { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c' })).toBe(200)
    expect(await statusOf('/healthz', { connection: 'Upgrade', upgrade: 'websocket' })).toBe(200)
    expect(await statusOf('/v1/ws', {})).toBe(426)
    expect((await clientOf(server.url).get('/v1/ws')).body).toMatchObject({ code: 'upgrade_required' })
  })
})
