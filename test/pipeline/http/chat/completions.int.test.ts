import { randomUUID } from 'node:crypto'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, type ModelMessage, streamText } from 'ai'
import OpenAI, { APIError } from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { takePlace } from '../../../../pipeline/http/wait-places.ts'
import { createFairPlaces } from '../../../../pipeline/runtime/fair-places.ts'
import { type ChatSystem, startChatServer, startChatSystem } from '../../../support/chat-system.ts'
import { createHeldTalk } from '../../../support/talking-kind.ts'

type Messages = OpenAI.Chat.ChatCompletionMessageParam[]

let chat: ChatSystem
let openai: OpenAI
const { talk, hold, release } = createHeldTalk()
const user = (content: string) => ({ role: 'user' as const, content })
const assistant = (content: string) => ({ role: 'assistant' as const, content })
const conversation = (): string => `c${randomUUID()}`
const TALKING = 'acme/talking'

beforeAll(async () => {
  chat = await startChatSystem(talk)
  openai = new OpenAI({ baseURL: `${chat.url}/v1`, apiKey: 'none' })
})
afterAll(async () => {
  release()
  await chat.stop()
})

const ask = (messages: Messages, id?: string, more: object = {}) =>
  openai.chat.completions
    .create({ model: TALKING, messages, ...more }, { headers: id === undefined ? {} : { 'x-conversation-id': id } })
    .withResponse()
const contentOf = async (messages: Messages, id?: string): Promise<string | null | undefined> =>
  (await ask(messages, id)).data.choices[0]?.message.content
const isApiError = (error: unknown): error is APIError => error instanceof APIError
const errorOf = (asking: Promise<unknown>): Promise<APIError> =>
  asking.then(
    () => {
      throw new Error('it was answered')
    },
    (error: unknown) => {
      if (isApiError(error)) return error
      throw error
    },
  )
const recordsOf = async (id: string) => (await chat.get(`/v1/actors/acme/talking/${id}`)).body['n']

