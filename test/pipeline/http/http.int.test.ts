import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startHttpServer, type HttpServer } from '../../../pipeline/http/http-server.ts'
import { codeOf, messageOf } from '../../../schemas/errors.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import { clientOf, httpOptions, startHttpSystem, type HttpSystem } from '../../support/http-requests.ts'

let http: HttpSystem
let ids = 0
/** A path of an actor that no other test has. */
const actor = (): string => `acme/toy/a${++ids}`
const add = (by: number, more: object = {}) => ({ type: 'add', data: { by }, ...more })

beforeAll(async () => { http = await startHttpSystem() })
afterAll(() => http.stop())

describe('an input', () => {
  test('is stored untouched, and its position is told', async () => {
    const path = actor()
    const text = '{ "type": "add",  "data": {"by": 2, "数": "二"} , "id":"m-1"}'

    const { status, body } = await http.post(`/v1/in/${path}`, text, { 'content-type': 'application/cloudevents+json' })

    expect(status).toBe(202)
    expect(body).toEqual({ position: expect.any(Number) as number, id: 'm-1', durability: { replicas: 1, fsync: '2m' } })
    const stored = await http.system.running.jetstream.jsm.streams.getMessage('INBOX', { seq: Number(body['position']) })
    expect(stored?.string()).toBe(text)
    expect(stored?.subject).toMatch(new RegExp(`^inbox\\.\\d+\\.${path.replaceAll('/', '.')}$`))
    expect(stored?.header.get('Nats-Msg-Id')).toMatch(new RegExp(`^${path}/m-1/[\\w-]{12}$`))
  })

  test('without an id is called by its position', async () => {
    const { body } = await http.post(`/v1/in/${actor()}`, add(1))
    expect(body['id']).toBe(`seq:${String(body['position'])}`)
  })

  const unfit = ['x'.repeat(257), '客'.repeat(60_000), 'seq:1', '', 7, '\ud800']
  test.each(unfit)('with an id that is none goes to the host all the same', async (id) => {
    const { status, body } = await http.post(`/v1/in/${actor()}?wait=actor`, add(1, { id }))
    expect(status).toBe(202)
    expect(body).toMatchObject({ id: `seq:${String(body['position'])}`, outcome: 'rejected', reason: 'bad_envelope' })
  })

  test('that is sent twice is stored once', async () => {
    const path = actor()
    const first = await http.post(`/v1/in/${path}`, add(1, { id: 'same' }))
    const second = await http.post(`/v1/in/${path}`, add(1, { id: 'same' }))
    expect(second.body['position']).toBe(first.body['position'])
  })

  test('that was rejected, is mended and comes again under its id counts, and once', async () => {
    const path = actor()
    const send = async (by: unknown) => (await http.post(`/v1/in/${path}?wait=actor`, add(by as number, { id: 'mended' }))).body
    const first = await send('much')
    expect(first).toMatchObject({ outcome: 'rejected', reason: 'bad_data' })
    const mended = await send(3)
    expect(mended).toMatchObject({ outcome: 'committed' })
    expect(mended['position']).not.toBe(first['position'])
    expect((await send(3))['position']).toBe(mended['position'])
    expect(await send(4)).toMatchObject({ outcome: 'repeat' })
    expect((await http.get(`/v1/actors/${path}`)).body).toMatchObject({ n: 2, context: { count: 3 } })
  })

  test('may have an id that no header could carry', async () => {
    const path = actor()
    const spaced = await http.post(`/v1/in/${path}`, add(1, { id: ' a\r\n订单 ' }))
    const plain = await http.post(`/v1/in/${path}`, add(1, { id: 'a\r\n订单' }))
    expect([spaced.status, plain.status]).toEqual([202, 202])
    expect(plain.body['position']).not.toBe(spaced.body['position'])
  })
})

