import { describe, expect, test } from 'vitest'
import { createFront } from '../../../../actors/kinds/front/kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { fails, inTurn } from '../../../../actors/testkit/task-stubs.ts'
import type { Act } from '../../../../schemas/dialogue-acts.ts'

const front = createFront()
const WORLD = { tenant: 'acme', id: 'c1' }
const understood = (route: string | null, act: Act = 'new_topic', intents = [{ name: 'one', confidence: 0.9 }]) => ({
  act: { name: act, confidence: 1 },
  intents,
  outOfScope: intents.length === 0,
  topic: null,
  route,
  lang: null,
  version: 'main@1 acts@1',
})
type Story = Scenario<typeof front>
const story = (): Story => given(front, WORLD)
const says = (one: Story, text: string, id: string): Story => one.when('message.received', { role: 'user', text }, { id })
const from = (kind: string) => ({ source: `colloquy/acme/${kind}/c1` })
/** What the last step sent on, in order. */
const sent = ({ records }: Story, from = 0): string[] =>
  records.slice(from).flatMap((record) => (record.sent ?? []).map(({ kind, data }) => `${kind}: ${String(data['text'])}`))

describe('a message', () => {
  test.each([
    ['我要退货', 'returns', 'returns'],
    ['What is this?', null, 'support'],
    ['A route to the front itself', 'front', 'support'],
  ])('goes to the kind of its route, under its own conversation: %s', (text, route, kind) => {
    const one = says(story().task('understand', understood(route)), text, 'm1').thenSent(kind, 'c1', 'message.received', {
      role: 'user',
      text,
    })
    const last = one.records.at(-1)
    expect(last?.sent).toEqual([
      {
        id: 'via-1:m1',
        kind,
        actor: 'c1',
        type: 'message.received',
        data: { role: 'user', text },
        causationid: 'm1',
        follow: 'message.sent case.closed',
      },
    ])
    // The understanding is in the record, so that a replay asks nobody.
    expect(last?.input.data).toMatchObject({ output: { route, version: 'main@1 acts@1' } })
    one.thenLabel({ conversation: false, target: kind, passed: 1, refused: 0, failed: 0 }).thenNotEmitted()
  })

  test('keeps fields that Colloquy does not know', () => {
    const data = { role: 'user', text: 'Hi', customer: 'u7', agent: 'ann', more: { deep: [1] } } as const
    given(front, WORLD)
      .task('understand', understood('sales'))
      .when('message.received', data)
      .thenSent('sales', 'c1', 'message.received', data)
  })

  test('of a person goes on in its order without being understood', () => {
    const waiting = says(story(), 'Where is it?', 'm1').when('message.received', { role: 'agent', text: 'I look' }, { id: 'm2' })
    expect(sent(waiting)).toEqual([])
    expect(sent(waiting.taskEnds('understand', understood('sales')))).toEqual(['sales: Where is it?', 'sales: I look'])
    expect(sent(story().when('message.received', { role: 'agent', text: 'Hello' }))).toEqual(['support: Hello'])
  })

  test('whose understanding fails goes to the fallback and is counted', () => {
    const desk = createFront({ name: 'desk', fallback: 'people' })
    given(desk, WORLD)
      .task('understand', fails('no_memory'))
      .when('message.received', { role: 'user', text: 'Hi' })
      .thenSent('people', 'c1', 'message.received', { text: 'Hi' })
      .thenLabel({ failed: 1, target: 'people' })
    says(story(), 'Hi', 'm1').taskExpires('understand').thenSent('support', 'c1', 'message.received').thenLabel({ failed: 1 })
  })
})

describe('the reply to a message is given up', () => {
  const cancels = (one: Story, message: string): Story => one.when('reply.cancel', { message })

  test('at the target that has the message, under the id that it has there, once', () => {
    const passed = says(says(story().task('understand', understood('sales')), '多少钱？', 'm1'), 'And shipping?', 'm2')
    const cancelled = cancels(passed, 'm2').thenSent('sales', 'c1', 'reply.cancel', { message: 'via-2:m2' })
    cancels(cancelled, 'm2').thenNothing()
    cancels(cancelled, 'm1').thenSent('sales', 'c1', 'reply.cancel', { message: 'via-1:m1' })
  })

  test('not where it has its reply, or was never sent', () => {
    const answered = says(story().task('understand', understood('sales')), 'Price?', 'm1').when(
      'message.sent',
      { text: '5 €', replyTo: 'via-1:m1' },
      from('sales'),
    )
    cancels(answered, 'm1').thenNothing()
    cancels(answered, 'nobody').thenNothing()
  })

  test('while the message waits: it does not go on, and the next one does', () => {
    const waiting = says(says(story(), 'first', 'm1'), 'second', 'm2')
    const without2 = cancels(waiting, 'm2').taskEnds('understand', understood('sales'))
    expect(sent(without2)).toEqual(['sales: first'])
    const without1 = cancels(waiting, 'm1').thenState('understanding').taskEnds('understand', understood('sales'))
    expect(sent(without1)).toEqual(['sales: second'])
  })

  test('among the last 16 messages', () => {
    const many = Array.from({ length: 20 }, (_, index) => `m${index}`).reduce(
      (one, id) => says(one, id, id),
      story().task('understand', understood('sales')),
    )
    cancels(many, 'm3').thenNothing()
    cancels(many, 'm4').thenSent('sales', 'c1', 'reply.cancel', { message: 'via-5:m4' })
  })
})