describe("OpenAI's client", () => {
  test('holds a conversation of several turns under an id that the first answer gives', async () => {
    const messages: Messages = [{ role: 'system', content: 'You are a pirate.' }, user('寄到挪威要多久？')]
    const { data: first, response } = await ask(messages)
    const id = response.headers.get('x-conversation-id') ?? ''
    expect(id).toMatch(/^chat-[\w-]{24}$/)
    expect(first).toMatchObject({
      object: 'chat.completion',
      model: TALKING,
      choices: [{ index: 0, message: { role: 'assistant', content: 're: 寄到挪威要多久？' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 },
    })
    for (const text of ['and to Japan?', '谢谢']) {
      messages.push(assistant(`re: ${messages.at(-1)?.content as string}`), user(text))
      expect(await contentOf(messages, id)).toBe(`re: ${text}`)
    }
    // Three messages and three results of tasks: the history was not taken again.
    expect(await recordsOf(id)).toBe(6)
  })

  test('names the conversation by the member user, too', async () => {
    const id = conversation()
    const { response } = await ask([user('hello')], undefined, { user: id })
    expect(response.headers.get('x-conversation-id')).toBe(id)
    expect(await recordsOf(id)).toBe(2)
  })

  test('that repeats a request gets the recorded reply', async () => {
    const id = conversation()
    const first = await ask([user('hello')], id)
    const again = await ask([user(' hello ')], id)
    expect(again.data).toMatchObject({ id: first.data.id, choices: first.data.choices })
    expect(await recordsOf(id)).toBe(2)
  })

  test('that says the same again in its history, or under a new key, says it again', async () => {
    const id = conversation()
    await contentOf([user('yes')], id)
    await contentOf([user('yes'), assistant('re: yes'), user('yes')], id)
    expect(await recordsOf(id)).toBe(4)
    const headers = { 'x-conversation-id': id, 'idempotency-key': randomUUID() }
    for (let times = 0; times < 2; times += 1)
      await openai.chat.completions.create({ model: TALKING, messages: [user('yes')] }, { headers })
    expect(await recordsOf(id)).toBe(6)
  })

  test('that sends several messages of the user has each of them answered, in order', async () => {
    const id = conversation()
    expect(await contentOf([user('one'), user('two')], id)).toBe('re: one\n\nre: two')
    expect(await contentOf([user('one'), user('two'), assistant('re: one\n\nre: two'), user('三')], id)).toBe('re: 三')
    expect(await contentOf([user('说两次')], id)).toBe('第一\n\n第二')
  })

  test('reads content in parts', async () => {
    const parts = [
      { type: 'text' as const, text: 'hel' },
      { type: 'text' as const, text: 'lo' },
    ]
    expect(await contentOf([{ role: 'user', content: parts }])).toBe('re: hello')
  })

  test('whose history contradicts the recorded one gets 409 with both', async () => {
    const id = conversation()
    await contentOf([user('hello')], id)
    for (const given of [
      [user('hello'), assistant('something else'), user('more')],
      [user('hullo'), assistant('re: hello'), user('more')],
      [user('hello'), assistant('re: hello'), user('never sent'), assistant('never said'), user('more')],
    ]) {
      const error = await errorOf(contentOf(given, id))
      expect([error.status, error.code, error.type, error.param]).toEqual([409, 'history_conflict', 'invalid_request_error', 'messages'])
      expect(error.error).toMatchObject({ recorded: [user('hello'), assistant('re: hello')], given })
    }
    expect(await recordsOf(id)).toBe(2)
  })

  test('that never got a reply may go on without it', async () => {
    hold()
    const id = conversation()
    const late = await errorOf(
      openai.chat.completions
        .create({ model: TALKING, messages: [user('slow')] }, { headers: { 'x-conversation-id': id, 'x-timeout-ms': '200' } })
        .then(),
    )
    expect([late.status, late.code, late.type]).toEqual([504, 'wait_timeout', 'server_error'])
    release()
    await expect.poll(() => recordsOf(id)).toBe(2)
    expect(await contentOf([user('slow'), user('next')], id)).toBe('re: next')
    expect(await contentOf([user('slow'), user('next'), assistant('re: next'), user('last')], id)).toBe('re: last')
  })

  test('that names its user by an e-mail address goes on with the same conversation, whose id does not tell it', async () => {
    const asked = { model: TALKING, user: `${conversation()}@example.com` }
    const { data, response } = await openai.chat.completions.create({ ...asked, messages: [user('hello')] }).withResponse()
    expect(data.choices[0]?.message.content).toBe('re: hello')
    expect(response.headers.get('x-conversation-id')).toMatch(/^user-[0-9a-f]{32}$/)
    const next = await openai.chat.completions.create({ ...asked, messages: [user('next')] }).withResponse()
    expect(next.response.headers.get('x-conversation-id')).toBe(response.headers.get('x-conversation-id'))
  })

  test('lists the kinds, and gets one', async () => {
    const models = await openai.models.list()
    expect(models.data.map(({ id }) => id)).toEqual(['front', 'quoting', 'support', 'talking'])
    expect(await openai.models.retrieve(TALKING)).toMatchObject({ id: TALKING, object: 'model', owned_by: 'colloquy' })
    const error = await errorOf(openai.models.retrieve('nobody'))
    expect([error.status, error.code]).toEqual([404, 'model_not_found'])
  })

  test.each<[number, string, string | null, object]>([
    [404, 'model_not_found', 'model', { model: 'nobody' }],
    [404, 'model_not_found', 'model', { model: 'a/b/talking' }],
    [400, 'bad_subject', null, { model: 'colloquy/talking' }],
    [400, 'unsupported_parameter', 'n', { n: 2 }],
    [400, 'unsupported_parameter', 'tools', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    [400, 'unsupported_parameter', 'response_format', { response_format: { type: 'json_object' } }],
    [
      400,
      'unsupported_parameter',
      'messages.0.content',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
    ],
    [400, 'unsupported_parameter', 'messages.1', { messages: [user('a'), { role: 'tool', content: 'x', tool_call_id: 't' }] }],
    [400, 'bad_query', 'messages', { messages: [] }],
    [400, 'bad_query', 'messages', { messages: [user('a'), assistant('b')] }],
    [400, 'bad_query', 'messages.0.role', { messages: [{ role: 'nobody', content: 'a' }] }],
  ])('gets %i %s, with the parameter %s', async (status, code, param, more) => {
    const error = await errorOf(ask([user('a')], undefined, more))
    expect([error.status, error.code, error.param]).toEqual([status, code, param])
    expect(error.message).not.toBe('')
  })

  test('may send a history that is larger than an input, up to a limit', async () => {
    const id = conversation()
    const long = { role: 'system' as const, content: 'x'.repeat(300_000) }
    expect(await contentOf([long, user('hello')], id)).toBe('re: hello')
    const error = await errorOf(contentOf([{ ...long, content: 'x'.repeat(2 * 1024 ** 2) }, user('hello')], id))
    expect([error.status, error.code]).toEqual([413, 'too_large'])
    expect(error.message).toContain('2097152 bytes')
  })

  test('may send what a conversation ignores', async () => {
    const more = {
      temperature: 0,
      max_tokens: 5,
      top_p: 1,
      seed: 7,
      stop: ['\n'],
      n: 1,
      tools: [],
      response_format: { type: 'text' },
      metadata: {},
    }
    expect((await ask([user('hello there')], undefined, more)).data.choices[0]?.message.content).toBe('re: hello there')
  })
})

test('a request without the token gets 401 as an error that the client reads', async () => {
  const closed = await startChatServer(chat.system, { token: 'a-token-of-the-test' })
  try {
    const clientWith = (apiKey: string) => new OpenAI({ baseURL: `${closed.url}/v1`, apiKey, maxRetries: 0 })
    const error = await errorOf(clientWith('another-token').models.list().then())
    expect([error.status, error.code, error.type]).toEqual([401, 'unauthorized', 'authentication_error'])
    expect((await clientWith('a-token-of-the-test').models.list()).data).toHaveLength(4)
  } finally {
    await closed.stop()
  }
})

test('requests of one tenant do not take all places of those that wait', async () => {
  const places = createFairPlaces(4)
  for (let held = 0; held < 3; held += 1) expect(places.acquire('acme')).toBe(true)
  expect(() => takePlace(places, 'acme')).toThrow('too many requests of acme are waiting')
  takePlace(places, 'other')
  expect(places.taken).toBe(4)
})

describe('a streamed reply', () => {
  const streamOf = (id: string, messages: Messages, headers: Record<string, string> = {}) =>
    openai.chat.completions.create(
      { model: TALKING, messages, stream: true, stream_options: { include_usage: true } },
      { headers: { 'x-conversation-id': id, ...headers } },
    )
  const live = (id: string, message: object): void =>
    chat.system.running.jetstream.nc.publish(`live.acme.talking.${id}`, JSON.stringify({ run: 'r1', attempt: 1, ...message }))
  /** Says that the task writes, once the stream has begun. */
  const write = async (stream: AsyncIterable<OpenAI.Chat.ChatCompletionChunk>, say: () => void): Promise<string[]> => {
    const pieces: string[] = []
    for await (const { choices } of stream) {
      const [choice] = choices
      if (choice?.delta.role !== undefined) say()
      else if (choice?.delta.content !== undefined && choice.delta.content !== null) pieces.push(choice.delta.content)
    }
    return pieces
  }

  test('has a role, the text, a reason to stop, and the usage', async () => {
    const chunks: OpenAI.Chat.ChatCompletionChunk[] = []
    for await (const chunk of await streamOf(conversation(), [user('你好')])) chunks.push(chunk)
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
    expect(chunks.map(({ choices, usage }) => [choices[0]?.delta, choices[0]?.finish_reason, usage?.total_tokens])).toEqual([
      [{ role: 'assistant', content: '' }, null, undefined],
      [{ content: 're: 你好' }, null, undefined],
      [{}, 'stop', undefined],
      [undefined, undefined, 16],
    ])
  })

  test('sends nothing that is no reply yet, unless the client asks for it', async () => {
    hold()
    const id = conversation()
    const pieces = await write(await streamOf(id, [user('slow 1')]), () => {
      live(id, { event: 'delta', index: 0, text: 're: sl' })
      release()
    })
    expect(pieces).toEqual(['re: slow 1'])
  })

  test('sends provisional text as it is written, and then the rest', async () => {
    hold()
    const id = conversation()
    const stream = await streamOf(id, [user('slow 2')], { 'x-provisional': 'true' })
    const pieces: string[] = []
    for await (const { choices } of stream) {
      const { role, content } = choices[0]?.delta ?? {}
      if (role !== undefined) {
        live(id, { event: 'delta', index: 0, text: 're: ' })
        live(id, { event: 'delta', index: 1, text: 'slow' })
      } else if (content !== undefined && content !== null) pieces.push(content)
      if (pieces.length === 2) release()
    }
    expect(pieces).toEqual(['re: ', 'slow', ' 2'])
  })

  test('whose provisional text does not count ends with an error, and the same request gets the reply', async () => {
    hold()
    const id = conversation()
    const stream = await streamOf(id, [user('slow 3')], { 'x-provisional': 'true' })
    const reading = write(stream, () => {
      live(id, { event: 'delta', index: 0, text: 'wrong' })
      live(id, { event: 'reset', reason: 'model_timeout' })
      live(id, { event: 'delta', attempt: 2, index: 0, text: 're: slow' })
      release()
    })
    expect((await errorOf(reading)).code).toBe('reply_replaced')
    expect(await contentOf([user('slow 3')], id)).toBe('re: slow 3')
  })

  test('that does not come in time ends with an error', async () => {
    const stream = await streamOf(conversation(), [user('silence')], { 'x-timeout-ms': '300' })
    expect((await errorOf(write(stream, () => undefined))).code).toBe('wait_timeout')
  })

  test('is not begun where the request is refused', async () => {
    const id = conversation()
    await contentOf([user('hello')], id)
    const error = await errorOf(streamOf(id, [user('other'), assistant('re: other'), user('more')]).then())
    expect([error.status, error.code]).toEqual([409, 'history_conflict'])
  })
})

describe('the AI SDK', () => {
  test('holds a conversation, in one piece and streamed', async () => {
    const id = conversation()
    const provider = createOpenAICompatible({
      name: 'colloquy',
      baseURL: `${chat.url}/v1`,
      headers: { 'x-conversation-id': id },
      includeUsage: true,
    })
    const model = provider(TALKING)
    const messages: ModelMessage[] = [user('你好')]
    const first = await generateText({ model, messages })
    expect([first.text, first.finishReason, first.usage.totalTokens]).toEqual(['re: 你好', 'stop', 16])
    messages.push(assistant(first.text), user('and to Japan?'))
    const second = streamText({ model, messages })
    expect(await second.text).toBe('re: and to Japan?')
    expect(await recordsOf(id)).toBe(4)
    const refused = generateText({ model: provider('nobody'), messages, maxRetries: 0 })
    await expect(refused).rejects.toThrow('there is no kind "nobody" to chat with')
  })
})