describe('a producer that waits for', () => {
  test('the actor reads its own write', async () => {
    const path = actor()
    for (const total of [1, 2, 3]) {
      const { status, body } = await http.post(`/v1/in/${path}?wait=actor`, add(1))
      expect([status, body['outcome']]).toEqual([202, 'committed'])
      const { body: read } = await http.get(`/v1/actors/${path}`)
      expect(read).toMatchObject({ n: total, context: { count: total }, position: body['position'] })
    }
  })

  test('the actor is told why its input was rejected', async () => {
    const { status, body } = await http.post(`/v1/in/${actor()}?wait=actor`, add('much' as never))
    expect(status).toBe(202)
    expect(body).toMatchObject({ outcome: 'rejected', reason: 'bad_data' })
    expect(body['error']).toContain('data.by')
  })

  test('the actor is told that its input repeats another one', async () => {
    const path = actor()
    const once = add(1, { id: 'm-1', source: 'crm', sequence: 5 })
    // Published past the HTTP interface, so that JetStream does not recognise the second one: only the actor does.
    await http.system.running.jetstream.js.publish(`in.${path.replaceAll('/', '.')}`, JSON.stringify(once))
    const again = await http.post(`/v1/in/${path}?wait=actor`, once)
    const behind = await http.post(`/v1/in/${path}?wait=out`, add(2, { id: 'm-2', source: 'crm', sequence: 4 }))

    expect([again.body['outcome'], behind.body['outcome']]).toEqual(['repeat', 'repeat'])
    expect((await http.get(`/v1/actors/${path}`)).body).toMatchObject({ n: 1, context: { count: 1 } })
  })

  test('OUT finds the events there', async () => {
    const path = actor()
    const { body } = await http.post(`/v1/in/${path}?wait=out`, add(7, { id: 'm-7' }))
    const subject = `out.${path.replaceAll('/', '.')}.counted`
    const out = await http.system.running.jetstream.jsm.streams.getMessage('OUT', { last_by_subj: subject })
    expect(body).toMatchObject({ outcome: 'committed' })
    expect(out?.json()).toMatchObject({ causationid: 'm-7', position: body['position'], data: { count: 7 } })
  })

  test.each(['out', 'tables'])('%s is answered no earlier than it is there', async (wait) => {
    let level = 0
    const levels = { dispatchedSeq: async () => level, projectedSeq: async () => level }
    const server = await startHttpServer(httpOptions(http.system, levels))
    try {
      const { post } = clientOf(server.url)
      let answered = false
      const waiting = post(`/v1/in/${actor()}?wait=${wait}`, add(1)).finally(() => { answered = true })
      const late = await post(`/v1/in/${actor()}?wait=${wait}&timeoutMs=300`, add(1))
      expect([late.status, answered]).toEqual([504, false])

      level = (await http.system.running.jetstream.jsm.streams.info('LOG')).state.last_seq

      expect((await waiting).status).toBe(202)
    } finally {
      await server.stop()
    }
  })

  test('what does not come gets 504 with the position', async () => {
    const { status, headers, body } = await http.post(`/v1/in/${actor()}?wait=tables&timeoutMs=50`, add(1, { id: 'm-1' }))
    expect(status).toBe(504)
    expect(headers.get('content-type')).toContain('application/problem+json')
    expect(body).toMatchObject({ code: 'wait_timeout', status: 504, id: 'm-1', position: expect.any(Number) as number })
  })
})

