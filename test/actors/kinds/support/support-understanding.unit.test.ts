import pino from 'pino'
import { beforeAll, describe, expect, test } from 'vitest'
import type { TaskCall } from '../../../../actors/definition/task-definition.ts'
import type { TaskSearchIndex } from '../../../../actors/definition/task-search.ts'
import { contextSchema } from '../../../../actors/kinds/support/context.ts'
import { lookupTask } from '../../../../actors/kinds/support/tasks.ts'
import { firstAttempt } from '../../../../actors/testkit/first-attempt.ts'
import { generates } from '../../../../actors/testkit/generation-stub.ts'
import { recordsLive } from '../../../../actors/testkit/live-recorder.ts'
import { builtInPrompts } from '../../../../actors/testkit/prompt-stub.ts'
import { placedAt } from '../../../../actors/testkit/queue-stub.ts'
import { recommendsFromCatalogue } from '../../../../actors/testkit/recommending-stub.ts'
import { understandByDemoSet } from '../../../../infra/demo/past/demo-understanding.ts'
import { evaluateByRules } from '../../../../pipeline/quality/evaluate-by-rules.ts'
import { messageSent } from '../../../../schemas/events.ts'
import { understandByActs } from '../../../support/core-helpers.ts'
import { articles, createSupportHarness, someAnswer, someHits, support } from '../../../support/support-harness.ts'

let byDemoSet: TaskCall<unknown>['understand']
beforeAll(async () => {
  byDemoSet = await understandByDemoSet()
}, 60_000)
const desk = (understand = byDemoSet) => createSupportHarness(support, { understand })
type Desk = ReturnType<typeof desk>

const QUESTION = { en: 'How much is shipping to Germany?', zh: '寄到德国运费多少' } as const
const typesOf = (emitted: readonly { type: string }[]): string[] => emitted.map(({ type }) => type)
const tasksOf = (harness: Desk): string[] => harness.records.flatMap(({ started }) => started.map(({ task }) => task))

describe.each(['en', 'zh'] as const)('a question in %s to a tenant with a taught set', (lang) => {
  test('takes three records and two tasks, and states what was understood in its answer and its label', async () => {
    const harness = desk()
    const [answer] = await harness.ask(QUESTION[lang])
    expect(harness.records).toHaveLength(3)
    expect(tasksOf(harness)).toEqual(['lookup', 'answer'])
    expect(answer?.data).toMatchObject({
      intent: 'shipping',
      intentConfidence: expect.any(Number) as number,
      act: 'new_topic',
      intents: [{ name: 'shipping', confidence: expect.any(Number) as number }],
      because: expect.arrayContaining([expect.any(String)]) as string[],
      understandingVersion: expect.stringMatching(/^main@1-[a-z-]+ acts@\d+ tenant@0$/) as string,
      sources: [{ source: `shipping-europe-${lang}` }],
    })
    expect(messageSent.safeParse(answer?.data).success).toBe(true)
    expect(harness.label).toMatchObject({ intent: 'shipping', topic: 'shipping', act: 'new_topic', lang })
  })

  test('is answered from a passage that covers less of it, since its topic is known', () => {
    const decided = (understood: object | undefined) => {
      const harness = desk()
      harness.user(QUESTION[lang])
      harness.result({ hits: someHits.map((hit) => ({ ...hit, score: 0.35 })), ...(understood !== undefined && { understood }) })
      return harness.state
    }
    const understood = { act: 'new_topic', actConfidence: 0.9, intents: [], because: [], topic: 'shipping', version: 'main@1 acts@1' }
    expect(decided(understood)).toBe('open.answering.composing')
    expect(decided({ ...understood, topic: null })).toBe('open.listening')
    expect(decided(undefined)).toBe('open.listening')
  })

  test('that continues the one before stays with its topic', async () => {
    const harness = desk()
    await harness.ask(QUESTION[lang])
    const [answer] = await harness.ask(lang === 'en' ? 'and to Japan?' : '日本呢？')
    expect(answer?.data).toMatchObject({ sources: [{ source: `shipping-abroad-${lang}` }] })
    expect(harness.label).toMatchObject({ topic: 'shipping' })
  })

  test('without a taught set is answered by its act and by what is found', async () => {
    const harness = desk(understandByActs)
    const [answer] = await harness.ask(QUESTION[lang])
    expect(answer?.data).toMatchObject({ act: 'new_topic', intents: [], sources: [{ source: `shipping-europe-${lang}` }] })
    expect(answer?.data).not.toHaveProperty('intent')
    expect(harness.label).toMatchObject({ intent: null, topic: null })
  })

  test('is counted as a record and no task where it is a plain courtesy', () => {
    const harness = desk()
    harness.user(lang === 'en' ? 'Thanks a lot!' : '非常感谢！')
    expect(harness.records).toHaveLength(1)
    expect(tasksOf(harness)).toEqual([])
    expect(harness.emitted).toMatchObject([{ data: { act: 'chitchat', intents: [], understandingVersion: 'courtesies@1' } }])
    expect(harness.label).toMatchObject({ intent: null, act: 'chitchat' })
  })
})

