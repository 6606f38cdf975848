import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { GenerationQuery } from '../../../actors/definition/task-generation.ts'
import { codeOf } from '../../../schemas/errors.ts'
import type { ModelEntry } from '../../../schemas/models-file.ts'
import { entriesOf, type EntryInput, generationWith, poolsOf } from '../../support/generation-setup.ts'
import {
  breaksAfter,
  completion,
  completionAfter,
  failure,
  inRotation,
  json,
  type ModelEndpoint,
  stallsAfter,
  startModelEndpoint,
} from '../../support/model-endpoint.ts'

let one: ModelEndpoint
let other: ModelEndpoint
beforeEach(async () => {
  ;[one, other] = [await startModelEndpoint(), await startModelEndpoint()]
  one.react(completion('from one'))
  other.react(completion('from other'))
})
afterEach(async () => {
  await Promise.all([one.stop(), other.stop()])
})

const QUESTION = [{ role: 'user', content: 'How long does shipping take?' }] as const
const never = new AbortController().signal
const entry = (name: string, endpoint: ModelEndpoint, more: Partial<ModelEntry> = {}): EntryInput => ({
  name,
  tier: 'small',
  baseUrl: endpoint.url,
  ...more,
})
/** Generation with these models. */
function setUp(...inputs: EntryInput[]) {
  const pools = poolsOf(entriesOf(...inputs))
  const setup = generationWith(() => pools)
  const ask = (query: Partial<GenerationQuery> = {}, signal = never) => setup.generate('acme', { messages: QUESTION, ...query }, signal)
  return { ...setup, pools, ask }
}
/** What a stream heard, in order. */
function listener() {
  const heard: string[] = []
  return { heard, stream: { delta: (text: string) => heard.push(text), reset: (reason: string) => heard.push(`reset ${reason}`) } }
}

test('an answer has its model, its tier with the reason, its tokens and its cost', async () => {
  const { ask, metrics } = setUp(entry('a', one, { priceIn: 2, priceOut: 10 }))
  expect(await ask()).toEqual({
    text: 'from one',
    model: 'a',
    tier: 'small',
    complexity: expect.any(Number) as number,
    tierReason: 'complexity',
    tokensIn: 120,
    tokensOut: 9,
    cost: 0.00033,
    attempts: [],
  })
  const text = await metrics.registry.metrics()
  expect(text).toContain('colloquy_model_requests_total{model="a",outcome="ok"} 1')
  expect(text).toContain('colloquy_model_tokens_total{model="a",direction="in"} 120')
  expect(text).toContain('colloquy_model_cost_total{model="a"} 0.00033')
})

describe('tiers', () => {
  const HARD =
    'Please compare the Basic, Pro and Enterprise plans for a team of 12 in 3 countries over 24 months: which one is cheaper, what are the '
    + 'pros and cons of each, and why? Explain what happens to our data if we downgrade, and plan the migration step by step.'
  const all = () => setUp(entry('s', one), entry('m', one, { tier: 'medium' }), entry('l', other, { tier: 'large' }))

  test('an easy question goes to a small model, a hard one to a large one', async () => {
    const { ask } = all()
    expect(await ask()).toMatchObject({ model: 's', tierReason: 'complexity' })
    const hard = await ask({ messages: [{ role: 'user', content: HARD }] })
    expect(hard).toMatchObject({ model: 'l', tier: 'large', tierReason: 'complexity' })
    expect(hard.complexity).toBeGreaterThanOrEqual(0.8)
  })

  test('a tier that is given is taken, without a complexity', async () => {
    const answer = await all().ask({ tier: 'medium' })
    expect(answer).toMatchObject({ model: 'm', tierReason: 'given' })
    expect(answer).not.toHaveProperty('complexity')
  })

  test('a tier without a model is passed over, which is no fall-back', async () => {
    const { ask } = setUp(entry('only', one, { tier: 'medium' }))
    expect(await ask()).toMatchObject({ model: 'only', tier: 'medium', tierReason: 'complexity' })
  })

  test('thresholds are settings of the tenant', async () => {
    const pools = poolsOf(entriesOf(entry('s', one), entry('l', other, { tier: 'large' })))
    const { generate } = generationWith(() => pools, { settings: { MEDIUM_FROM: 0, LARGE_FROM: 0 } })
    expect(await generate('acme', { messages: QUESTION }, never)).toMatchObject({ model: 'l' })
  })
})

