import { describe, expect, test } from 'vitest'
import type { Answer } from '../../../../actors/kinds/support/definition.ts'
import { createSupport } from '../../../../actors/kinds/support/kind.ts'
import { sentence } from '../../../../actors/kinds/support/replies.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { fails, never, takes } from '../../../../actors/testkit/task-stubs.ts'
import { articles, createSupportHarness, someAnswer, someHits, understoodAs } from '../../../support/support-harness.ts'

const BUDGET_MS = 8_000
const support = createSupport({ articles, replyBudgetMs: BUDGET_MS })
const asks = { en: 'How long does delivery take?', zh: '送货要多久' } as const
const quotation: Answer = { text: 'A quotation.', sources: [], model: 'extractive', held: [{ reasons: ['reply_budget'] }] }
/** What a lookup finds where a model is to answer, and where none is. */
const forModel = { hits: someHits, understood: understoodAs('new_topic'), byModel: true as const }
const forQuotation = { hits: someHits, understood: understoodAs('new_topic') }

const from = (scenario: Scenario<typeof support>, lang: 'en' | 'zh' = 'en', id = 'q-1') =>
  scenario.when('message.received', { role: 'user', text: asks[lang] }, { id })
const replies = ({ records }: Scenario<typeof support>) =>
  records.flatMap(({ emitted, at }) =>
    emitted.filter(({ type }) => type === 'message.sent').map(({ data }) => ({ at: Date.parse(at), data })),
  )
const askedAt = ({ records }: Scenario<typeof support>): number => Date.parse(records[0]?.inbox.ts ?? '')

describe.each(['en', 'zh'] as const)('a customer in %s has a reply within the budget', (lang) => {
  test('where the lookup hangs: an apology', () => {
    const after = from(given(support).task('lookup', never), lang).after('8s')
    expect(replies(after)).toMatchObject([{ data: { text: sentence('failed', lang), replyTo: 'q-1' } }])
    expect((replies(after)[0]?.at ?? 0) - askedAt(after)).toBeLessThanOrEqual(BUDGET_MS)
    after.thenState('open.listening').thenContext({ failures: 1 })
  })

  test('where the model hangs: a quotation of what was found', () => {
    const after = from(given(support).task('lookup', forModel).task('answer', never).task('quote', takes('700ms', quotation)), lang).after(
      '8s',
    )
    expect(replies(after)).toMatchObject([{ data: { text: 'A quotation.', held: [{ reasons: ['reply_budget'] }], replyTo: 'q-1' } }])
    expect((replies(after)[0]?.at ?? 0) - askedAt(after)).toBeLessThanOrEqual(BUDGET_MS)
    after.thenState('open.listening').thenContext({ failures: 0, queue: [] })
  })

  test.each([
    ['hangs', never],
    ['fails', fails('runner_lost')],
  ])('where the task of the quotation %s, too: a quotation by the machine', (_, stub) => {
    const hits = articles.filter((article) => article.lang === lang).slice(0, 1)
    const found = {
      ...forModel,
      hits: hits.map(({ id, title, text }) => ({ source: id, title, text: text.slice(0, 1_000), lang, score: 1 })),
    }
    const after = from(given(support).task('lookup', found).task('answer', never).task('quote', stub), lang).after('8s')
    const [reply] = replies(after)
    expect(reply?.data).toMatchObject({ model: 'extractive', sources: [{ source: hits[0]?.id }], hits: 1, held: [{}] })
    expect(reply?.data['text']).toContain(hits[0]?.title)
    expect((reply?.at ?? 0) - askedAt(after)).toBeLessThanOrEqual(BUDGET_MS)
    after.thenState('open.listening').thenContext({ failures: 0 })
  })

  test('where that hangs, and no passage is in the language of the question: an apology', () => {
    const found = { ...forModel, hits: someHits.map((hit) => ({ ...hit, lang: 'fr' })) }
    const after = from(given(support).task('lookup', found).task('answer', never).task('quote', never), lang).after('8s')
    expect(replies(after)).toMatchObject([{ data: { text: sentence('failed', lang) } }])
    expect((replies(after)[0]?.at ?? 0) - askedAt(after)).toBeLessThanOrEqual(BUDGET_MS)
  })

  test('where nothing but the answering task hangs, and no model is there: an apology', () => {
    const after = from(given(support).task('lookup', forQuotation).task('answer', never), lang).after('8s')
    expect(replies(after)).toMatchObject([{ data: { text: sentence('failed', lang) } }])
    after.thenState('open.listening')
  })
})