describe('what is not an input gets a problem', () => {
  test.each([
    ['a.b/toy/x', 'tenant "a.b"'], ['a/to*y/x', 'kind "to*y"'], ['a/toy/%3E', 'id ">"'], ['a/toy/x%20y', 'id "x y"'],
    [`a/toy/${'x'.repeat(129)}`, 'must match'], ['a/_/x', 'kind "_"'], ['a/toy/', 'id ""'], ['a/toy/%E5%AE%A2', 'id "客"'],
  ])('400 that names the token: %s', async (path, says) => {
    const { status, body } = await http.post(`/v1/in/${path}`, add(1))
    expect(status).toBe(400)
    expect(body).toMatchObject({ status: 400, code: 'bad_subject', type: 'urn:colloquy:problem:bad_subject' })
    expect(body['title']).toBe('Bad Request')
    expect(body['detail']).toContain(says)
  })

  const path = '/v1/in/acme/toy/refused'
  test.each<[number, string, string, string | Uint8Array, Record<string, string>]>([
    [400, 'bad_json', path, 'not json', {}],
    [400, 'bad_json', path, '[1]', {}],
    [400, 'bad_json', path, 'null', {}],
    [400, 'bad_json', path, '', {}],
    [400, 'bad_json', path, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), {}],
    [400, 'bad_query', `${path}?wait=forever`, '{}', {}],
    [400, 'bad_query', `${path}?wait=actor&timeoutMs=0`, '{}', {}],
    [400, 'bad_query', `${path}?timeout=5`, '{}', {}],
    [400, 'bad_url', '/v1/in/acme/toy/%zz', '{}', {}],
    [413, 'too_large', path, `{"type":"note","data":{"text":"${'x'.repeat(LIMITS.inputBytesMax)}"}}`, {}],
    [415, 'unsupported_media_type', path, '{}', { 'content-type': 'text/plain' }],
    [404, 'unknown_path', '/v1/in/acme/toy', '{}', {}],
    [404, 'unknown_path', '/v2', '{}', {}],
  ])('%i %s: %s %s', async (status, code, where, body, headers) => {
    const answer = await http.post(where, body, headers)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ status, code, type: `urn:colloquy:problem:${code}` })
    expect(Object.keys(answer.body)).toEqual(expect.arrayContaining(['title', 'detail']))
  })

  test.each([
    ['DELETE', '/v1/in/acme/toy/x', 'POST'], ['PUT', '/v1/actors/acme/toy/x', 'HEAD, GET'], ['POST', '/healthz', 'HEAD, GET'],
  ])('405 that says what is allowed: %s %s', async (method, where, allow) => {
    const { status, headers, body } = await http.get(where, { method, body: 'anything' })
    expect([status, body['code']]).toEqual([405, 'method_not_allowed'])
    expect(new Set(headers.get('allow')?.split(', '))).toEqual(new Set(allow.split(', ')))
  })

  test('431 for headers without end', async () => {
    const answer = await http.get('/healthz', { headers: { cookie: 'x'.repeat(20_000) } })
    expect([answer.status, answer.body['code']]).toEqual([431, 'headers_too_large'])
  })

  test('nothing of it reaches INBOX', async () => {
    const { state } = await http.system.running.jetstream.jsm.streams.info('INBOX', { subjects_filter: 'inbox.*.acme.toy.refused' })
    expect(state.subjects ?? {}).toEqual({})
  })
})

describe('an actor', () => {
  test('is shown as it was after each record', async () => {
    const path = actor()
    for (let by = 1; by <= 24; by++) {
      await http.post(`/v1/in/${path}`, add(by))
      // Others write between its records now and then, so that these lie close together and far apart in LOG.
      if (by % 4 === 0) for (let other = 0; other < by; other++) await http.post(`/v1/in/${actor()}`, add(by))
    }
    await http.post(`/v1/in/${path}?wait=actor`, { type: 'pause', data: {} })
    const counts: unknown[] = []
    for (let n = 1; n <= 24; n++) {
      const { body } = await http.get(`/v1/actors/${path}?at=${n}`)
      counts.push([body['n'], body['context']])
    }
    const expected = Array.from({ length: 24 }, (_, index) => [index + 1, { count: (index + 1) * (index + 2) / 2, note: '' }])
    expect(counts).toEqual(expected)
    expect((await http.get(`/v1/actors/${path}`)).body).toEqual({
      tenant: 'acme', kind: 'toy', id: path.split('/')[2], n: 25, state: 'paused', status: 'active', machine: 'toy@1',
      context: { count: 300, note: '' }, label: { count: 300 }, position: expect.any(Number) as number,
    })
  })

  test('that is unknown, and a record that is not there, get 404', async () => {
    const path = actor()
    expect((await http.get(`/v1/actors/${path}`)).body).toMatchObject({ status: 404, code: 'unknown_actor' })
    await http.post(`/v1/in/${path}?wait=actor`, add(1))
    expect((await http.get(`/v1/actors/${path}?at=2`)).body).toMatchObject({ status: 404, code: 'unknown_record' })
    expect((await http.get(`/v1/actors/${path}?at=0`)).body).toMatchObject({ status: 400, code: 'bad_query' })
    expect((await http.get('/v1/actors/a/b/c.d')).body).toMatchObject({ status: 400, code: 'bad_subject' })
  })
})

