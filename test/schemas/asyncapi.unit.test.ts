import { type ChannelInterface, type MessageInterface, Parser } from '@asyncapi/parser'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { newActor } from '../../actors/core/actor.ts'
import { eventsOf } from '../../pipeline/dispatcher/outgoing-messages.ts'
import { ASYNCAPI_VERSIONS, asyncApiDocument } from '../../schemas/asyncapi.ts'
import { outEventSchema } from '../../schemas/asyncapi-messages.ts'
import { inputSchema } from '../../schemas/envelope.ts'
import { JUDGEMENTS, KNOWN_EMITS, KNOWN_INPUTS } from '../../schemas/events.ts'
import { address, message, recordOf } from '../support/core-helpers.ts'
import { toyKind } from '../support/toy-kind.ts'

/** Recommendations of the parser that do not concern validity. */
const ADVICE = new Set(['asyncapi-latest-version', 'asyncapi-info-license', 'asyncapi-info-contact', 'asyncapi-id'])

const parse = async (document: unknown) => {
  const { document: parsed, diagnostics } = await new Parser().parse(JSON.stringify(document))
  const found = diagnostics.filter(({ code }) => !ADVICE.has(String(code)))
  const problems = found.map(({ path, message: says }) => `${path.join('.')}: ${says}`)
  if (parsed === undefined) throw new Error(problems.join('\n'))
  return { parsed, problems }
}
let parsed: Awaited<ReturnType<typeof parse>>['parsed']
const messageOfType = (id: string): MessageInterface => {
  const found = parsed.components().messages().get(id)
  if (found === undefined) throw new Error(`no message ${id}`)
  return found
}
/** The JSON schema of a message's payload, as a validator in another language would use it. */
const payloadSchema = (id: string): z.ZodType => z.fromJSONSchema(messageOfType(id).payload()?.json() as z.core.JSONSchema.JSONSchema)

beforeAll(async () => {
  ;({ parsed } = await parse(asyncApiDocument([toyKind])))
})

describe('the document', () => {
  const cases = [
    ['without kinds', []],
    ['with a kind', [toyKind]],
  ] as const
  test.each(cases)('passes a parser without a finding: %s', async (_, kinds) => {
    for (const version of ASYNCAPI_VERSIONS) expect((await parse(asyncApiDocument(kinds, version))).problems).toEqual([])
  })

  test('names the channels of the contract, their parameters and the server on loopback', () => {
    const channels = parsed.channels().all()
    const parametersOf = (channel: ChannelInterface) =>
      channel
        .parameters()
        .all()
        .map((parameter) => parameter.id())
    expect(channels.map((channel) => [channel.address(), parametersOf(channel)])).toEqual([
      ['in.{tenant}.{kind}.{id}', ['tenant', 'kind', 'id']],
      ['out.{tenant}.{kind}.{id}.{type}', ['tenant', 'kind', 'id', 'type']],
      ['live.{tenant}.{kind}.{id}', ['tenant', 'kind', 'id']],
      ['dead.{reason}.{tenant}.{kind}.{id}', ['reason', 'tenant', 'kind', 'id']],
    ])
    expect(
      parsed
        .servers()
        .all()
        .map((server) => `${server.protocol()}://${server.host()}`),
    ).toEqual(['nats://127.0.0.1:4222'])
    expect(
      parsed
        .operations()
        .all()
        .map((operation) => [operation.action(), operation.channels().all()[0]?.id()]),
    ).toEqual([
      ['receive', 'in'],
      ['send', 'out'],
      ['send', 'live'],
      ['send', 'dead'],
    ])
  })

  test('has a message for each known type, and for each type of a kind', () => {
    const names = (channel: string) =>
      parsed
        .channels()
        .get(channel)
        ?.messages()
        .all()
        .map((known) => known.name())
    expect(names('in')).toEqual([...Object.keys(KNOWN_INPUTS), ...Object.keys(JUDGEMENTS), ...Object.keys(toyKind.events)])
    expect(names('out')).toEqual([...Object.keys(KNOWN_EMITS), ...Object.keys(toyKind.emits)])
    expect(names('dead')).toEqual(['rejected', 'task_failed'])
    expect(names('live')).toEqual(['delta', 'reset', 'place', 'typing'])
    for (const channel of ['in', 'out', 'dead']) {
      const known = parsed.channels().get(channel)?.messages().all() ?? []
      for (const one of known) expect(one.headers()?.property('Nats-Msg-Id')?.type()).toBe('string')
    }
  })

  test('has one message for each kind and type, also for a known one', () => {
    const emits = { 'message.sent': z.object({ text: z.string() }) }
    const document = asyncApiDocument([{ name: 'chat', version: 1, events: KNOWN_INPUTS, emits }])
    const known = ['message.received', 'conversation.imported']
    expect(Object.keys(document.channels.in.messages)).toEqual([
      ...known.map((type) => `in.${type}`),
      'in.intent.corrected',
      'in.answer.reviewed',
      ...known.map((type) => `in.chat.${type}`),
    ])
    expect(Object.keys(document.channels.out.messages)).toContain('out.chat.message.sent')
  })

  test('has flat payloads, with a title of their own each', () => {
    const events = { 'a.b': z.object({}), a_b: z.object({}), 订单: z.object({ lines: z.array(z.object({ 数: z.int() })) }) }
    const document = asyncApiDocument([{ name: 'shop', version: 1, events, emits: {} }])
    const payloads = Object.values(document.components.messages).map(({ payload }) => payload as { title: string })
    const titles = payloads.flatMap((payload) => payload.title ?? [])
    expect(new Set(titles).size).toBe(titles.length)
    expect(titles).toEqual(expect.arrayContaining(['ShopABInput', 'ShopABInput2', 'ShopU8ba2U5355Input', 'MessageReceivedInput']))
    for (const title of titles) expect(title).toMatch(/^[A-Z][A-Za-z0-9]*$/)
    expect(JSON.stringify(payloads)).not.toContain('allOf')
    expect(JSON.stringify(payloads)).toContain('"title":"ShopU8ba2U5355InputDataLinesItem"')
  })

  test('lets a producer leave the role of a message out', () => {
    const kinds = [{ name: 'chat', version: 1, events: { 'message.received': KNOWN_INPUTS['message.received'] }, emits: {} }]
    const inputs = Object.entries(asyncApiDocument(kinds).components.messages).filter(([key]) => key.endsWith('message.received'))
    expect(inputs).toHaveLength(2)
    for (const [, { payload }] of inputs) {
      const schema = z.fromJSONSchema(payload)
      expect(schema.safeParse({ type: 'message.received', data: { text: 'hi' } }).success).toBe(true)
    }
  })

  test('is valid with types of any characters', async () => {
    const events = { '订单/下单': z.object({ 编号: z.string() }), 'a b': z.object({}) }
    const document = asyncApiDocument([{ name: 'shop', version: 2, events, emits: {} }])
    expect((await parse(document)).problems).toEqual([])
    expect(Object.keys(document.channels.in.messages)).toHaveLength(6)
  })
})

