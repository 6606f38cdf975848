import { request } from 'node:http'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type HttpServer, startHttpServer } from '../../../pipeline/http/http-server.ts'
import { codeOf, messageOf } from '../../../schemas/errors.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import { clientOf, httpOptions, type HttpSystem, startHttpSystem } from '../../support/http-requests.ts'

let http: HttpSystem
let ids = 0
/** The path of a new actor. */
const actor = (): string => `acme/toy/a${++ids}`
const add = (by: number, more: object = {}) => ({ type: 'add', data: { by }, ...more })

beforeAll(async () => {
  http = await startHttpSystem()
})
afterAll(() => http.stop())

describe('an input', () => {
  test('is stored untouched, and the response has its position', async () => {
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

  test('without an id gets an id from its position', async () => {
    const { body } = await http.post(`/v1/in/${actor()}`, add(1))
    expect(body['id']).toBe(`seq:${String(body['position'])}`)
  })

  const invalidIds = ['x'.repeat(257), '客'.repeat(60_000), 'seq:1', '', 7, '\ud800']
  test.each(invalidIds)('with an invalid id is stored, and the host rejects it', async (id) => {
    const { status, body } = await http.post(`/v1/in/${actor()}?wait=actor`, add(1, { id }))
    expect(status).toBe(422)
    expect(body).toMatchObject({ id: `seq:${String(body['position'])}`, outcome: 'rejected', reason: 'bad_envelope' })
  })

  test('that is sent twice with the same id is stored once', async () => {
    const path = actor()
    const first = await http.post(`/v1/in/${path}`, add(1, { id: 'same' }))
    const second = await http.post(`/v1/in/${path}`, add(1, { id: 'same' }))
    expect(second.body['position']).toBe(first.body['position'])
  })

  test('that was rejected counts once when it is corrected and sent again under the same id', async () => {
    const path = actor()
    const send = async (by: unknown) => (await http.post(`/v1/in/${path}?wait=actor`, add(by as number, { id: 'corrected' }))).body
    const first = await send('much')
    expect(first).toMatchObject({ outcome: 'rejected', reason: 'bad_data' })
    const corrected = await send(3)
    expect(corrected).toMatchObject({ outcome: 'committed' })
    expect(corrected['position']).not.toBe(first['position'])
    expect((await send(3))['position']).toBe(corrected['position'])
    expect(await send(4)).toMatchObject({ outcome: 'repeat' })
    expect((await http.get(`/v1/actors/${path}`)).body).toMatchObject({ n: 2, context: { count: 3 } })
  })

  test('may have an id with characters that a header cannot hold', async () => {
    const path = actor()
    const spaced = await http.post(`/v1/in/${path}`, add(1, { id: ' a\r\n订单 ' }))
    const plain = await http.post(`/v1/in/${path}`, add(1, { id: 'a\r\n订单' }))
    expect([spaced.status, plain.status]).toEqual([202, 202])
    expect(plain.body['position']).not.toBe(spaced.body['position'])
  })
})

describe('a producer that waits', () => {
  test('for the actor reads its own write', async () => {
    const path = actor()
    for (const total of [1, 2, 3]) {
      const { status, body } = await http.post(`/v1/in/${path}?wait=actor`, add(1))
      expect([status, body['outcome']]).toEqual([200, 'committed'])
      const { body: read } = await http.get(`/v1/actors/${path}`)
      expect(read).toMatchObject({ n: total, context: { count: total }, position: body['position'] })
    }
  })

  test('for the actor gets the reason of a rejection', async () => {
    const { status, headers, body } = await http.post(`/v1/in/${actor()}?wait=actor`, add('much' as never, { id: 'm-1' }))
    expect([status, headers.get('content-type')]).toEqual([422, 'application/problem+json; charset=utf-8'])
    expect(body).toMatchObject({ status: 422, code: 'rejected', id: 'm-1', outcome: 'rejected', reason: 'bad_data' })
    expect(body['position']).toBeGreaterThan(0)
    expect(body['error']).toContain('data.by')
  })

  test('for the actor gets `repeat` for a duplicate', async () => {
    const path = actor()
    const once = add(1, { id: 'm-1', source: 'crm', sequence: 5 })
    // Published without a message id, so that JetStream does not detect the duplicate: only the actor does.
    await http.system.running.jetstream.js.publish(`in.${path.replaceAll('/', '.')}`, JSON.stringify(once))
    const again = await http.post(`/v1/in/${path}?wait=actor`, once)
    const behind = await http.post(`/v1/in/${path}?wait=out`, add(2, { id: 'm-2', source: 'crm', sequence: 4 }))

    expect([again.body['outcome'], behind.body['outcome']]).toEqual(['repeat', 'repeat'])
    expect((await http.get(`/v1/actors/${path}`)).body).toMatchObject({ n: 1, context: { count: 1 } })
  })

  test('for OUT finds the events there', async () => {
    const path = actor()
    const { body } = await http.post(`/v1/in/${path}?wait=out`, add(7, { id: 'm-7' }))
    const subject = `out.${path.replaceAll('/', '.')}.counted`
    const out = await http.system.running.jetstream.jsm.streams.getMessage('OUT', { last_by_subj: subject })
    expect(body).toMatchObject({ outcome: 'committed' })
    expect(out?.json()).toMatchObject({ causationid: 'm-7', position: body['position'], data: { count: 7 } })
  })

  test.each(['out', 'tables'])('for %s gets no answer before they have caught up', async (wait) => {
    let doneSeq = 0
    const progress = { dispatchedSeq: async () => doneSeq, projectedSeq: async () => doneSeq }
    const server = await startHttpServer(httpOptions(http.system, progress))
    try {
      const { post } = clientOf(server.url)
      let answered = false
      const waiting = post(`/v1/in/${actor()}?wait=${wait}`, add(1)).finally(() => {
        answered = true
      })
      const late = await post(`/v1/in/${actor()}?wait=${wait}&timeoutMs=300`, add(1))
      expect([late.status, answered]).toEqual([504, false])

      doneSeq = (await http.system.running.jetstream.jsm.streams.info('LOG')).state.last_seq

      expect((await waiting).status).toBe(200)
    } finally {
      await server.stop()
    }
  })

  test('for longer than its timeout gets 504 with the position', async () => {
    const { status, headers, body } = await http.post(`/v1/in/${actor()}?wait=tables&timeoutMs=50`, add(1, { id: 'm-1' }))
    expect(status).toBe(504)
    expect(headers.get('content-type')).toContain('application/problem+json')
    expect(body).toMatchObject({ code: 'wait_timeout', status: 504, id: 'm-1', position: expect.any(Number) as number })
  })
})

describe('an invalid request gets', () => {
  test.each([
    ['a.b/toy/x', 'tenant "a.b"'],
    ['a/to*y/x', 'kind "to*y"'],
    ['a/toy/%3E', 'id ">"'],
    ['a/toy/x%20y', 'id "x y"'],
    [`a/toy/${'x'.repeat(129)}`, 'must match'],
    ['a/_/x', 'kind "_"'],
    ['colloquy/canary/cluster', 'tenant "colloquy"'],
    ['a/toy/', 'id ""'],
    ['a/toy/%E5%AE%A2', 'id "客"'],
  ])('400 that names the invalid token: %s', async (path, says) => {
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
    ['DELETE', '/v1/in/acme/toy/x', 'POST'],
    ['PUT', '/v1/actors/acme/toy/x', 'HEAD, GET'],
    ['POST', '/healthz', 'HEAD, GET'],
  ])('405 that lists the allowed methods: %s %s', async (method, where, allow) => {
    const { status, headers, body } = await http.get(where, { method, body: 'anything' })
    expect([status, body['code']]).toEqual([405, 'method_not_allowed'])
    expect(new Set(headers.get('allow')?.split(', '))).toEqual(new Set(allow.split(', ')))
  })

  test('431 for headers that are too large', async () => {
    const answer = await http.get('/healthz', { headers: { cookie: 'x'.repeat(20_000) } })
    expect([answer.status, answer.body['code']]).toEqual([431, 'headers_too_large'])
  })

  test('no place in INBOX', async () => {
    const { state } = await http.system.running.jetstream.jsm.streams.info('INBOX', { subjects_filter: 'inbox.*.acme.toy.refused' })
    expect(state.subjects ?? {}).toEqual({})
  })
})

describe('an actor', () => {
  test('is returned as it was after each record', async () => {
    const path = actor()
    for (let by = 1; by <= 24; by++) {
      await http.post(`/v1/in/${path}`, add(by))
      // Records of other actors in between, so that the distances in LOG between this actor's records differ.
      if (by % 4 === 0) for (let other = 0; other < by; other++) await http.post(`/v1/in/${actor()}`, add(by))
    }
    await http.post(`/v1/in/${path}?wait=actor`, { type: 'pause', data: {} })
    const counts: unknown[] = []
    for (let n = 1; n <= 24; n++) {
      const { body } = await http.get(`/v1/actors/${path}?at=${n}`)
      counts.push([body['n'], body['context']])
    }
    const expected = Array.from({ length: 24 }, (_, index) => [index + 1, { count: ((index + 1) * (index + 2)) / 2, note: '' }])
    expect(counts).toEqual(expected)
    expect((await http.get(`/v1/actors/${path}`)).body).toEqual({
      tenant: 'acme',
      kind: 'toy',
      id: path.split('/')[2],
      n: 25,
      state: 'paused',
      parent: null,
      children: [],
      status: 'active',
      machine: 'toy@1',
      context: { count: 300, note: '' },
      label: { count: 300 },
      position: expect.any(Number) as number,
    })
  })

  test('that is unknown gets 404, and so does an unknown record', async () => {
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
  beforeAll(async () => {
    server = await startHttpServer(httpOptions(http.system, { token }))
  })
  afterAll(() => server.stop())

  const wrong = ['', 'Bearer wrong', 'Bearer', `Basic ${token}`, `Bearer ${token}x`, token]
  test.each(wrong)('refuses the header: %s', async (authorization) => {
    const headers: Record<string, string> = authorization === '' ? {} : { authorization }
    for (const path of ['/v1/actors/a/toy/x', '/metrics', '/unknown']) {
      const { status, body, headers: answered } = await clientOf(server.url).get(path, { headers })
      expect([status, body['code'], answered.get('www-authenticate')]).toEqual([401, 'unauthorized', 'Bearer realm="colloquy"'])
    }
    expect((await clientOf(server.url).post('/v1/in/a/toy/x', add(1), headers)).status).toBe(401)
  })

  test('is accepted, and not needed for health and readiness', async () => {
    const { get, post } = clientOf(server.url)
    expect((await post('/v1/in/a/toy/x', add(1), { authorization: `Bearer ${token}` })).status).toBe(202)
    expect((await get('/metrics', { headers: { authorization: `bearer ${token}` } })).status).toBe(200)
    expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 200])
  })

  test('shows the details of readiness, which others do not see', async () => {
    const { get } = clientOf(server.url)
    expect((await get('/readyz')).body).toEqual({ ok: true })
    expect((await get('/readyz', { headers: { authorization: 'Bearer wrong' } })).body).toEqual({ ok: true })
    const { body } = await get('/readyz', { headers: { authorization: `Bearer ${token}` } })
    expect(body['checks']).toHaveLength(5)
  })

  test('makes the host name of a request irrelevant', async () => {
    expect(await statusAs(server, 'colloquy.example.org')).toBe(200)
  })
})

describe('without a token', () => {
  let server: HttpServer
  beforeAll(async () => {
    server = await startHttpServer(httpOptions(http.system, { allowedHosts: ['proxy.example.org'] }))
  })
  afterAll(() => server.stop())

  test.each(['localhost', 'LOCALHOST:1', '127.0.0.1:8080', '127.9.9.9', '[::1]:8080', 'proxy.example.org', 'Proxy.example.org:443'])(
    'a request may name the host %s',
    async (host) => {
      expect(await statusAs(server, host)).toBe(200)
    },
  )

  const foreign = [
    'evil.test',
    'evil.test:8080',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    '10.0.0.1',
    '0.0.0.0:8080',
    'localhost.',
    'a b',
    'x.proxy.example.org',
  ]
  test.each(foreign)('a request may not name the host %s, not even for its health', async (host) => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/unknown']) expect(await statusAs(server, host, path)).toBe(421)
  })

  test('what a page of another site can send without asking is refused, and nothing is stored', async () => {
    const lastSeq = async (): Promise<number> => (await http.system.running.jetstream.jsm.streams.info('INBOX')).state.last_seq
    const before = await lastSeq()
    const input = JSON.stringify(add(1))
    const form = new FormData()
    form.append('type', 'add')
    const bodies = [input, new Blob([input]), new URLSearchParams({ type: 'add' }), form, new Blob([input], { type: 'text/plain' })]
    const { url } = server
    for (const body of bodies) {
      const response = await fetch(`${url}/v1/in/${actor()}`, {
        method: 'POST',
        mode: 'no-cors',
        headers: { origin: 'http://evil.test' },
        body,
      })
      expect(response.status).toBe(415)
    }
    expect((await fetch(`${url}/v1/in/${actor()}`, { method: 'POST', headers: { origin: 'http://evil.test' } })).status).toBe(400)
    // What a page may send only after a preflight, which has no answer that allows it.
    const preflight = await fetch(`${url}/v1/in/${actor()}`, { method: 'OPTIONS', headers: { origin: 'http://evil.test' } })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([405, null])
    expect(await lastSeq()).toBe(before)
  })
})

/** The status of a request that names a host, as a browser would be led here by another name. */
const statusAs = (server: HttpServer, host: string, path = '/healthz'): Promise<number> =>
  new Promise((resolve, reject) => {
    request(`${server.url}${path}`, { headers: { host } }, (response) => resolve(response.resume().statusCode ?? 0))
      .on('error', reject)
      .end()
  })

describe('the server', () => {
  test('reports health, and readiness role by role', async () => {
    expect((await http.get('/healthz')).status).toBe(200)
    const { status, body } = await http.get('/readyz')
    expect(status).toBe(200)
    const checks = body['checks'] as readonly { check: string; ok: boolean }[]
    expect(checks.map(({ check }) => check)).toEqual(['nats', 'host', 'dispatch', 'tasks', 'serve'])
    const healthy = { ok: true, since: expect.stringMatching(/Z$/) as string, detail: expect.any(String) as string }
    for (const { check, ...rest } of checks) expect([check, rest]).toEqual([check, healthy])
  })

  test('refuses to listen for other machines without a token, and names both settings', async () => {
    for (const host of ['0.0.0.0', '::', '10.1.2.3', 'example.org']) {
      const error: unknown = await errorOn(host)
      expect(codeOf(error)).toBe('http_unprotected')
      expect(messageOf(error)).toMatch(/COLLOQUY_HTTP_HOST.*COLLOQUY_HTTP_TOKEN/)
    }
  })

  test('names the setting to change if its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    try {
      const address = await vi.waitUntil(() => other.address(), { timeout: 60_000 })
      const error: unknown = await errorOn('127.0.0.1', typeof address === 'object' ? address.port : 0)
      expect(codeOf(error)).toBe('port_taken')
      expect(messageOf(error)).toContain('COLLOQUY_HTTP_PORT')
    } finally {
      other.close()
    }
  })

  test('listens on every kind of loopback address', async () => {
    for (const host of ['localhost', '127.8.8.8']) expect(await errorOn(host)).toBeUndefined()
  })
})

/** Starts and stops another server on the same stages. Returns the error, if any. */
async function errorOn(host: string, port = 0): Promise<unknown> {
  try {
    const server = await startHttpServer(httpOptions(http.system, { host, port }))
    await Promise.all([server.stop(), server.stop()])
    return undefined
  } catch (error) {
    return error
  }
}
