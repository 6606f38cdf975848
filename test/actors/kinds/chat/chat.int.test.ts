import { afterAll, beforeAll, expect, test } from 'vitest'
import { createChat } from '../../../../actors/kinds/chat/kind.ts'
import type { HttpServer } from '../../../../pipeline/http/http-server.ts'
import { inputSubject } from '../../../../schemas/subjects.ts'
import { modelSettings } from '../../../support/answering-system.ts'
import { startChatServer } from '../../../support/chat-system.ts'
import { toolChat } from '../../../support/chat-tools.ts'
import { clientOf, type HttpClient } from '../../../support/http-requests.ts'
import { completion, failure, type ModelEndpoint, type Reaction, startModelEndpoint, toolCalls } from '../../../support/model-endpoint.ts'
import { caughtUp, publishAll, rows, tablesBesideLog } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

interface Event {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

const WAIT = { timeout: 60_000, interval: 50 }
const TIMEOUT_MS = 180_000

let endpoint: ModelEndpoint
let system: System
let server: HttpServer
let http: HttpClient
const told = new Map<string, Event[]>()

beforeAll(async () => {
  endpoint = await startModelEndpoint()
  const kinds = [toolChat, createChat({ name: 'plain' })]
  system = await startSystem({ kinds, settings: modelSettings(endpoint.url) })
  system.producer.subscribe('out.acme.*.>', {
    callback(_, message) {
      const id = message.subject.split('.').slice(2, 4).join('/')
      told.set(id, [...(told.get(id) ?? []), message.json<Event>()])
    },
  })
  await system.producer.flush()
  server = await startChatServer(system)
  http = clientOf(server.url)
}, TIMEOUT_MS)
afterAll(async () => {
  await server.stop()
  await system.stop()
  await endpoint.stop()
})

let sent = 0
const send = (actor: string, type: string, data: object, id = `i-${++sent}`) => {
  const [kind = '', name = ''] = actor.split('/')
  return publishAll(system, [{ subject: inputSubject({ tenant: 'acme', kind, id: name }), body: { type, id, data } }])
}
const says = (actor: string, text: string, id?: string) => send(actor, 'message.received', { role: 'user', text }, id)
const emitted = (actor: string, type: string) => (told.get(actor) ?? []).filter((event) => event.type === type).map(({ data }) => data)
const reply = async (actor: string, id: string): Promise<Event['data']> => {
  await expect.poll(() => emitted(actor, 'message.sent').find(({ replyTo }) => replyTo === id), WAIT).toBeDefined()
  return emitted(actor, 'message.sent').find(({ replyTo }) => replyTo === id) ?? {}
}

/** Tools first, where the request offers them and has no results yet; then a text. */
const toolsThen =
  (first: Reaction, text: string): Reaction =>
  (response, request) => {
    const body = endpoint.asked.at(-1)?.body
    const hasResult = body?.messages.some(({ role }) => role === 'tool') === true
    return (body?.tools === undefined || hasResult ? completion(text) : first)(response, request)
  }

test(
  'a model calls a tool by the wire of OpenAI, and answers from its result; each call is recorded',
  async () => {
    endpoint.react(toolsThen(toolCalls({ name: 'weather', args: '{"city":"Oslo"}' }), 'It is 4 degrees.'))
    await says('chat/w', 'How is the weather in Oslo?', 'w-1')
    expect(await reply('chat/w', 'w-1')).toMatchObject({ text: 'It is 4 degrees.', made: 'model', model: 'tiny', tokensIn: 120 })
    expect(emitted('chat/w', 'tool.called')).toEqual([{ call: '1-1', name: 'weather', args: { city: 'Oslo' } }])
    expect(emitted('chat/w', 'tool.answered')).toEqual([{ call: '1-1', name: 'weather', result: '{"degrees":4}', isCut: false }])
    const last = endpoint.asked.at(-1)?.body
    expect(last?.tools?.find((tool) => tool.function.name === 'weather')).toMatchObject({
      function: { parameters: { type: 'object', properties: { city: { type: 'string', minLength: 2 } }, required: ['city'] } },
    })
    expect(last?.messages.slice(-2)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: '1-1', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }] },
      { role: 'tool', tool_call_id: '1-1', content: expect.stringContaining('| {"degrees":4}') as string },
    ])
  },
  TIMEOUT_MS,
)

