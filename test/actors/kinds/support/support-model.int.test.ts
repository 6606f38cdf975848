import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AnswerInput } from '../../../../actors/kinds/support/definition.ts'
import type { Hit } from '../../../../actors/kinds/support/found.ts'
import { createModelAnswer } from '../../../../actors/kinds/support/model.ts'
import { finalCodeOf } from '../../../../actors/kinds/support/model-errors.ts'
import type { ModelOptions } from '../../../../actors/kinds/support/model-options.ts'
import { codeOf, RetryLaterError, TerminalError } from '../../../../schemas/errors.ts'
import {
  breaksAfter,
  completion,
  endless,
  events,
  failure,
  json,
  type ModelEndpoint,
  piece,
  type Reaction,
  stallsAfter,
  startModelEndpoint,
  stream,
} from '../../../support/model-endpoint.ts'
import { supportHarnessWith } from '../../../support/support-harness.ts'

let endpoint: ModelEndpoint
beforeAll(async () => {
  endpoint = await startModelEndpoint()
})
afterAll(() => endpoint.stop())
beforeEach(() => {
  endpoint.asked.length = 0
})

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
  createModelAnswer({ baseUrl: endpoint.url, model: 'tiny', ...options })({ input, signal })
const refusal = (options: Partial<ModelOptions> = {}, signal = never): Promise<unknown> =>
  ask(options, signal).then(
    (answer) => {
      throw new Error(`expected an error, got ${JSON.stringify(answer)}`)
    },
    (error: unknown) => error,
  )

