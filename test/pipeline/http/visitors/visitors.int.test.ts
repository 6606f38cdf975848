import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createVisitorTokens } from '../../../../pipeline/access/visitor-tokens.ts'
import { VISITOR_STREAMS_MAX } from '../../../../pipeline/http/chat/messages-route.ts'
import { DESCRIBED_ROUTES } from '../../../../pipeline/http/described-routes.ts'
import type { HttpServer } from '../../../../pipeline/http/http-server.ts'
import { VISITOR_TEXT_CHARS_MAX } from '../../../../pipeline/http/visitor-inputs.ts'
import { VISITOR_INPUTS_MAX } from '../../../../pipeline/http/visitors/visitor-gate.ts'
import { VISITOR_TOKENS_MAX } from '../../../../pipeline/http/visitors/visitor-route.ts'
import { type ChatSystem, startChatServer, startChatSystem } from '../../../support/chat-system.ts'
import { type Answer, clientOf } from '../../../support/http-requests.ts'
import { readSse } from '../../../support/sse-reader.ts'
import { createHeldTalk } from '../../../support/talking-kind.ts'

const SITE = 'https://shop.example'
const TOKEN = 'a-token-of-the-tests'
const KEY = randomBytes(32)
const tokens = createVisitorTokens(KEY)

let chat: ChatSystem
const servers: HttpServer[] = []
let server: HttpServer
const { talk } = createHeldTalk()

const start = async (origins: readonly string[] = [SITE], token: string | undefined = TOKEN): Promise<HttpServer> => {
  const started = await startChatServer(chat.system, {
    token,
    visitors: { origins, kinds: ['support', 'front'], tokens },
    trustedProxies: ['127.0.0.1'],
  })
  servers.push(started)
  return started
}

beforeAll(async () => {
  chat = await startChatSystem(talk)
  server = await start()
})
afterAll(async () => {
  for (const one of servers) await one.stop()
  await chat.stop()
})

interface Visit {
  readonly token: string
  readonly id: string
}

const visitRequest = (headers: Record<string, string> = {}, body: unknown = {}, tenant = 'acme', at = server): Promise<Answer> =>
  clientOf(at.url).post(`/v1/visitors/${tenant}`, body, { origin: SITE, ...headers })
const visit = async (body: unknown = {}, at = server): Promise<Visit> => {
  const answer = await visitRequest({ 'x-forwarded-for': `203.0.113.${servers.length}` }, body, 'acme', at)
  const { token, conversation } = answer.body as { token: string; conversation: { id: string } }
  return { token, id: conversation.id }
}
const as = ({ token }: Pick<Visit, 'token'>, origin = SITE) => ({ authorization: `Bearer ${token}`, origin })
const post = (path: string, body: unknown, headers: Record<string, string>, at = server) => clientOf(at.url).post(path, body, headers)
const outcome = ({ status, body }: Answer) => [status, body['code']]

test('a page of an allowed site gets a token for one conversation, which it can renew', async () => {
  const first = await visitRequest()
  expect(first.status).toBe(200)
  expect(first.headers.get('access-control-allow-origin')).toBe(SITE)
  expect(first.body).toEqual({
    token: expect.stringMatching(/^visitor\./) as string,
    expiresAt: expect.any(String) as string,
    conversation: { tenant: 'acme', kind: 'support', id: expect.stringMatching(/^web-[\w-]{24}$/) as string },
  })
  expect((await visitRequest()).body['conversation']).not.toEqual(first.body['conversation'])
  const renewed = await visitRequest({ authorization: `Bearer ${String(first.body['token'])}` })
  expect(renewed.body['conversation']).toEqual(first.body['conversation'])
})