test(
  'a call waits for a person; a tool that hangs, an unknown one and wrong arguments end in a reply',
  async () => {
    endpoint.react(toolsThen(toolCalls({ name: 'refund', args: '{"cents":500}' }), '钱已退回。'))
    await says('chat/r', '我要退款，五块钱。', 'r-1')
    await expect.poll(() => emitted('chat/r', 'tool.proposed'), WAIT).toEqual([{ call: '1-1', name: 'refund', args: { cents: 500 } }])
    await send('chat/r', 'tool.approved', { call: '1-1', by: 'ann' })
    expect(await reply('chat/r', 'r-1')).toMatchObject({ text: '钱已退回。', lang: 'zh' })

    endpoint.react(toolsThen(toolCalls({ name: 'stuck', args: '{}' }), 'It hangs.'))
    await says('chat/s', 'Try the one that never ends.', 's-1')
    expect(await reply('chat/s', 's-1')).toMatchObject({ text: 'It hangs.' })
    expect(emitted('chat/s', 'tool.failed')).toMatchObject([{ name: 'stuck', code: 'deadline' }])

    endpoint.react(toolsThen(toolCalls({ name: 'nope', args: '{"a":' }, { name: 'weather', args: '{"city":1}' }), 'I could not.'))
    await says('chat/b', 'Try what is wrong.', 'b-1')
    expect(await reply('chat/b', 'b-1')).toMatchObject({ text: 'I could not.' })
  },
  TIMEOUT_MS,
)

test(
  'a model that calls tools for ever is offered none after eight calls',
  async () => {
    endpoint.react((response, request) => {
      const isOffered = endpoint.asked.at(-1)?.body.tools !== undefined
      return (isOffered ? toolCalls({ name: 'weather', args: '{"city":"Rome"}' }) : completion('Enough.'))(response, request)
    })
    await says('chat/e', 'Again and again?', 'e-1')
    expect(await reply('chat/e', 'e-1')).toMatchObject({ text: 'Enough.' })
    expect(emitted('chat/e', 'tool.called')).toHaveLength(8)
  },
  TIMEOUT_MS,
)

const chats = (id: string, body: object) => http.post(`/v1/chat/acme/${id}?kind=chat&timeoutMs=60000`, body)

test(
  'over /v1/chat a reply comes after its tool calls, of which eight of nine are done, and once for each message',
  async () => {
    const nine = Array.from({ length: 9 }, (_, index) => ({ name: 'weather', args: JSON.stringify({ city: `City ${index}` }) }))
    endpoint.react(toolsThen(toolCalls(...nine), 'Nine cities. 九座城市。'))
    const first = await chats('n', { id: 'n-1', text: 'How is the weather in nine cities?' })
    expect(first).toMatchObject({ status: 200, body: { reply: { text: 'Nine cities. 九座城市。', replyTo: 'n-1', made: 'model' } } })
    const again = await chats('n', { id: 'n-1', text: 'How is the weather in nine cities?' })
    expect(again.body['reply']).toEqual(first.body['reply'])
    expect(emitted('chat/n', 'tool.called').map(({ args }) => args)).toEqual(
      Array.from({ length: 8 }, (_, index) => ({ city: `City ${index}` })),
    )
    expect(emitted('chat/n', 'message.sent')).toHaveLength(1)
  },
  TIMEOUT_MS,
)