describe('a model', () => {
  test('gets one request with the articles, the conversation and the question, and answers with its costs', async () => {
    endpoint.react(completion('It takes 2 to 4 days [1].'))
    expect(await ask({ apiKey: 'secret' })).toEqual({
      text: 'It takes 2 to 4 days.',
      sources: [{ source: 'shipping-europe-en', score: 0.8 }],
      model: 'tiny-2026',
      tokensIn: 120,
      tokensOut: 9,
    })
    expect(endpoint.asked).toMatchObject([
      {
        url: '/v1/chat/completions',
        authorization: 'Bearer secret',
        body: { model: 'tiny', max_tokens: 1000, stream: true, stream_options: { include_usage: true } },
      },
    ])
    const [system, ...conversation] = endpoint.asked[0]?.body.messages ?? []
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
    endpoint.react(completion('2 to 4 days'))
    await ask()
    expect(endpoint.asked[0]?.authorization).toBeUndefined()
  })

  test('that cites no article is taken to rest on all of them', async () => {
    endpoint.react(completion('2 to 4 days'))
    expect((await ask()).sources.map(({ source }) => source)).toEqual(['shipping-europe-en', 'shipping-abroad-en'])
  })

  test('that says the articles do not contain an answer gives none', async () => {
    endpoint.react(completion('NOT_IN_ARTICLES'))
    expect(await ask()).toMatchObject({ text: null, sources: [], tokensIn: 120 })
  })

  test('that thinks aloud is quoted without its reasoning', async () => {
    endpoint.react(completion('<think>They ask about days.</think>2 to 4 days'))
    expect((await ask()).text).toBe('2 to 4 days')
  })

  test('whose answer is too long is cut at the end of a sentence', async () => {
    endpoint.react(completion('This is a sentence. '.repeat(1000), 'length'))
    const { text } = await ask()
    expect(text?.length).toBeLessThanOrEqual(2000)
    expect(text).toMatch(/sentence\.$/)
  })

  test('whose answer is one long sentence is cut with an ellipsis', async () => {
    endpoint.react(completion('字'.repeat(5000), 'length'))
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
    endpoint.react(failure(429, value === undefined ? {} : { 'retry-after': value }))
    const error = await refusal()
    expect(error).toBeInstanceOf(RetryLaterError)
    expect(error).toMatchObject({ code: 'model_busy' })
    const waitMs = error instanceof RetryLaterError ? error.retryAfterMs : NaN
    expect(waitMs).toBeGreaterThanOrEqual(min)
    expect(waitMs).toBeLessThanOrEqual(max)
    expect(endpoint.asked).toHaveLength(1)
  })

  test('that is down and says when to come back is retried later', async () => {
    endpoint.react(failure(503, { 'retry-after': '2' }))
    expect(await refusal()).toMatchObject({ code: 'model_busy', retryAfterMs: 2000 })
  })

  test.each([400, 401, 403, 404, 422])('that answers %d is not retried', async (status) => {
    endpoint.react(failure(status))
    const error = await refusal({ apiKey: 'very-secret' })
    expect(error).toBeInstanceOf(TerminalError)
    expect(error).toMatchObject({ code: 'model_refused', message: expect.stringContaining(`${status}`) as string })
    expect(String(error)).not.toContain('very-secret')
  })

  test.each<[string, Reaction]>([
    ['500', failure(500)],
    ['503', failure(503)],
    ['408', failure(408)],
    ['half an answer', breaksAfter('It takes 2 to')],
    ['a stream that ends without a finish', stream(events([piece('It takes 2 to')]))],
  ])('that gives %s may be retried by the runner', async (_, reaction) => {
    endpoint.react(reaction)
    const error = await refusal()
    expect(codeOf(error)).toBe('model_unavailable')
    expect(finalCodeOf(error)).toBeUndefined()
    expect(endpoint.asked).toHaveLength(1)
  })

  test.each<[string, Reaction]>([
    ['a page', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello</html>')],
    ['another JSON', json(200, { hello: 'world' })],
    ['an answer that is no stream', json(200, { choices: [{ index: 0, message: { role: 'assistant', content: '2 to 4 days' } }] })],
    ['events of another format', stream(events([{ hello: 'world' }, 'text', 7]))],
    ['events that are no JSON', stream('data: {"choices":[{"delta"\n\n')],
  ])('that gives %s is not asked again', async (_, reaction) => {
    endpoint.react(reaction)
    expect(finalCodeOf(await refusal())).toBe('model_unfit')
  })

  test('that sends ten megabytes is left after the first', async () => {
    endpoint.react(stream(`: ${'x'.repeat(10 * 1024 * 1024)}\n\n`))
    expect(finalCodeOf(await refusal())).toBe('model_body_too_large')
  })

  test('that writes on for ever is left once the answer is long enough, and its connection closes', async () => {
    const closed = new Promise<void>((resolve) => {
      endpoint.react((response, request) => {
        response.on('close', resolve)
        return endless('This is a sentence. ', 0)(response, request)
      })
    })
    expect((await ask()).text).toMatch(/sentence\.$/)
    await closed
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
  test.each(silent)('that gives %s is not asked again', async (_, content) => {
    endpoint.react(completion(content))
    expect(finalCodeOf(await refusal())).toBe('model_empty')
  })

  test('that withholds its answer is not retried', async () => {
    endpoint.react(completion('', 'content_filter'))
    const error = await refusal()
    expect(error).toBeInstanceOf(TerminalError)
    expect(error).toMatchObject({ code: 'model_filtered' })
  })

  const silentFrom: readonly (readonly [string, Reaction, Partial<ModelOptions>])[] = [
    ['that never answers', () => undefined, { firstTokenMs: 50 }],
    ['that stalls', stallsAfter('It takes'), { stallMs: 50 }],
    ['that never ends', endless('', 5), { firstTokenMs: 50 }],
    ['that takes too long in all', endless('a', 5), { timeoutMs: 100 }],
  ]
  test.each(silentFrom)('%s is left after its time, and its connection closes', async (_, reaction, options) => {
    const closed = new Promise<void>((resolve) => {
      endpoint.react((response, request) => {
        request.socket.on('close', resolve)
        return reaction(response, request)
      })
    })
    expect(finalCodeOf(await refusal(options))).toBe('model_timeout')
    await closed
  })

  test('that never answers is abandoned when the runner aborts', async () => {
    const runner = new AbortController()
    const closed = new Promise<void>((resolve) => {
      endpoint.react((_, request) => {
        request.socket.on('close', resolve)
        runner.abort(new Error('deadline'))
      })
    })
    expect(await refusal({}, runner.signal)).toBe(runner.signal.reason)
    await closed
  })
})

test("the model answers a case, in the customer's language", async () => {
  endpoint.react(completion('寄到德国运费 4.90 欧元。[1]'))
  const harness = supportHarnessWith({
    model: { baseUrl: endpoint.url, model: 'tiny', price: { perMillionIn: 2, perMillionOut: 10 } },
    qualityMin: 0,
  })
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
  expect(endpoint.asked[0]?.body.messages[0]?.content).toContain('Write in Simplified Chinese')
})

test('a missing answer has its costs, too', async () => {
  endpoint.react(completion('NOT_IN_ARTICLES'))
  const harness = supportHarnessWith({ model: { baseUrl: endpoint.url, model: 'tiny' } })
  const emitted = await harness.ask('How much is shipping to Germany?', 'm-1')
  expect(emitted).toMatchObject([
    { type: 'message.sent', data: { replyTo: 'm-1', hits: 3, model: 'tiny-2026', tokensIn: 120, tokensOut: 9 } },
  ])
  expect(emitted[0]?.data['sources']).toBeUndefined()
})