test('pages of other sites, programs, other kinds and other tenants get none', async () => {
  expect(outcome(await visitRequest({ origin: 'https://evil.example' }))).toEqual([403, 'widget_origin'])
  expect(outcome(await visitRequest({ origin: 'null' }))).toEqual([403, 'widget_origin'])
  expect(outcome(await post('/v1/visitors/acme', {}, {}))).toEqual([403, 'widget_origin'])
  expect(outcome(await visitRequest({}, { kind: 'talking' }))).toEqual([403, 'not_for_visitors'])
  expect(outcome(await visitRequest({}, {}, 'colloquy'))).toEqual([400, 'bad_subject'])
  const { token } = await visit()
  expect(outcome(await visitRequest({ authorization: `Bearer ${token}` }, {}, 'globex'))).toEqual([403, 'not_for_visitors'])
})

test('without allowed sites the route says that it is off, and no token is good', async () => {
  const off = await start([])
  const answer = await visitRequest({}, {}, 'acme', off)
  expect(outcome(answer)).toEqual([404, 'widget_off'])
  expect(answer.body['detail']).toContain('COLLOQUY_WIDGET_ORIGINS')
  const { token, id } = await visit()
  expect(outcome(await post(`/v1/chat/acme/${id}?kind=support`, { text: 'hello' }, as({ token }), off))).toEqual([403, 'widget_origin'])
})

test('an address gets so many tokens an hour, and others still get theirs', async () => {
  const from = { 'x-forwarded-for': '198.51.100.7' }
  for (let count = 0; count < VISITOR_TOKENS_MAX; count += 1) expect((await visitRequest(from)).status).toBe(200)
  const refused = await visitRequest(from)
  expect(outcome(refused)).toEqual([429, 'too_many_requests'])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_500)
  // One customer of a provider has many addresses of IPv6.
  for (let count = 0; count < VISITOR_TOKENS_MAX; count += 1)
    await visitRequest({ 'x-forwarded-for': `2001:db8:1:2::${count.toString(16)}` })
  expect((await visitRequest({ 'x-forwarded-for': '2001:db8:1:2:ffff::1' })).status).toBe(429)
  expect((await visitRequest({ 'x-forwarded-for': '2001:db8:1:3::1' })).status).toBe(200)
})

test('a visitor writes to his conversation and reads it as people see it, and nothing of how it was made', async () => {
  const visitor = await visit()
  const path = `/v1/chat/acme/${visitor.id}`
  const answer = await post(`${path}?kind=support`, { text: '寄到挪威要多久？', id: 'm-1', channel: 'web' }, as(visitor))
  expect(answer.status).toBe(200)
  expect(answer.headers.get('access-control-allow-origin')).toBe(SITE)
  const reply = { id: expect.any(String) as string, role: 'assistant', text: 're: 寄到挪威要多久？', sources: ['shipping.md'] }
  expect(answer.body['reply']).toEqual(reply)

  const stream = await readSse(`${server.url}${path}/messages?kind=support&after=0`, as(visitor))
  expect([stream.status, stream.headers['access-control-allow-origin']]).toEqual([200, SITE])
  await expect.poll(() => stream.events.length).toBe(2)
  const from = { at: expect.any(String) as string, kind: 'support' }
  expect(stream.events.map(({ type, data }) => ({ type, data }))).toEqual([
    { type: 'message', data: { id: 'm-1', role: 'user', text: '寄到挪威要多久？', ...from } },
    { type: 'message', data: { ...reply, ...from } },
  ])
  stream.close()

  // What an agent writes comes to the same stream; a client that resumes has each message once.
  await chat.post(`/v1/in/acme/support/${visitor.id}?wait=actor`, {
    type: 'message.received',
    data: { role: 'agent', text: '我来帮您', agent: 'Ana' },
  })
  const resumed = await readSse(`${server.url}${path}/messages?kind=support`, { ...as(visitor), 'last-event-id': stream.lastId() ?? '' })
  await expect.poll(() => resumed.events.length).toBeGreaterThan(0)
  expect(resumed.events[0]?.data).toMatchObject({ role: 'agent', text: '我来帮您', agent: 'Ana' })
  resumed.close()
})