test('the quotation gets what the model got, and why', () => {
  const found = { ...forModel, about: 'What before?', earlier: ['earlier'], kbVersion: 'kb-1' }
  const start = from(
    given(support)
      .task('lookup', found)
      .task('answer', takes('1s', fails('model_unavailable')))
      .task('quote', never),
  )
  const { about, earlier, kbVersion, hits } = found
  start.after('1s').thenTask('quote', { text: asks.en, about, earlier, kbVersion, hits, because: 'model_unavailable' })
  const { context } = start
  expect(context.queue).toMatchObject([{ found: { hits } }])
})

test('a late answer of the model is ignored, and its run is stopped', () => {
  const harness = createSupportHarness(support)
  harness.user(asks.en)
  harness.result(forModel)
  const { run } = harness.pendingTask
  const [timer = ''] = Object.keys(harness.actor.state?.timers ?? {})
  harness.fire(timer)
  expect(harness.last).toMatchObject({ to: 'open.answering.quoting', stopped: [run], started: [{ task: 'quote' }] })
  expect(harness.result(someAnswer, run)).toEqual({ kind: 'ignored', why: 'no_such_run' })
  harness.result(quotation)
  expect(harness.emitted).toMatchObject([{ type: 'message.sent', data: { text: 'A quotation.' } }])
})

test('the second of two messages has its own budget, and a model gets no time that is not left', () => {
  const stubs = given(support).task('lookup', forModel).task('answer', never).task('quote', quotation)
  const both = from(from(stubs), 'zh', 'q-2').after('8s')
  expect(replies(both).map(({ data }) => data['replyTo'])).toEqual(['q-1', 'q-2'])
  expect((replies(both)[1]?.at ?? 0) - askedAt(both)).toBeLessThanOrEqual(BUDGET_MS)
  expect(both.records.flatMap(({ started }) => started.map(({ task }) => task))).toEqual(['lookup', 'answer', 'quote', 'lookup', 'quote'])
})

test('what was found is kept only while a model answers', () => {
  const withoutModel = from(given(support).task('lookup', forQuotation).task('answer', never))
  expect(withoutModel.state).toBe('open.answering.composing')
  expect(JSON.stringify(withoutModel.context)).not.toContain(someHits[0]?.text)
  const answered = from(given(support).task('lookup', forModel).task('answer', someAnswer))
  expect(JSON.stringify(answered.context)).not.toContain(someHits[0]?.text)
})

test.each(['Thanks a lot!', '你好', 'agent'])('what needs no task sets no timer of the budget: "%s"', (text) => {
  const { records } = given(support).when('message.received', { role: 'user', text })
  expect(records).toHaveLength(1)
  expect(records[0]?.timers.map(({ event }) => event).filter((event) => !event.includes('silence'))).toEqual([])
  expect(JSON.stringify(records[0]?.state)).not.toContain('arrivedAt')
})

describe('a message that waited longer than the budget', () => {
  /** The context of a case whose message was stored so long before it is decided. */
  const late = (ms: number) => {
    const harness = createSupportHarness(support)
    harness.user(asks.en)
    const { state } = harness.actor
    const [question] = (state?.context['queue'] ?? []) as { arrivedAt: string }[]
    if (state === null || question === undefined) throw new Error('no question')
    const arrivedAt = new Date(Date.parse(question.arrivedAt) - ms).toISOString()
    const context = { ...state.context, queue: [{ ...question, arrivedAt }] }
    return createSupportHarness(support, {
      from: {
        actor: { ...harness.actor, state: { ...state, context }, snapshot: undefined },
        started: harness.records.flatMap(({ started }) => started),
      },
    })
  }

  test('is quoted at once, in place of a model', () => {
    const harness = late(60_000)
    harness.result(forModel)
    expect(harness.last).toMatchObject({ to: 'open.answering.quoting', started: [{ task: 'quote', input: { because: 'reply_budget' } }] })
  })

  test('is still answered: half of the budget counts from the time at which its turn comes', () => {
    const harness = late(60_000)
    harness.result(forQuotation)
    const [timer] = harness.last.timers
    expect(Date.parse(timer?.at ?? '') - Date.parse(harness.last.at)).toBe(BUDGET_MS / 2)
  })
})