test(
  'a call that the model writes as text is done, and not shown while it is written; one of a tool that is not offered is not',
  async () => {
    endpoint.react(toolsThen(completion('<tool_call>{"name":"weather","arguments":{"city":"أوسلو"}}</tool_call>'), 'الطقس بارد اليوم.'))
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-conversation-id': 'rtl', 'x-provisional': 'true' },
      body: JSON.stringify({ model: 'acme/chat', stream: true, messages: [{ role: 'user', content: 'كيف الطقس في أوسلو؟' }] }),
    })
    const stream = await response.text()
    expect(stream).not.toMatch(/tool_call|reply_replaced/)
    const pieces = stream.matchAll(/"content":("(?:[^"\\]|\\.)*")/g)
    expect(Array.from(pieces, ([, piece = '""']) => JSON.parse(piece) as string).join('')).toBe('الطقس بارد اليوم.')
    expect(stream).toContain('[DONE]')
    expect(emitted('chat/rtl', 'tool.called')).toEqual([{ call: '1-1', name: 'weather', args: { city: 'أوسلو' } }])

    endpoint.react(toolsThen(completion('<tool_call>{"name":"rocket","arguments":{}}</tool_call>'), '没有这个工具。'))
    expect((await chats('u', { id: 'u-1', text: '发射火箭' })).body['reply']).toMatchObject({ text: '没有这个工具。' })
    expect(emitted('chat/u', 'tool.called')).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'a message of 1 MB is refused with the limit, and the conversation goes on',
  async () => {
    endpoint.react(completion('Here I am.'))
    const { status, body } = await chats('big', { id: 'big-1', text: '长'.repeat(350_000) })
    expect([status, body['code']]).toEqual([413, 'too_large'])
    expect((await chats('big', { id: 'big-2', text: 'x '.repeat(60_000) })).body['reply']).toMatchObject({ text: 'Here I am.' })
  },
  TIMEOUT_MS,
)

test(
  'what was said beyond the window is found in the index, without a model too, and what was not said is not known',
  async () => {
    endpoint.react(failure(400))
    await says('plain/m', 'My dog is called Bruno, by the way.', 'm-0')
    for (let count = 1; count <= 14; count++) {
      await says('plain/m', count % 2 === 0 ? `Today is day ${count} of my holiday.` : `今天是假期第${count}天。`, `m-${count}`)
      await reply('plain/m', `m-${count}`)
    }
    await caughtUp(system)
    await says('plain/m', "What is my dog's name?", 'q-1')
    expect(await reply('plain/m', 'q-1')).toMatchObject({
      text: expect.stringContaining('Bruno') as string,
      made: 'memory',
      remembered: ['m-0'],
    })
    await says('plain/m', 'What is the name of my sister?', 'q-2')
    expect(await reply('plain/m', 'q-2')).toMatchObject({ text: expect.stringContaining('I do not know that') as string, remembered: [] })
    await says('plain/other', "What is my dog's name?", 'q-3')
    expect(await reply('plain/other', 'q-3')).toMatchObject({ text: expect.stringContaining('I do not know that') as string })
    expect(emitted('plain/m', 'memory.summarized').length).toBeGreaterThan(0)

    // The same message goes into the prompt of a model.
    endpoint.react(completion('Bruno.'))
    await says('plain/m', 'And again, what was the name of my dog?', 'q-4')
    expect(await reply('plain/m', 'q-4')).toMatchObject({ text: 'Bruno.', made: 'model' })
    const prompts = endpoint.asked.map(({ body }) => body.messages.map(({ content }) => content).join('\n'))
    expect(prompts.findLast((prompt) => prompt.includes('And again, what was'))).toMatch(
      /said="\d{4}-\d\d-\d\d" by="the person">\n\| My dog is called Bruno/,
    )
  },
  TIMEOUT_MS,
)

test(
  'a form is taken once; the tables equal the log',
  async () => {
    endpoint.react(completion('Thank you.'))
    await send('chat/f', 'form.wanted', { form: 'delivery' })
    await expect.poll(() => emitted('chat/f', 'form.asked'), WAIT).toMatchObject([{ id: 'f-1' }])
    await send('chat/f', 'form.submitted', { id: 'f-1', values: { city: 'X', floor: 1 } })
    await expect.poll(() => emitted('chat/f', 'form.asked'), WAIT).toMatchObject([{}, { problems: [{ field: 'city' }, { field: 'when' }] }])
    const values = { city: 'مدينة', floor: 1, when: 'evening' }
    await send('chat/f', 'form.submitted', { id: 'f-1', values }, 'f-right')
    await send('chat/f', 'form.submitted', { id: 'f-1', values: { ...values, floor: 2 } }, 'f-again')
    expect(await reply('chat/f', 'f-right')).toMatchObject({ text: 'Thank you.' })
    expect(emitted('chat/f', 'form.completed')).toEqual([{ id: 'f-1', name: 'delivery', values }])
    await caughtUp(system)
    expect(await rows(system, `SELECT name, status FROM tasks WHERE actor = 'w' AND name = 'tool'`)).toEqual([
      { name: 'tool', status: 'done' },
    ])
    expect(await tablesBesideLog(system)).toEqual([])
  },
  TIMEOUT_MS,
)