describe('fall-back', () => {
  const FAST = { firstTokenMs: 100, stallMs: 100, totalMs: 1_000 }
  test.each([
    ['a server error', failure(500), 'model_unavailable'],
    ['429', failure(429), 'model_busy'],
    ['a refused key', failure(401), 'model_refused'],
    ['a request that is too long for it', failure(400), 'model_refused'],
    ['no token in time', () => undefined, 'model_timeout'],
    ['a stream that stalls', stallsAfter('Wit'), 'model_timeout'],
    ['a stream that breaks', breaksAfter('Wit'), 'model_unavailable'],
    ['an answer that is withheld', completion('Wit', 'content_filter'), 'model_filtered'],
    ['an empty answer', completion(null), 'model_empty'],
    ['another format', json(200, { hello: 'world' }), 'model_unfit'],
  ])('after %s the next model of the tier is asked', async (_, reaction, reason) => {
    one.react(reaction)
    const { heard, stream } = listener()
    const { ask } = setUp(entry('a', one, FAST), entry('b', other))
    const answer = await ask({ stream })
    expect(answer).toMatchObject({ text: 'from other', model: 'b', tierReason: 'fallback', attempts: [{ model: 'a', reasons: [reason] }] })
    expect(heard.slice(heard.indexOf(`reset ${reason}`))).toEqual([`reset ${reason}`, 'from ', 'other'])
  })

  test('after the tier comes a larger one, then a smaller one', async () => {
    one.react(failure(500))
    const { ask } = setUp(entry('s', other, { tier: 'small' }), entry('m', one, { tier: 'medium' }), entry('l', one, { tier: 'large' }))
    const answer = await ask({ tier: 'medium' })
    expect(answer).toMatchObject({ model: 's', tier: 'small', tierReason: 'fallback' })
    expect(answer.attempts.map(({ model }) => model)).toEqual(['m', 'l'])
  })

  test('the gate refuses an answer by a word, and the next model is asked; what both took is summed', async () => {
    const { ask, metrics } = setUp(entry('a', one, { priceIn: 1, priceOut: 1 }), entry('b', other, { priceIn: 1, priceOut: 1 }))
    const refuse = async (text: string) => (text === 'from one' ? ['invented'] : [])
    expect(await ask({ refuse })).toMatchObject({
      model: 'b',
      tokensIn: 240,
      cost: 0.000258,
      attempts: [{ model: 'a', reasons: ['invented'], text: 'from one' }],
    })
    expect(await metrics.registry.metrics()).toContain('colloquy_model_fallbacks_total{model="a",reason="invented"} 1')
  })

  test('an answer that the gate refuses does not rest its model', async () => {
    const { ask, pools } = setUp(entry('a', one))
    await expect(ask({ refuse: () => ['invented'] })).rejects.toMatchObject({ code: 'model_unaccepted' })
    expect(pools[0]?.health.readiness()).toBe('ready')
  })

  test('the error of the last model is thrown where none answers', async () => {
    one.react(failure(500))
    other.react(failure(429, { 'retry-after': '7' }))
    const { ask } = setUp(entry('a', one), entry('b', other, { tier: 'large' }))
    await expect(ask()).rejects.toMatchObject({ code: 'model_busy', retryAfterMs: 7_000 })
  })

  test('with all models at rest, the error says how long', async () => {
    one.react(failure(429, { 'retry-after': '30' }))
    const { ask } = setUp(entry('a', one))
    await expect(ask()).rejects.toMatchObject({ code: 'model_busy' })
    const error: unknown = await ask().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'model_busy', message: expect.stringContaining('a: model_busy') as string })
    expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(25_000)
    expect(one.asked).toHaveLength(1)
  })

  test('of two models of which one fails every second call, all questions are answered', async () => {
    one.react(inRotation(failure(500), completion('from one')))
    const { ask } = setUp(entry('a', one), entry('b', other))
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask()))
    expect(answers.every(({ text }) => text.startsWith('from'))).toBe(true)
  })
})

