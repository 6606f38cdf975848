import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AnswerInput } from '../../../../actors/kinds/support/definition.ts'
import type { Hit } from '../../../../actors/kinds/support/found.ts'
import { createModelAnswer } from '../../../../actors/kinds/support/model.ts'
import type { ModelOptions } from '../../../../actors/kinds/support/model-options.ts'
import { codeOf, RetryLaterError, TerminalError } from '../../../../schemas/errors.ts'
import { supportHarnessWith } from '../../../support/support-harness.ts'

/** The endpoint's reaction to the next request. */
type Behaviour = (response: ServerResponse, request: IncomingMessage) => void

interface Asked {
  readonly url: string | undefined
  readonly authorization: string | undefined
  readonly body: { model: string; max_tokens: number; temperature: number; messages: { role: string; content: string }[] }
}

let behave: Behaviour
const asked: Asked[] = []
const endpoint = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Asked['body']
    asked.push({ url: request.url, authorization: request.headers.authorization, body })
    behave(response, request)
  })
})

let baseUrl: string
beforeAll(async () => {
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve))
  baseUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/v1`
})
afterAll(async () => {
  endpoint.closeAllConnections()
  await new Promise((resolve) => endpoint.close(resolve))
})
beforeEach(() => {
  asked.length = 0
})

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
const completion = (content: string | null, finishReason = 'stop'): Behaviour =>
  json(200, {
    id: 'c-1',
    object: 'chat.completion',
    created: 1,
    model: 'tiny-2026',
    usage: { prompt_tokens: 120, completion_tokens: 9, total_tokens: 129 },
    choices: [{ index: 0, finish_reason: finishReason, message: { role: 'assistant', content } }],
  })
const failure = (status: number, headers?: Record<string, string>): Behaviour => json(status, { error: { message: 'no' } }, headers)

const hits: Hit[] = [
  { source: 'shipping-europe-en', title: 'Shipping', text: 'It takes 2 to 4 days.', lang: 'en', score: 0.8 },
  { source: 'shipping-abroad-en', title: 'Abroad', text: 'It takes 7 to 12 days.', lang: 'en', score: 0.4 },
]
const input: AnswerInput = {
  text: 'How long does it take?',
  about: null,
  topic: 'shipping',
  lang: 'en',
  hits,
  turns: [
    { role: 'user', text: 'Hello' },
    { role: 'assistant', text: 'Hello!' },
    { role: 'agent', text: 'Ann here.' },
    { role: 'system', text: 'joined' },
  ],
}
const never = new AbortController().signal
const ask = (options: Partial<ModelOptions> = {}, signal = never) =>
  createModelAnswer({ baseUrl, model: 'tiny', ...options })({ input, signal })
const refusal = (options: Partial<ModelOptions> = {}, signal = never): Promise<unknown> =>
  ask(options, signal).then(
    (answer) => {
      throw new Error(`expected an error, got ${JSON.stringify(answer)}`)
    },
    (error: unknown) => error,
  )

describe('a model', () => {
  test('gets one request with the articles, the conversation and the question, and answers with its costs', async () => {
    behave = completion('It takes 2 to 4 days [1].')
    expect(await ask({ apiKey: 'secret' })).toEqual({
      text: 'It takes 2 to 4 days.',
      sources: [{ source: 'shipping-europe-en', score: 0.8 }],
      model: 'tiny-2026',
      tokensIn: 120,
      tokensOut: 9,
    })
    expect(asked).toMatchObject([
      { url: '/v1/chat/completions', authorization: 'Bearer secret', body: { model: 'tiny', max_tokens: 1000 } },
    ])
    const [system, ...conversation] = asked[0]?.body.messages ?? []
    expect(system?.role).toBe('system')
    expect(system?.content).toContain('[2] Abroad\nIt takes 7 to 12 days.')
    expect(conversation).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hello!' },
      { role: 'assistant', content: 'Ann here.' },
      { role: 'user', content: 'How long does it take?' },
    ])
  })

  test('needs no key', async () => {
    behave = completion('2 to 4 days')
    await ask()
    expect(asked[0]?.authorization).toBeUndefined()
  })

  test('that cites no article is taken to rest on all of them', async () => {
    behave = completion('2 to 4 days')
    expect((await ask()).sources.map(({ source }) => source)).toEqual(['shipping-europe-en', 'shipping-abroad-en'])
  })

  test('that says the articles do not contain an answer gives none', async () => {
    behave = completion('NOT_IN_ARTICLES')
    expect(await ask()).toMatchObject({ text: null, sources: [], tokensIn: 120 })
  })

  test('that thinks aloud is quoted without its reasoning', async () => {
    behave = completion('<think>They ask about days.</think>2 to 4 days')
    expect((await ask()).text).toBe('2 to 4 days')
  })

  test('whose answer is too long is cut at the end of a sentence', async () => {
    behave = completion('This is a sentence. '.repeat(1000), 'length')
    const { text } = await ask()
    expect(text?.length).toBeLessThanOrEqual(2000)
    expect(text).toMatch(/sentence\.$/)
  })

  test('whose answer is one long sentence is cut with an ellipsis', async () => {
    behave = completion('字'.repeat(5000), 'length')
    expect((await ask()).text).toMatch(/^字{1999}…$/)
  })
})

describe('an endpoint', () => {
  test.each([
    ['in seconds', () => '7', 7_000, 7_000],
    ['as a date', () => new Date(Date.now() + 60_000).toUTCString(), 1_000, 60_000],
    ['in the past', () => 'Thu, 01 Jan 1970 00:00:00 GMT', 0, 0],
    ['not at all', () => undefined, 5_000, 5_000],
    ['in rubbish', () => 'soon', 5_000, 5_000],
  ])('that is busy and says %s when to come back is retried later', async (_, header, min, max) => {
    const value = header()
    behave = failure(429, value === undefined ? {} : { 'retry-after': value })
    const error = await refusal()
    expect(error).toBeInstanceOf(RetryLaterError)
    expect(error).toMatchObject({ code: 'model_busy' })
    const waitMs = error instanceof RetryLaterError ? error.retryAfterMs : NaN
    expect(waitMs).toBeGreaterThanOrEqual(min)
    expect(waitMs).toBeLessThanOrEqual(max)
    expect(asked).toHaveLength(1)
  })

  test('that is down and says when to come back is retried later', async () => {
    behave = failure(503, { 'retry-after': '2' })
    expect(await refusal()).toMatchObject({ code: 'model_busy', retryAfterMs: 2000 })
  })

  test.each([400, 401, 403, 404, 422])('that answers %d is not retried', async (status) => {
    behave = failure(status)
    const error = await refusal({ apiKey: 'very-secret' })
    expect(error).toBeInstanceOf(TerminalError)
    expect(error).toMatchObject({ code: 'model_refused', message: expect.stringContaining(`${status}`) as string })
    expect(String(error)).not.toContain('very-secret')
  })

  test.each<[string, Behaviour]>([
    ['500', failure(500)],
    ['503', failure(503)],
    ['408', failure(408)],
    [
      'rubbish',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end('<html>hello</html>')
      },
    ],
    ['another JSON', json(200, { hello: 'world' })],
    ['no choice', json(200, { choices: [] })],
    [
      'half an answer',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"id":')
        response.destroy()
      },
    ],
    ['more than we read', completion('a whole answer. '.repeat(200_000))],
  ])('that gives %s may be retried by the runner', async (_, behaviour) => {
    behave = behaviour
    const error = await refusal()
    expect(codeOf(error)).toBe('model_unavailable')
    expect(error).not.toBeInstanceOf(TerminalError)
    expect(asked).toHaveLength(1)
  })

  test('that does not exist may be retried', async () => {
    const port = await new Promise<number>((resolve) => {
      const probe = createServer().listen(0, '127.0.0.1', () => {
        const { port: free } = probe.address() as AddressInfo
        probe.close(() => {
          resolve(free)
        })
      })
    })
    expect(await refusal({ baseUrl: `http://127.0.0.1:${port}/v1` })).toMatchObject({ code: 'model_unavailable' })
  })

  const silent = [
    ['an empty answer', ''],
    ['blanks', ' \n '],
    ['nothing', null],
  ] as const
  test.each(silent)('that gives %s may be retried', async (_, content) => {
    behave = completion(content)
    expect(await refusal()).toMatchObject({ code: 'model_empty' })
  })

  test('that withholds its answer is not retried', async () => {
    behave = completion('', 'content_filter')
    const error = await refusal()
    expect(error).toBeInstanceOf(TerminalError)
    expect(error).toMatchObject({ code: 'model_filtered' })
  })

  test('that never answers is abandoned after the timeout of one attempt', async () => {
    const closed = new Promise<void>((resolve) => {
      behave = (_, request) => {
        request.socket.on('close', () => {
          resolve()
        })
      }
    })
    expect(await refusal({ timeoutMs: 50 })).toMatchObject({ code: 'model_timeout' })
    await closed
  })

  test('that never answers is abandoned when the runner aborts', async () => {
    const runner = new AbortController()
    const closed = new Promise<void>((resolve) => {
      behave = (_, request) => {
        request.socket.on('close', () => {
          resolve()
        })
        runner.abort(new Error('deadline'))
      }
    })
    expect(await refusal({}, runner.signal)).toBe(runner.signal.reason)
    await closed
  })
})