describe('the target', () => {
  const withSales = says(story().task('understand', understood('sales')), 'I want to buy', 'm1')

  test.each([
    ['a continuation', understood('returns', 'continuation'), 'sales'],
    ['a new topic of the same route', understood('sales'), 'sales'],
    ['a new topic out of scope', understood(null, 'new_topic', []), 'sales'],
    ['a new topic of another route', understood('returns'), 'returns'],
    ['a new topic whose intent has no route', understood(null), 'support'],
  ])('after %s', (_, next, kind) => {
    says(withSales.task('understand', next), 'and', 'm2').thenSent(kind, 'c1', 'message.received').thenLabel({ target: kind })
  })

  test('stays when a message cannot be understood', () => {
    says(withSales.task('understand', fails('x')), 'and', 'm2')
      .thenSent('sales', 'c1', 'message.received')
      .thenLabel({ target: 'sales' })
  })

  test('is free again when its case closes, and not when that of an earlier target does', () => {
    const later = understood('returns', 'continuation')
    const open = withSales.when('case.closed', { outcome: 'resolved' }, from('support')).thenLabel({ target: 'sales' })
    const closed = open.when('case.closed', { outcome: 'resolved' }, from('sales')).thenLabel({ target: null })
    closed.thenEmitted('case.closed', { outcome: 'resolved' })
    says(closed.task('understand', later), 'Hi', 'm2').thenSent('returns', 'c1', 'message.received')
  })
})

describe('a reply', () => {
  const open = says(story().task('understand', understood('sales')), 'I want to buy', 'm1')

  test('is emitted under the front’s address with all its fields, for the original message', () => {
    const data = { text: '好的', replyTo: 'via-1:m1', lang: 'zh', own: [1] }
    open.when('message.sent', data, from('sales')).thenEmitted('message.sent', { ...data, replyTo: 'm1' })
    open.when('message.sent', { text: 'Still there?' }, from('sales')).thenEmitted('message.sent', { text: 'Still there?' })
  })

  test('of anybody else changes nothing', () => {
    open.when('message.sent', { text: 'Hi' }, { source: 'colloquy/acme/sales/c2' }).thenNothing()
    open.when('message.sent', { text: 'Hi' }, { source: 'nats' }).thenRejected('bad_data')
    open.whenRaw({ type: 'message.sent', data: { text: 'Hi' }, source: 'colloquy/acme/sales/c1' }).thenRejected('bad_data')
  })

  test('and the messages before are the history of the next message', () => {
    const next = says(open.when('message.sent', { text: 'Which one?' }, from('sales')), 'The red one', 'm2')
    expect(next.records.flatMap(({ started }) => started.map(({ input }) => input))).toMatchObject([
      { text: 'I want to buy', history: [] },
      {
        text: 'The red one',
        history: [
          { role: 'user', text: 'I want to buy' },
          { role: 'assistant', text: 'Which one?' },
        ],
      },
    ])
  })
})

describe('while a message is understood', () => {
  const full = Array.from({ length: 17 }, (_, index) => `m${index}`).reduce((one, id) => says(one, `text ${id}`, id), story())

  test('sixteen wait, and go on in their order', () => {
    const results = Array.from({ length: 17 }).reduce<Story>((one) => one.taskEnds('understand', understood('sales')), full)
    expect(sent(results)).toEqual(Array.from({ length: 17 }, (_, index) => `sales: text m${index}`))
    results.thenLabel({ passed: 17, refused: 0 })
  })

  test.each([
    ['One more', 'en', /send it again/],
    ['再来一条消息', 'zh', /请稍后再发一次/],
  ])('one more is refused in words: %s', (text, lang, words) => {
    const refused = says(full, text, 'm17').thenEmitted('message.sent', { replyTo: 'm17', lang }).thenLabel({ refused: 1, passed: 0 })
    expect(refused.records.at(-1)?.emitted[0]?.data['text']).toMatch(words)
    expect(refused.context.waiting).toHaveLength(17)
    says(refused.taskEnds('understand', understood('sales')), 'again', 'm18').thenNotEmitted()
  })

  test('messages that would make its state too large are refused, too', () => {
    const large = '长'.repeat(7_000)
    const one = says(story(), large, 'm1').thenNotEmitted()
    says(one, large, 'm2').thenEmitted('message.sent', { replyTo: 'm2', lang: 'zh' })
  })
})

test('ids of two producers that are equal, and ids of the maximum length, are different messages to the target', () => {
  const id = 'x'.repeat(256)
  const one = story().task('understand', inTurn(understood('sales'), understood('sales')))
  const both = ['a', 'b'].reduce((at, source) => at.when('message.received', { role: 'user', text: 'Hi' }, { id, source }), one)
  const ids = both.records.flatMap(({ sent: all = [] }) => all.map((event) => event.id))
  expect(new Set(ids).size).toBe(2)
  expect(ids.every(({ length }) => length <= 256)).toBe(true)
})

test('a front that falls back to itself is refused', () => {
  expect(() => createFront({ name: 'a', fallback: 'a' })).toThrow('must be another kind')
})

test('random walks find no fault', () => {
  const { unreached } = explore(front, { restingStates: ['listening'] })
  expect(unreached).toEqual([])
})