describe('sentences that the lexicon took for something else', () => {
  test.each(['什么是人工智能？', 'What is artificial intelligence?'])('"%s" is looked up and hands nothing to a person', async (text) => {
    for (const understand of [byDemoSet, understandByActs]) {
      const harness = desk(understand)
      expect(typesOf(await harness.ask(text))).toEqual(['message.sent'])
      expect(tasksOf(harness)[0]).toBe('lookup')
      expect(harness.state).toBe('open.listening')
    }
  })

  test.each([
    ['继续上面的话题', 'zh'],
    ['接着说', 'zh'],
    ['go on', 'en'],
    ['Continue with the topic above, please', 'en'],
  ] as const)('"%s" continues with the question before', async (text, lang) => {
    for (const understand of [byDemoSet, understandByActs]) {
      const harness = desk(understand)
      await harness.ask(QUESTION[lang])
      for (let again = 0; again < 2; again++) {
        const [answer] = await harness.ask(text)
        expect(answer?.data).toMatchObject({ act: 'continuation', sources: [{ source: `shipping-europe-${lang}` }] })
        expect(contextSchema.parse(harness.last.state?.context).asked).toBe(QUESTION[lang])
      }
    }
  })

  test('"我想查询产品规格" is about products', async () => {
    const harness = desk()
    const [reply] = await harness.ask('我想查询产品规格')
    expect(reply?.data).toMatchObject({ intent: 'product' })
    expect(harness.label).toMatchObject({ intent: 'product', topic: 'product' })
  })
})

describe('a wish for a person', () => {
  test.each([
    'I would rather discuss this with one of your colleagues on the phone',
    '麻烦找你们经理给我回个电话吧',
    '我想跟真人客服聊一下我的情况',
  ])('that only the lookup recognises hands over: "%s"', async (text) => {
    const harness = desk()
    await harness.ask(text, 'm-1')
    expect(harness.records).toHaveLength(2)
    expect(tasksOf(harness)).toEqual(['lookup'])
    expect(harness.emitted).toMatchObject([
      { type: 'message.sent', data: { replyTo: 'm-1', act: 'handoff' } },
      { type: 'escalated', data: { reason: 'customer_asked' } },
    ])
  })

  test.each(['a human please', '转人工'])('in plain words does not wait for the lookup of another message: "%s"', (text) => {
    const harness = desk()
    harness.user('How long is the warranty?')
    const { run } = harness.pendingTask
    harness.user(text, 'm-2')
    expect(harness.last.stopped).toContain(run)
    expect(harness.last).toMatchObject({ to: 'escalated.waiting', emitted: [{ data: { replyTo: 'm-2', act: 'handoff' } }, {}] })
  })
})