test('a visitor sends feedback, forms and buttons, and no other input', async () => {
  const visitor = await visit()
  const send = async (body: unknown, headers: Record<string, string> = {}) =>
    outcome(await post(`/v1/in/acme/support/${visitor.id}`, body, { ...as(visitor), ...headers }))
  expect(await send({ type: 'feedback.given', data: { answer: 'e1', thumbs: 'up' } })).toEqual([202, undefined])
  expect(await send({ type: 'form.submitted', data: { id: 'f-1', values: { city: '上海', floor: 3, lift: true } } })).toEqual([
    202,
    undefined,
  ])
  expect(await send({ type: 'button.pressed', data: { id: 'b-1' } })).toEqual([202, undefined])
  const refused = [403, 'not_for_visitors']
  expect(await send({ type: 'message.received', data: { role: 'agent', text: 'I am the support' } })).toEqual(refused)
  expect(await send({ type: 'case.taken', data: { agent: 'me' } })).toEqual(refused)
  expect(await send({ type: 'feedback.given', data: { answer: 'e1', correction: 'free for all' } })).toEqual(refused)
  expect(await send({ type: 'feedback.given', data: {}, source: 'colloquy/acme/desk/d' })).toEqual(refused)
  expect(await send([{ type: 'button.pressed', data: { id: 'b' } }], { 'content-type': 'application/cloudevents-batch+json' })).toEqual(
    refused,
  )
  expect(await send({ text: 'x' }, { 'ce-type': 'case.taken', 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': 'x' })).toEqual(refused)

  const message = async (body: object) => outcome(await post(`/v1/chat/acme/${visitor.id}?kind=support`, body, as(visitor)))
  expect(await message({ text: 'hello', customer: 'somebody-else' })).toEqual([400, 'bad_query'])
  expect(await message({ text: 'hello', role: 'agent' })).toEqual([400, 'bad_query'])
  expect(await message({ text: 'x'.repeat(VISITOR_TEXT_CHARS_MAX + 1) })).toEqual([400, 'bad_query'])
  expect(await message({ text: 'x'.repeat(1024 ** 2) })).toEqual([413, 'too_large'])
})

test('a token opens its conversation alone: no other one, and no other route', async () => {
  const [visitor, other] = [await visit(), await visit()]
  const headers = as(visitor)
  const refused = [403, 'not_for_visitors']
  for (const path of [
    `acme/${other.id}?kind=support`,
    `globex/${visitor.id}?kind=support`,
    `acme/${visitor.id}?kind=talking`,
    `acme/${visitor.id}`,
  ]) {
    expect([path, ...outcome(await post(`/v1/chat/${path}`, { text: 'hello' }, headers))]).toEqual([path, ...refused])
  }
  expect(outcome(await clientOf(server.url).get(`/v1/chat/acme/${other.id}/messages?kind=support`, { headers }))).toEqual(refused)
  expect(outcome(await post(`/v1/in/acme/support/${other.id}`, { type: 'button.pressed', data: { id: 'b' } }, headers))).toEqual(refused)
  expect(outcome(await post(`/v1/in/acme/talking/${visitor.id}`, { type: 'button.pressed', data: { id: 'b' } }, headers))).toEqual(refused)

  const closed = DESCRIBED_ROUTES.filter((route) => route.visitors === undefined && !('isPublic' in route && route.isPublic === true))
  expect(closed.length).toBeGreaterThan(8)
  for (const { method, path } of closed) {
    const url = path.replace(':tenant', 'acme').replace(':kind', 'support').replace(':id', visitor.id).replace(/:\w+/, 'x')
    const answer = method === 'GET' ? await clientOf(server.url).get(url, { headers }) : await post(url, {}, headers)
    expect([url, answer.status]).toEqual([
      url,
      url === '/v1/ws' ? expect.any(Number) : expect.toSatisfy((status) => [401, 403, 404].includes(Number(status))),
    ])
    expect([url, answer.headers.get('access-control-allow-origin')]).toEqual([url, null])
  }
})

test('a front gives a visitor the messages of its targets, each once, and takes feedback for them', async () => {
  const visitor = await visit({ kind: 'front' })
  const path = `/v1/chat/acme/${visitor.id}`
  const asked = await post(`${path}?kind=front`, { text: 'hello', id: 'm-1' }, as(visitor))
  expect(asked.status).toBe(200)
  const stream = await readSse(`${server.url}${path}/messages?kind=front`, as(visitor))
  await expect.poll(() => stream.events.length).toBe(2)
  expect(stream.events.map(({ data: { role, kind, text } }) => [role, kind, text])).toEqual([
    ['user', 'front', 'hello'],
    ['assistant', 'support', 're: hello'],
  ])
  stream.close()
  const feedback = { type: 'feedback.given', data: { answer: stream.events[1]?.data['id'], thumbs: 'down' } }
  expect((await post(`/v1/in/acme/support/${visitor.id}`, feedback, as(visitor))).status).toBe(202)
  expect((await post(`/v1/in/acme/toy/${visitor.id}`, feedback, as(visitor))).status).toBe(403)
})

test('a token that is not good is refused, also where the server has no token', async () => {
  const { token, id } = await visit()
  const open = await start([SITE], undefined)
  const expired = (await createVisitorTokens(KEY, () => Date.now() - 25 * 3_600_000).issue({ tenant: 'acme', kind: 'support', id })).token
  const foreign = (await createVisitorTokens(randomBytes(32)).issue({ tenant: 'acme', kind: 'support', id })).token
  for (const at of [server, open]) {
    for (const bad of [expired, foreign, `${token}x`, `visitor.${'x'.repeat(5_000)}`, 'visitor.eyJhbGciOiJub25lIn0.e30.']) {
      expect(outcome(await post(`/v1/chat/acme/${id}?kind=support`, { text: 'x' }, as({ token: bad }), at))).toEqual([
        401,
        'bad_visitor_token',
      ])
    }
    // A page of the site without a token does not get what programs of this machine get.
    expect((await post(`/v1/chat/acme/${id}?kind=support`, { text: 'x' }, { origin: SITE }, at)).status).toBe(401)
    expect(outcome(await post(`/v1/chat/acme/${id}?kind=support`, { text: 'x' }, as({ token }, 'https://evil.example'), at))).toEqual([
      403,
      'widget_origin',
    ])
  }
})

test('a browser may ask what it may send, for these routes and sites alone', async () => {
  const preflight = async (path: string, origin = SITE) => {
    const headers = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' }
    const answer = await clientOf(server.url).get(path, { method: 'OPTIONS', headers })
    return [answer.status, answer.headers.get('access-control-allow-origin'), answer.headers.get('access-control-allow-headers')]
  }
  const allowed = [204, SITE, 'authorization, content-type, last-event-id']
  for (const path of ['/v1/visitors/acme', '/v1/chat/acme/x', '/v1/chat/acme/x/messages', '/v1/in/acme/support/x']) {
    expect([path, ...(await preflight(path))]).toEqual([path, ...allowed])
    // Any page may read why it cannot start a visit.
    expect((await preflight(path, 'https://evil.example'))[1]).toBe(path === '/v1/visitors/acme' ? 'https://evil.example' : null)
  }
  expect((await preflight('/v1/actors/acme/support/x'))[1]).toBeNull()
})

test('a conversation has bounds of its own: inputs a minute, and open streams', async () => {
  const visitor = await visit()
  const press = () => post(`/v1/in/acme/support/${visitor.id}`, { type: 'button.pressed', data: { id: 'b' } }, as(visitor))
  for (let count = 0; count < VISITOR_INPUTS_MAX; count += 1) expect((await press()).status).toBe(202)
  const refused = await press()
  expect(outcome(refused)).toEqual([429, 'too_many_requests'])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)

  const url = `${server.url}/v1/chat/acme/${visitor.id}/messages?kind=support`
  const streams = await Promise.all(Array.from({ length: VISITOR_STREAMS_MAX }, () => readSse(url, as(visitor))))
  const beyond = await readSse(url, as(visitor))
  expect(beyond.status).toBe(503)
  streams[0]?.close()
  await expect.poll(async () => (await readSse(url, as(visitor))).status).toBe(200)
})
