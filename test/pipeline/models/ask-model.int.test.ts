import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { askModel, type ModelAnswer } from '../../../pipeline/models/ask-model.ts'
import { openModel } from '../../../pipeline/models/provider.ts'
import { type ColloquyError, RetryLaterError, TerminalError } from '../../../schemas/errors.ts'
import type { ModelEntry } from '../../../schemas/models-file.ts'
import { entriesOf } from '../../support/generation-setup.ts'
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
} from '../../support/model-endpoint.ts'

let endpoint: ModelEndpoint
beforeAll(async () => {
  endpoint = await startModelEndpoint()
})
afterAll(() => endpoint.stop())
beforeEach(() => {
  endpoint.asked.length = 0
})

const never = new AbortController().signal
async function ask(
  more: Partial<ModelEntry> = {},
  { signal = never, apiKey }: { signal?: AbortSignal; apiKey?: string } = {},
): Promise<ModelAnswer> {
  const [entry] = entriesOf({ name: 'tiny', tier: 'small', baseUrl: endpoint.url, ...more })
  if (entry === undefined) throw new Error('no entry')
  return askModel(await openModel({ entry, apiKey, unusable: undefined }), entry, {
    messages: [
      { role: 'system', content: 'Answer.' },
      { role: 'user', content: 'How long does it take?' },
    ],
    schema: undefined,
    temperature: 0.2,
    tokensOutMax: 1_000,
    signal,
    onDelta: () => undefined,
    onFirstToken: () => undefined,
  })
}
/** The error of a model that fails. */
async function refusal(...asked: Parameters<typeof ask>): Promise<ColloquyError> {
  const answer = await ask(...asked)
  if (answer.kind === 'failed') return answer.error
  throw new Error(`expected an error, got ${JSON.stringify(answer)}`)
}

describe('a model', () => {
  test('gets one request, with its key', async () => {
    endpoint.react(completion('It takes 2 to 4 days [1].'))
    expect(await ask({}, { apiKey: 'secret' })).toMatchObject({
      kind: 'answered',
      text: 'It takes 2 to 4 days [1].',
      usage: { tokensIn: 120, tokensOut: 9 },
    })
    expect(endpoint.asked).toMatchObject([
      {
        url: '/v1/chat/completions',
        authorization: 'Bearer secret',
        body: { model: 'tiny-at-provider', max_tokens: 1000, stream: true, stream_options: { include_usage: true } },
      },
    ])
    expect(endpoint.asked[0]?.body.messages).toEqual([
      { role: 'system', content: 'Answer.' },
      { role: 'user', content: 'How long does it take?' },
    ])
  })

  test('needs no key', async () => {
    endpoint.react(completion('2 to 4 days'))
    await ask()
    expect(endpoint.asked[0]?.authorization).toBeUndefined()
  })

  test('that thinks aloud is quoted without its reasoning', async () => {
    endpoint.react(completion('<think>They ask about days.</think>2 to 4 days'))
    expect(await ask()).toMatchObject({ text: '2 to 4 days' })
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
    const error = await refusal({}, { apiKey: 'very-secret' })
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
    expect(error.code).toBe('model_unavailable')
    expect(error).not.toBeInstanceOf(TerminalError)
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
    expect((await refusal()).code).toBe('model_unfit')
  })

  test('that sends ten megabytes is left after the first', async () => {
    endpoint.react(stream(`: ${'x'.repeat(10 * 1024 * 1024)}\n\n`))
    expect((await refusal()).code).toBe('model_body_too_large')
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
    expect((await refusal()).code).toBe('model_empty')
  })

  test('that withholds its answer is not retried', async () => {
    endpoint.react(completion('', 'content_filter'))
    const error = await refusal()
    expect(error).toBeInstanceOf(TerminalError)
    expect(error).toMatchObject({ code: 'model_filtered' })
  })

  const silentFrom: readonly (readonly [string, Reaction, Partial<ModelEntry>])[] = [
    ['that never answers', () => undefined, { firstTokenMs: 50 }],
    ['that stalls', stallsAfter('It takes'), { stallMs: 50 }],
    ['that never ends', endless('', 5), { firstTokenMs: 50 }],
    ['that takes too long in all', endless('a', 5), { totalMs: 100 }],
  ]
  test.each(silentFrom)('%s is left after its time, and its connection closes', async (_, reaction, options) => {
    const closed = new Promise<void>((resolve) => {
      endpoint.react((response, request) => {
        request.socket.on('close', resolve)
        return reaction(response, request)
      })
    })
    expect((await refusal(options)).code).toBe('model_timeout')
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
    await expect(ask({}, { signal: runner.signal })).rejects.toThrow('deadline')
    await closed
  })
})
