import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { tenantKind } from '../../../actors/kinds/tenant/kind.ts'
import type { HttpServer } from '../../../pipeline/http/http-server.ts'
import { type LivePiece, livePieceSchema } from '../../../schemas/live-messages.ts'
import type { StreamMode } from '../../../schemas/stream-mode.ts'
import { inputSubject, liveSubject, outSubjectsOf } from '../../../schemas/subjects.ts'
import { startChatServer } from '../../support/chat-system.ts'
import { clientOf } from '../../support/http-requests.ts'
import { breaksAfter, completion, endless, inRotation, type ModelEndpoint, startModelEndpoint } from '../../support/model-endpoint.ts'
import { readSse } from '../../support/sse-reader.ts'
import { streamingKind } from '../../support/streaming-kind.ts'
import { startSystem, type System } from '../../support/test-system.ts'

let model: ModelEndpoint
let system: System
let server: HttpServer
let ids = 0

beforeAll(async () => {
  model = await startModelEndpoint()
  const settings = { ROLES: 'host,dispatch,tasks', LLM_BASE_URL: model.url, LLM_MODEL: 'tiny', STREAM: 'sentence' } as const
  system = await startSystem({ kinds: [streamingKind, tenantKind], settings })
  server = await startChatServer(system)
  for (const mode of ['token', 'off'] as const) {
    const input = { type: 'tenant.set', id: 's-1', data: { key: 'STREAM', value: mode } }
    const set = await clientOf(server.url).post(`/v1/in/${mode}/tenant/${mode}?wait=actor`, input)
    expect(set.status).toBe(200)
  }
})
afterAll(async () => {
  await server.stop()
  await system.stop()
  await model.stop()
})
beforeEach(() => model.react(completion('It is free. Ask us [1]! Good bye.')))

const readActor = async (tenant: string, kind: string, id: string): Promise<Record<string, unknown>> =>
  (await (await fetch(`${server.url}/v1/actors/${tenant}/${kind}/${id}`)).json()) as Record<string, unknown>

/** Asks, and takes all that is told until the reply, in the order in which it comes. */
async function ask(mode: StreamMode) {
  const address = { tenant: mode === 'sentence' ? 'acme' : mode, kind: 'streaming', id: `a${++ids}` }
  const told: LivePiece[] = []
  const sent: string[] = []
  const { nc } = system.running.jetstream
  const live = nc.subscribe(liveSubject(address), {
    callback(_, message) {
      // All that is told comes before the reply.
      expect(sent).toEqual([])
      told.push(livePieceSchema.parse(message.json()))
    },
  })
  const out = nc.subscribe(outSubjectsOf(address), {
    callback: (_, message) => void sent.push(message.json<{ data: { text: string } }>().data.text),
  })
  onTestFinished(() => {
    live.unsubscribe()
    out.unsubscribe()
  })
  await nc.flush()
  const input = { type: 'message.received', id: 'm-1', data: { role: 'user', text: 'How much?' } }
  await system.running.jetstream.publisher.publish(inputSubject(address), JSON.stringify(input))
  await expect.poll(() => sent).toHaveLength(1)
  const texts = told.map((one) => (one.event === 'delta' ? one.text : `reset: ${one.reason}`))
  return { told, texts, counted: texts.slice(texts.findLastIndex((text) => text.startsWith('reset: ')) + 1).join(''), sent: sent[0] }
}

describe('a reply over NATS', () => {
  test('is told by sentences that the gate has passed, before it is sent', async () => {
    const { told, texts, sent } = await ask('sentence')
    expect(texts).toEqual(['It is free.', ' Ask us!', ' Good bye.'])
    expect(told).toMatchObject([0, 1, 2].map((index) => ({ event: 'delta', attempt: 1, index })))
    expect(new Set(told.map(({ run }) => run)).size).toBe(1)
    expect(sent).toBe('It is free. Ask us! Good bye.')
  })

  test('is told piece by piece where the tenant wants it, and joins to what is sent', async () => {
    const { texts, sent } = await ask('token')
    expect(texts.length).toBeGreaterThan(1)
    expect(texts.join('')).toBe(sent)
  })

  test('is not told where the tenant wants nothing', async () => {
    const { texts, sent } = await ask('off')
    expect([texts, sent]).toEqual([[], 'It is free. Ask us! Good bye.'])
  })

  test('that breaks off is reset, and told again from its beginning when the task is repeated', async () => {
    model.react(inRotation(breaksAfter('It costs 5 EUR. Ask'), completion('It is free. Bye.')))
    const { told, texts, sent } = await ask('sentence')
    expect(texts).toEqual(['It costs 5 EUR.', 'reset: model_unavailable', 'It is free.', ' Bye.'])
    const attempts = told.map(({ attempt }) => attempt)
    expect(attempts.slice(0, 2)).toEqual([1, 1])
    expect(attempts[2]).toBeGreaterThan(1)
    expect(attempts[3]).toBe(attempts[2])
    expect(sent).toBe('It is free. Bye.')
  })

  test.each(['sentence', 'token'] as const)('that is refused is taken back, and its replacement told (%s)', async (mode) => {
    model.react(completion('Hello there. The secret is 7. Good bye.'))
    const { texts, counted, sent } = await ask(mode)
    if (mode === 'sentence') {
      expect(texts).toEqual(['Hello there.', 'reset: secret', 'Sorry, a person will answer.'])
      expect(texts.join('')).not.toContain('The secret')
    } else expect(texts).toContain('reset: secret')
    expect(counted).toBe(sent)
  })
})

test('a client of a chat that leaves stops the request to the model, and nothing more is told', async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  model.react(async (response, request) => {
    void once(response, 'close').then(() => resolve())
    await endless('One. Two ', 20)(response, request)
  })
  const id = `a${++ids}`
  const reader = await readSse(`${server.url}/v1/out/token/streaming/${id}?after=0`)
  onTestFinished(reader.close)
  const leaving = new AbortController()
  const chat = fetch(`${server.url}/v1/chat/token/${id}?kind=streaming`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'How much?', id: 'm-1' }),
    signal: leaving.signal,
  }).catch(() => undefined)
  const deltas = () => reader.events.filter(({ type }) => type === 'delta').length
  await expect.poll(deltas).toBeGreaterThan(2)
  leaving.abort()
  await chat
  await closed
  await expect.poll(async () => (await readActor('token', 'streaming', id))['state']).toBe('idle')
})