test('a search is made for what asks something, and for nothing else', async () => {
  const searched: string[] = []
  const searchIndex: TaskSearchIndex = {
    search: ({ q }) => {
      searched.push(q)
      return Promise.resolve([])
    },
    knowledgeVersion: () => Promise.resolve('log-1'),
    knowledgeSeq: () => Promise.resolve(undefined),
  }
  const turns = [
    { role: 'user', text: 'How long is the warranty?' },
    { role: 'assistant', text: 'Two years.' },
  ] as const
  const lookUp = (text: string) =>
    lookupTask(articles, 0).run({
      input: { text, about: 'How long is the warranty?', lang: 'en', turns: [...turns] },
      searchIndex,
      memory: searchIndex,
      understand: byDemoSet,
      evaluate: evaluateByRules,
      live: recordsLive(),
      ...generates(),
      ...builtInPrompts(),
      ...placedAt(),
      ...recommendsFromCatalogue(),
      log: pino({ level: 'silent' }),
      ...firstAttempt,
      signal: new AbortController().signal,
      actor: { tenant: 'acme', kind: 'support', id: 'c1' },
    })
  for (const text of ['This is really disappointing', 'let me talk to somebody of your team', 'no, leave it like that', 'you are funny'])
    expect(await lookUp(text), text).toMatchObject({ hits: [], understood: { because: expect.any(Array) as string[] } })
  expect(searched).toEqual([])
  expect(await lookUp('go on')).toMatchObject({ about: 'How long is the warranty?' })
  expect(new Set(searched)).toEqual(
    new Set(['go on\nHow long is the warranty?', 'How long is the warranty?', 'How long is the warranty?\nTwo years.']),
  )
  expect(await lookUp('Which payment methods do you accept?')).toMatchObject({ about: null })
  expect(searched.at(-1)).toBe('Which payment methods do you accept?')
})

test('a result that comes again is ignored', () => {
  const harness = desk()
  harness.user('This is useless, very disappointed')
  const { run } = harness.pendingTask
  const understood = { act: 'feedback', actConfidence: 0.9, intents: [], because: [], topic: null, version: 'acts@1' }
  harness.result({ hits: [], understood }, run)
  expect(harness.last).toMatchObject({ to: 'open.listening', state: { context: { complaints: 1 } } })
  expect(harness.result({ hits: [], understood }, run)).toMatchObject({ kind: 'ignored' })
  expect(harness.state).toBe('open.listening')
})

test('a task that fails leaves the case abandoned, also after thanks', async () => {
  const harness = desk()
  await harness.ask('Thanks!')
  harness.user('How long is the warranty?')
  harness.fail()
  harness.fire()
  expect(harness.last.emitted).toMatchObject([{ type: 'case.closed', data: { outcome: 'abandoned' } }])
})

