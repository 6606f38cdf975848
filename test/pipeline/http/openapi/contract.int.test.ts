import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DESCRIBED_ROUTES } from '../../../../pipeline/http/described-routes.ts'
import { openApiDocument } from '../../../../pipeline/http/openapi/openapi-document.ts'
import { clientOf, type HttpClient } from '../../../support/http-requests.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

type Json = Readonly<Record<string, unknown>>

/** A valid request of a route. */
interface Call {
  readonly path: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
  /** Default 200. */
  readonly status?: number
  /** The answer has no end: only its beginning is read. */
  readonly isEndless?: true
}

const SITE = 'https://shop.example'
const MESSAGE = { type: 'message.received', data: { role: 'user', text: '寄到挪威要多久？' } }

/** Valid requests of every route, by its name. A new route has to be described, and to be called here. */
const CALLS: Readonly<Record<string, readonly Call[]>> = {
  chat: [
    { path: '/v1/chat/acme/c1?kind=support', body: { text: 'How long does shipping to Norway take?' } },
    { path: '/v1/chat/acme/c1?timeoutMs=1', body: { text: '谢谢' }, status: 202 },
  ],
  followConversation: [{ path: '/v1/chat/acme/c1/messages?kind=support', isEndless: true }],
  startVisit: [{ path: '/v1/visitors/acme', body: { kind: 'support' }, headers: { origin: SITE } }],
  getWidget: [{ path: '/widget.js' }],
  getWidgetPart: [{ path: '/widget/panel.js' }],
  createChatCompletion: [
    { path: '/v1/chat/completions', body: { model: 'acme/support', messages: [{ role: 'user', content: '怎么退货？' }], user: 'c2' } },
    { path: '/v1/chat/completions', body: { model: 'support', messages: [{ role: 'user', content: 'Thanks' }], stream: true } },
  ],
  listModels: [{ path: '/v1/models' }],
  getModel: [{ path: '/v1/models/support' }, { path: '/v1/models/acme%2Fsupport' }],
  storeInput: [
    { path: '/v1/in/acme/support/c3', body: MESSAGE, status: 202 },
    { path: '/v1/in/acme/support/c3', body: { type: 'nothing.declared', data: {} }, status: 202 },
    { path: '/v1/in/acme/support/c3?wait=tables&timeoutMs=60000', body: MESSAGE },
    {
      path: '/v1/in/acme/support/c3?wait=actor',
      body: [MESSAGE, MESSAGE],
      headers: { 'content-type': 'application/cloudevents-batch+json', 'idempotency-key': 'k-1' },
    },
  ],
  followActor: [
    { path: '/v1/out/acme/support/c3', isEndless: true },
    { path: '/v1/out/acme/support/c3?after=0', isEndless: true },
  ],
  tellTyping: [{ path: '/v1/typing/acme/support/c3', body: { who: '李敏', role: 'agent' }, status: 202 }],
  openSocket: [{ path: '/v1/ws', status: 426 }],
  getActor: [{ path: '/v1/actors/acme/support/c3' }, { path: '/v1/actors/acme/support/c3?at=1' }],
  getCustomer: [{ path: '/v1/customers/acme/k-7' }, { path: `/v1/customers/acme/${encodeURIComponent('李雷 *.>')}?limit=1&before=9` }],
  search: [{ path: '/v1/search?tenant=acme&q=Norway' }, { path: '/v1/search?tenant=acme&q=挪威&mode=keyword&limit=3&all=true' }],
  understand: [{ path: '/v1/understand', body: { tenant: 'acme', text: '我要退货', history: [{ role: 'user', text: '你好' }] } }],
  evaluate: [{ path: '/v1/evaluate', body: { query: '退货要几天？', response: '14 天。', context: ['14 天内可以退货。'] } }],
  evaluateQuality: [{ path: '/v1/evaluate-quality', body: { query: 'How long?', response: 'Five days.' } }],
  getOpenApi: [{ path: '/openapi.json' }],
  isAlive: [{ path: '/healthz' }],
  isReady: [{ path: '/readyz' }],
  getMetrics: [{ path: '/metrics' }],
}

interface Operation {
  readonly method: string
  readonly path: string
  readonly operationId: string
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>> }>
  >
}

let system: System
let http: HttpClient
/** Routes that the server has, as `GET /v1/…`. */
const served = new Set<string>()
let document: ReturnType<typeof openApiDocument>
let operations: Operation[]
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })

beforeAll(async () => {
  system = await startSystem({
    settings: { WIDGET_ORIGINS: SITE },
    moreRoutes: (app) => {
      app.addHook('onRoute', ({ method, url }) => {
        // Those that refuse all other methods have many, and each GET has a HEAD.
        const methods = [method].flat()
        if (methods.length < 5) for (const one of methods) if (one !== 'HEAD') served.add(`${one} ${url}`)
      })
    },
  })
  http = clientOf(system.running.http?.url ?? '')
  const { body } = await http.get('/openapi.json')
  document = openApiDocument(DESCRIBED_ROUTES)
  expect(body).toEqual(structuredClone(document))
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...(operation as Operation), path, method: method.toUpperCase() })),
  )
  await vi.waitUntil(async () => (await http.get('/v1/search?tenant=acme&q=Norway')).status === 200, { timeout: 60_000, interval: 100 })
}, 120_000)
afterAll(() => system.stop())

test('the document has every route of the server, and no other', () => {
  const described = new Set(DESCRIBED_ROUTES.map(({ method, path }) => `${method} ${path}`))
  expect([...described].sort()).toEqual([...served].sort())
})

test('every route of the document is called here', () => {
  expect(Object.keys(CALLS).sort()).toEqual(operations.map(({ operationId }) => operationId).sort())
})

/** The schema of an answer, without members that it does not list: clients may get more in a later version, but today they are told all. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]))
  return 'properties' in schema && !('additionalProperties' in schema) ? { ...members, additionalProperties: false } : members
}

/** The data of the events in a stream, without the last one, which is no JSON. */
function eventsIn(body: Json): unknown[] {
  const data = String(body['text'])
    .split('\n')
    .filter((line) => line.startsWith('data: '))
  expect(data.pop()).toBe('data: [DONE]')
  return data.map((line) => JSON.parse(line.slice('data: '.length)) as unknown)
}

/** Why an answer is not what the document declares; none where it is. */
function problemsOf({ responses, operationId }: Operation, status: number, type: string, body: Json): string[] {
  const media = responses[status]?.content[type]
  if (media === undefined) return [`${operationId} does not declare ${status} ${type}`]
  const name = media.schema.$ref?.split('/').at(-1)
  if (name === undefined) return []
  const validate = ajv.compile(closed((document.components.schemas as Record<string, Json>)[name]) as Json)
  const bodies = type === 'text/event-stream' ? eventsIn(body) : [body]
  if (bodies.every((one) => validate(one))) return []
  return (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
}

const typeOf = (headers: Headers): string => headers.get('content-type')?.replace(/;.*/, '') ?? ''
const open = async (path: string) => {
  const { status, headers, body } = await fetch(`${system.running.http?.url ?? ''}${path}`)
  await body?.cancel()
  return { status, headers, body: {} }
}
const send = ({ method }: Operation, { path, body, headers, isEndless }: Omit<Call, 'status'>) =>
  isEndless === true ? open(path) : method === 'GET' ? http.get(path) : http.post(path, body, headers)

describe('a route answers as the document says', { timeout: 120_000 }, () => {
  test.each(Object.entries(CALLS))('%s', async (name, calls) => {
    const operation = operations.find(({ operationId }) => operationId === name)
    if (operation === undefined) throw new Error(`${name} is not in the document`)
    for (const call of calls) {
      const { status, headers, body } = await send(operation, call)
      expect([status, call.path], JSON.stringify(body)).toEqual([call.status ?? 200, call.path])
      expect(problemsOf(operation, status, typeOf(headers), body), call.path).toEqual([])
      expect(call.path.split('?')[0]).toMatch(new RegExp(`^${operation.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`))
    }
  })

  test('also to a request that is wrong', async () => {
    for (const operation of operations) {
      const [call] = CALLS[operation.operationId] ?? []
      if (call === undefined) continue
      const wrong =
        operation.method === 'POST'
          ? { path: call.path, body: '{' }
          : { path: call.path.replace(/\?.*/, '').replace(/acme|support/, 'no%20one') }
      const { status, headers, body } = await send(operation, wrong)
      const isFine = status < 400
      expect(isFine ? [] : problemsOf(operation, status, typeOf(headers), body), operation.operationId).toEqual([])
      if (operation.method === 'POST') expect([operation.operationId, status]).toEqual([operation.operationId, 400])
    }
  })
})