test("the model answers a case, in the customer's language", async () => {
  behave = completion('寄到德国运费 4.90 欧元。[1]')
  const harness = supportHarnessWith({ model: { baseUrl, model: 'tiny', price: { perMillionIn: 2, perMillionOut: 10 } } })
  const emitted = await harness.ask('寄到德国运费多少', 'm-1')
  expect(emitted).toMatchObject([
    {
      type: 'message.sent',
      data: {
        replyTo: 'm-1',
        lang: 'zh',
        text: '寄到德国运费 4.90 欧元。',
        model: 'tiny-2026',
        tokensIn: 120,
        tokensOut: 9,
        cost: 0.00033,
        hits: 3,
        kbVersion: expect.any(String) as string,
        promptVersion: expect.any(String) as string,
        sources: [{ source: 'shipping-europe-zh' }],
      },
    },
  ])
  expect(asked[0]?.body.messages[0]?.content).toContain('Write in Simplified Chinese')
})

test('a missing answer has its costs, too', async () => {
  behave = completion('NOT_IN_ARTICLES')
  const harness = supportHarnessWith({ model: { baseUrl, model: 'tiny' } })
  const emitted = await harness.ask('How much is shipping to Germany?', 'm-1')
  expect(emitted).toMatchObject([
    { type: 'message.sent', data: { replyTo: 'm-1', hits: 3, model: 'tiny-2026', tokensIn: 120, tokensOut: 9 } },
  ])
  expect(emitted[0]?.data['sources']).toBeUndefined()
})