describe.each([1, 2, 3])('an actor of version %d', (version) => {
  const old = { lang: 'zh', topic: 'shipping', rating: 2, misses: 1, failures: 0, complaints: 0, confidence: 0.6 }
  const queued = { id: 'q-1', text: '那要多久呢', lang: 'zh', intent: 'shipping', topic: 'shipping', about: '寄到德国运费多少' }
  /** The actor with the context of an earlier version, in the state of `harness`. */
  const asEarlier = (harness: Desk, context: Record<string, unknown>) => {
    const { state } = harness.actor
    if (state === null) throw new Error('no state')
    return createSupportHarness(support, {
      understand: byDemoSet,
      from: {
        actor: { ...harness.actor, machine: `support@${version}`, state: { ...state, context }, snapshot: undefined },
        started: harness.records.flatMap(({ started }) => started),
      },
    })
  }
  const inLookup = () => {
    const harness = desk()
    harness.user('那要多久呢', 'q-1')
    return asEarlier(harness, { ...old, intent: 'shipping', asked: '那要多久呢', queue: [queued], turns: [] })
  }

  test('that waits for a lookup goes on with a result of its version', () => {
    const harness = inLookup()
    harness.result({ hits: someHits.map((hit) => ({ ...hit, score: 0.25 })), kbVersion: 'kb' })
    expect(harness.last).toMatchObject({ machine: 'support@9', to: 'open.answering.composing' })
    expect(harness.pendingTask.input).toMatchObject({ text: '那要多久呢', topic: 'shipping', kbVersion: 'kb' })
    harness.result(someAnswer)
    expect(harness.last).toMatchObject({ to: 'open.listening', emitted: [{ data: { replyTo: 'q-1', text: someAnswer.text } }] })
    expect(harness.label).toMatchObject({ intent: 'shipping', topic: 'shipping', act: null, rating: 2 })
  })

  test('that waits for a lookup goes on with one of this version', async () => {
    const harness = inLookup()
    await harness.work()
    expect(harness.last.state).toMatchObject({ context: { queue: [{ understood: { act: expect.any(String) as string } }] } })
  })

  test('understands what waited in its queue', async () => {
    const harness = desk()
    harness.user('那要多久呢', 'q-1')
    const second = { ...queued, id: 'q-2', text: '怎么退货', intent: 'other', topic: null, about: null }
    const earlier = asEarlier(harness, { ...old, intent: 'other', asked: null, queue: [queued, second], turns: [] })
    earlier.fail()
    expect(earlier.pendingTask.input).toMatchObject({ text: '怎么退货' })
    await earlier.work()
    expect(earlier.label).toMatchObject({ intent: 'returns', act: expect.any(String) as string })
  })

  test.each([
    ['resolved', { intent: 'thanks', turns: [] }],
    ['resolved', { intent: 'feedback_positive', turns: [] }],
    [
      'resolved',
      {
        intent: 'smalltalk',
        turns: [
          { role: 'user', text: '谢谢' },
          { role: 'assistant', text: '不客气！' },
          { role: 'user', text: '再见' },
        ],
      },
    ],
    ['abandoned', { intent: 'smalltalk', turns: [{ role: 'user', text: '再见' }] }],
    ['abandoned', { intent: 'shipping', turns: [] }],
    ['abandoned', { intent: 'feedback_negative', turns: [] }],
    ['abandoned', { intent: null, turns: [] }],
  ])('ends as %s after %j', async (outcome, more) => {
    const harness = desk()
    await harness.ask('hello')
    const earlier = asEarlier(harness, { ...old, asked: null, queue: [], ...more })
    earlier.fire()
    expect(earlier.last.emitted).toMatchObject([{ type: 'case.closed', data: { outcome } }])
  })
})

test('an actor of version 4 goes on: its question has the whole budget from its next event', () => {
  const harness = desk()
  harness.user(QUESTION.en, 'q-1')
  const { state } = harness.actor
  if (state === null) throw new Error('no state')
  const { queue } = contextSchema.parse(state.context)
  const context = { ...state.context, queue: queue.map(({ arrivedAt: _arrivedAt, ...question }) => question) }
  const earlier = createSupportHarness(support, {
    from: {
      actor: { ...harness.actor, machine: 'support@4', state: { ...state, context, timers: {} }, snapshot: undefined },
      started: harness.records.flatMap(({ started }) => started),
    },
  })
  earlier.result({
    hits: someHits,
    understood: { act: 'new_topic', actConfidence: 1, intents: [], because: [], topic: null, version: 'a' },
  })
  expect(earlier.last).toMatchObject({ machine: 'support@9', to: 'open.answering.composing' })
  const [timer] = earlier.last.timers
  expect(Date.parse(timer?.at ?? '') - Date.parse(earlier.last.at)).toBe(7_750)
  earlier.result(someAnswer)
  expect(earlier.last).toMatchObject({ to: 'open.listening', emitted: [{ data: { replyTo: 'q-1', text: someAnswer.text } }] })
})