describe('a token', () => {
  const token = 'correct horse battery staple'
  let server: HttpServer
  beforeAll(async () => { server = await startHttpServer(httpOptions(http.system, { token })) })
  afterAll(() => server.stop())

  const wrong = ['', 'Bearer wrong', 'Bearer', `Basic ${token}`, `Bearer ${token}x`, token]
  test.each(wrong)('keeps out who says: %s', async (authorization) => {
    const headers: Record<string, string> = authorization === '' ? {} : { authorization }
    for (const path of ['/v1/actors/a/toy/x', '/metrics', '/unknown']) {
      const { status, body, headers: answered } = await clientOf(server.url).get(path, { headers })
      expect([status, body['code'], answered.get('www-authenticate')]).toEqual([401, 'unauthorized', 'Bearer realm="colloquy"'])
    }
    expect((await clientOf(server.url).post('/v1/in/a/toy/x', add(1), headers)).status).toBe(401)
  })

  test('lets in who has it, and everybody to see whether it is ready', async () => {
    const { get, post } = clientOf(server.url)
    expect((await post('/v1/in/a/toy/x', add(1), { authorization: `Bearer ${token}` })).status).toBe(202)
    expect((await get('/metrics', { headers: { authorization: `bearer ${token}` } })).status).toBe(200)
    expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 200])
  })
})

describe('the server', () => {
  test('says that it is alive and ready, role by role', async () => {
    expect((await http.get('/healthz')).status).toBe(200)
    const { status, body } = await http.get('/readyz')
    expect(status).toBe(200)
    const checks = body['checks'] as readonly { check: string; ok: boolean }[]
    expect(checks.map(({ check }) => check)).toEqual(['nats', 'host', 'dispatch', 'tasks', 'serve'])
    const sound = { ok: true, since: expect.stringMatching(/Z$/) as string, detail: expect.any(String) as string }
    for (const { check, ...rest } of checks) expect([check, rest]).toEqual([check, sound])
  })

  test('refuses to be open to the world without a token, and names both settings', async () => {
    for (const host of ['0.0.0.0', '::', '10.1.2.3', 'example.org']) {
      const error: unknown = await errorOn(host)
      expect(codeOf(error)).toBe('http_unprotected')
      expect(messageOf(error)).toMatch(/COLLOQUY_HTTP_HOST.*COLLOQUY_HTTP_TOKEN/)
    }
  })

  test('whose port is taken says which setting to change', async () => {
    const stranger = createServer().listen(0, '127.0.0.1')
    try {
      const address = await vi.waitUntil(() => stranger.address())
      const error: unknown = await errorOn('127.0.0.1', typeof address === 'object' ? address.port : 0)
      expect(codeOf(error)).toBe('port_taken')
      expect(messageOf(error)).toContain('COLLOQUY_HTTP_PORT')
    } finally {
      stranger.close()
    }
  })

  test('listens on every kind of loopback address', async () => {
    for (const host of ['localhost', '127.8.8.8']) expect(await errorOn(host)).toBeUndefined()
  })
})

/** The error of one more server on the same stages, if it has one; it is stopped again. */
async function errorOn(host: string, port = 0): Promise<unknown> {
  try {
    const server = await startHttpServer(httpOptions(http.system, { host, port }))
    await Promise.all([server.stop(), server.stop()])
    return undefined
  } catch (error) {
    return error
  }
}