describe('the examples', () => {
  const examplesOf = (id: string) => messageOfType(id).examples().all()
  const idsOf = (prefix: string, known: object): string[] => Object.keys(known).map((type) => `${prefix}.${type}`)

  test('of inputs pass the checks of the code and of the document', () => {
    for (const [type, schema] of Object.entries(KNOWN_INPUTS)) {
      const examples = examplesOf(`in.${type}`)
      expect(examples.length).toBeGreaterThan(0)
      for (const example of examples) {
        const input = inputSchema.parse(example.payload())
        expect(schema.safeParse(input.data).error).toBeUndefined()
        expect(payloadSchema(`in.${type}`).safeParse(example.payload()).error).toBeUndefined()
      }
    }
  })

  test('of events pass the checks of the code and of the document', () => {
    for (const [type, schema] of Object.entries(KNOWN_EMITS)) {
      const examples = examplesOf(`out.${type}`)
      expect(examples.length).toBeGreaterThan(0)
      for (const example of examples) {
        expect(schema.safeParse(outEventSchema.parse(example.payload()).data).error).toBeUndefined()
        expect(payloadSchema(`out.${type}`).safeParse(example.payload()).error).toBeUndefined()
      }
    }
    const [failed] = examplesOf('dead.task_failed')
    expect(payloadSchema('dead.task_failed').safeParse(failed?.payload()).error).toBeUndefined()
  })

  test('are in English and in Chinese', () => {
    const examples = [...idsOf('in', KNOWN_INPUTS), ...idsOf('out', KNOWN_EMITS)].flatMap(examplesOf)
    const chinese = examples.filter((example) => /\p{Script=Han}/u.test(JSON.stringify(example.payload())))
    expect(chinese.length).toBeGreaterThanOrEqual(3)
    expect(examples.length - chinese.length).toBeGreaterThanOrEqual(3)
  })

  test('would fail if they were wrong', () => {
    const received = payloadSchema('in.message.received')
    expect(received.safeParse({ type: 'message.received', data: { role: 'nobody', text: 'x' } }).success).toBe(false)
    expect(received.safeParse({ type: 'message.sent', data: { role: 'user', text: 'x' } }).success).toBe(false)
    expect(received.safeParse({ type: 'message.received', id: '', data: { role: 'user', text: 'x' } }).success).toBe(false)
  })
})

test('a published event matches the document', () => {
  const record = recordOf(newActor(address), message(1, { type: 'add', data: { by: 1 }, correlationid: 'c-1' }))
  const [event] = eventsOf(address, record)
  const payload: unknown = JSON.parse(event?.payload ?? '')
  expect(payloadSchema('out.toy.counted').parse(payload)).toEqual(payload)
  expect(Object.keys(outEventSchema.strict().parse(payload))).toContain('correlationid')
})