describe('structures', () => {
  const schema = z.object({ intent: z.enum(['return', 'shipping']), days: z.int() })
  const GOOD = { intent: 'shipping', days: 3 }

  test('a value of the schema comes back, and the model is told the form and asked for JSON', async () => {
    one.react(completion(JSON.stringify(GOOD)))
    const answer = await setUp(entry('a', one)).ask({ schema })
    expect(answer.object).toEqual(GOOD)
    const [{ body }] = one.asked as [(typeof one.asked)[number]]
    expect(body).toMatchObject({ response_format: { type: 'json_object' } })
    expect(body.messages[0]?.content).toContain('"enum":["return","shipping"]')
  })

  test('JSON in a fence of Markdown is read', async () => {
    one.react(completion(`\`\`\`json\n${JSON.stringify(GOOD)}\n\`\`\``))
    expect(await setUp(entry('a', one)).ask({ schema })).toMatchObject({ object: GOOD, attempts: [] })
  })

  test.each([
    ['no JSON', 'Shipping takes three days.'],
    ['another form', '{"intent":"shipping","days":"three"}'],
    ['half of it', '{"intent":"shi'],
  ])('with %s the next model is asked', async (_, text) => {
    one.react(completion(text))
    other.react(completion(JSON.stringify(GOOD)))
    const { ask, pools } = setUp(entry('a', one), entry('b', other))
    expect(await ask({ schema })).toMatchObject({ object: GOOD, attempts: [{ model: 'a', reasons: ['model_structure'], text }] })
    expect(pools[0]?.health.readiness()).toBe('ready')
  })
})

describe('usage', () => {
  test.each([
    ['none', null],
    ['negative tokens', { prompt_tokens: -5, completion_tokens: 9, total_tokens: 4 }],
    ['far too many tokens', { prompt_tokens: 1e12, completion_tokens: 1e12, total_tokens: 2e12 }],
  ])('an endpoint that tells %s: the answer counts, its cost is unknown', async (_, told) => {
    one.react(completion('from one', 'stop', told))
    const answer = await setUp(entry('a', one, { priceIn: 1, priceOut: 1 })).ask()
    expect(answer).toMatchObject({ text: 'from one', attempts: [] })
    expect(answer).not.toHaveProperty('tokensIn')
    expect(answer).not.toHaveProperty('cost')
  })

  test('a budget is charged with an estimate then', async () => {
    one.react(completion('from one', 'stop', null))
    const charged: number[] = []
    const pools = poolsOf(entriesOf(entry('a', one, { priceIn: 1e6, priceOut: 1e6 })))
    const budgets = { stateOf: async () => 'free' as const, charge: (_: string, cost: number) => void charged.push(cost) }
    await generationWith(() => pools, { budgets }).generate('acme', { messages: QUESTION }, never)
    expect(charged).toEqual([expect.closeTo(20, -1)])
  })
})

describe('the context of a model', () => {
  const LONG = 'word '.repeat(2_000)
  const history = [
    { role: 'system' as const, content: 'Be kind.' },
    { role: 'user' as const, content: `first ${LONG}` },
    { role: 'assistant' as const, content: 'second' },
    { role: 'user' as const, content: 'third' },
    { role: 'assistant' as const, content: 'fourth' },
    { role: 'user' as const, content: 'How long?' },
  ]

  test('messages that do not fit are left out, oldest first', async () => {
    await setUp(entry('a', one, { contextMax: 3_000 })).ask({ messages: history })
    expect(one.asked[0]?.body.messages.map(({ content }) => content)).toEqual(['Be kind.', 'third', 'fourth', 'How long?'])
  })

  test('a last message that does not fit goes to a model with a larger context, whatever its tier', async () => {
    const { ask } = setUp(entry('a', one, { contextMax: 1_000 }), entry('b', other, { tier: 'large', contextMax: 16_000 }))
    expect(await ask({ messages: [{ role: 'user', content: LONG }] })).toMatchObject({ model: 'b', attempts: [] })
  })

  test('one that fits no model is an error that no retry helps', async () => {
    const { ask } = setUp(entry('a', one, { contextMax: 1_000 }))
    await expect(ask({ messages: [{ role: 'user', content: LONG }] })).rejects.toMatchObject({
      name: 'ColloquyError',
      code: 'model_context',
    })
    expect(one.asked).toEqual([])
  })
})

describe('places', () => {
  /** The most requests that were on their way at a time. */
  function watched(endpoint: ModelEndpoint, ms: number) {
    let [now, most] = [0, 0]
    endpoint.react(async (response, request) => {
      most = Math.max(most, ++now)
      await completionAfter(ms, 'from one')(response, request)
      now -= 1
    })
    return () => most
  }

  test('100 questions at a time never have more requests than the model may have, and all are answered', async () => {
    const all = Promise.withResolvers<void>()
    let [now, most] = [0, 0]
    one.react(async (response, request) => {
      most = Math.max(most, ++now)
      if (now === 20) all.resolve()
      await all.promise
      await completion('from one')(response, request)
      now -= 1
    })
    const { ask, places } = setUp(entry('a', one, { requestsMax: 20 }))
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask()))
    expect(answers).toHaveLength(100)
    expect(most).toBe(20)
    expect(places).toMatchObject({ taken: 0, waiting: 0 })
  })

  test('nor more than all models together may have', async () => {
    const [inOne, inOther] = [watched(one, 5), watched(other, 5)]
    const pools = poolsOf(entriesOf(entry('a', one, { requestsMax: 50 }), entry('b', other, { requestsMax: 50 })))
    const { generate } = generationWith(() => pools, { requestsMax: 10 })
    await Promise.all(Array.from({ length: 60 }, () => generate('acme', { messages: QUESTION }, never)))
    expect(inOne() + inOther()).toBeLessThanOrEqual(10)
    expect(Math.min(inOne(), inOther())).toBeGreaterThan(0)
  })

  test('a tenant that asks much does not keep another one waiting', async () => {
    one.react(completionAfter(5, 'from one'))
    const pools = poolsOf(entriesOf(entry('a', one, { requestsMax: 1 })))
    const { generate } = generationWith(() => pools)
    const order: string[] = []
    const from = (tenant: string) => generate(tenant, { messages: QUESTION }, never).then(() => order.push(tenant))
    await Promise.all([...Array.from({ length: 20 }, () => from('loud')), from('quiet')])
    expect(order.indexOf('quiet')).toBeLessThan(3)
  })

  test('a question that is given up leaves its place in the queue, and ends its request', async () => {
    let closed = 0
    one.react((response) => void response.once('close', () => (closed += 1)))
    const { ask, places, pools } = setUp(entry('a', one, { requestsMax: 1 }))
    const [first, second] = [new AbortController(), new AbortController()]
    const asking = [ask({}, first.signal), ask({ signal: second.signal })]
    for (const answer of asking) answer.catch(() => undefined)
    await expect.poll(() => one.asked.length).toBe(1)
    second.abort(new Error('left'))
    await expect(asking[1]).rejects.toThrow('left')
    first.abort(new Error('left, too'))
    await expect(asking[0]).rejects.toThrow('left, too')
    await expect.poll(() => closed).toBe(1)
    expect(places).toMatchObject({ taken: 0, waiting: 0 })
    // Those who leave say nothing about the model.
    expect(pools[0]?.health.readiness()).toBe('ready')
  })
})

test('what a listener throws ends the generation, and is no failure of the model', async () => {
  const { ask, pools } = setUp(entry('a', one), entry('b', other))
  const delta = () => {
    throw new Error('closed')
  }
  await expect(ask({ stream: { delta, reset: () => undefined } })).rejects.toThrow('closed')
  expect(pools.map(({ health }) => health.readiness())).toEqual(['ready', 'ready'])
  expect(other.asked).toEqual([])
})

test('a process without a model that can be used says so', async () => {
  const { generate } = generationWith(() => [])
  expect(codeOf(await generate('acme', { messages: QUESTION }, never).catch((error: unknown) => error))).toBe('no_model')
})
