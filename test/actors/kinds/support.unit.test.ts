import { describe, expect, test } from 'vitest'
import { QUESTIONS_MAX } from '../../../actors/kinds/support/context.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import { recordSchema, type Emitted } from '../../../schemas/record.ts'
import { createDesk, deskWith, someAnswer, someHits } from '../../support/support-harness.ts'

const SAID = {
  en: {
    hello: 'Hello!', bye: 'ok, goodbye', robot: 'Are you a robot?',
    question: 'How much is shipping to Germany?', continuation: 'and to Japan?', bare: 'and how long is that?',
    thanks: 'Thanks a lot', praise: 'That helped, 5 stars',
    complaint: 'This is useless, very disappointed', person: 'I want to talk to a human',
    strange: 'Who won the elections in Brazil?', article: 'shipping-europe-en', next: 'shipping-abroad-en',
  },
  zh: {
    hello: '你好', bye: '好的，再见', robot: '你是机器人吗',
    question: '寄到德国运费多少', continuation: '日本呢？', bare: '那要多久呢？',
    thanks: '谢谢', praise: '解决了，五星好评',
    complaint: '太差了，很失望', person: '转人工',
    strange: '昨晚的球赛谁赢了', article: 'shipping-europe-zh', next: 'shipping-abroad-zh',
  },
} as const

const sent = (emitted: readonly Emitted[]) => emitted.filter(({ type }) => type === 'message.sent')
const repliesTo = (emitted: readonly Emitted[]): unknown[] => sent(emitted).map(({ data }) => data['replyTo'])
const isChinese = (text: unknown): boolean => /\p{Script=Han}/u.test(String(text))

describe.each(['en', 'zh'] as const)('a case in %s', (lang) => {
  const said = SAID[lang]

  test('answers a question from an article, says which one, and listens again', async () => {
    const desk = createDesk()
    const emitted = await desk.ask(said.question, 'q-1')
    expect(emitted).toEqual([expect.objectContaining({
      type: 'message.sent',
      data: expect.objectContaining({
        replyTo: 'q-1', lang, sources: [expect.objectContaining({ source: said.article })],
      }) as object,
    })])
    expect(desk.records.map(({ to }) => to)).toEqual(['open.answering.lookingUp', 'open.answering.composing', 'open.listening'])
    const confidence = expect.any(Number) as number
    expect(desk.label).toEqual({ intent: 'shipping', topic: 'shipping', confidence, lang, rating: null, quality: null })
    for (const record of desk.records) expect(recordSchema.safeParse(record).error).toBeUndefined()
  })

  test('understands a continuation by the question before', async () => {
    const desk = createDesk()
    await desk.ask(said.question)
    const [reply] = await desk.ask(said.continuation)
    expect(reply?.data).toMatchObject({ sources: [{ source: said.next }] })
    expect(desk.label).toMatchObject({ topic: 'shipping' })
  })

  test('understands one that has no word of its own', async () => {
    const desk = createDesk()
    await desk.ask(said.question)
    const [reply] = await desk.ask(said.bare)
    expect(reply?.data).toMatchObject({ sources: [{ source: said.article }] })
  })

  test.each(['hello', 'bye', 'robot', 'thanks', 'praise'] as const)('answers %s at once, in its language', (key) => {
    const desk = createDesk()
    desk.user(said[key], 'm-1')
    expect(desk.last).toMatchObject({
      from: '', to: 'open.listening', started: [], emitted: [{ type: 'message.sent', data: { replyTo: 'm-1', lang } }],
    })
    expect(isChinese(desk.emitted[0]?.data['text'])).toBe(lang === 'zh')
  })

  test('hands over at once to a customer who asks for a person', () => {
    const desk = createDesk()
    desk.user(said.person, 'm-1')
    expect(desk.state).toBe('escalated.waiting')
    expect(desk.emitted).toMatchObject([
      { type: 'message.sent', data: { replyTo: 'm-1', lang } },
      { type: 'escalated', data: { reason: 'customer_asked' } },
    ])
  })

  test('says so when it does not know, and calls a person the second time in a row', async () => {
    const desk = createDesk()
    const first = await desk.ask(said.strange, 'm-1')
    expect(first).toMatchObject([{ type: 'message.sent', data: { replyTo: 'm-1', lang, hits: 0 } }])
    expect(first[0]?.data['sources']).toBeUndefined()
    expect(desk.state).toBe('open.listening')
    const second = await desk.ask(said.strange, 'm-2')
    expect(second).toMatchObject([
      { type: 'message.sent', data: { replyTo: 'm-2', lang, hits: 0 } },
      { type: 'escalated', data: { reason: 'low_confidence' } },
    ])
  })

  test('is sorry for a complaint, and calls a person for the second, also with an answer in between', async () => {
    const desk = createDesk()
    expect(await desk.ask(said.complaint, 'm-1')).toMatchObject([{ type: 'message.sent', data: { replyTo: 'm-1', lang } }])
    await desk.ask(said.question)
    expect(await desk.ask(said.complaint, 'm-3')).toMatchObject([
      { type: 'message.sent', data: { replyTo: 'm-3', lang } },
      { type: 'escalated', data: { reason: 'negative_feedback' } },
    ])
  })

  test('forgives a complaint after which the customer was content', async () => {
    const desk = createDesk()
    for (const text of [said.complaint, said.thanks, said.complaint]) await desk.ask(text)
    expect(desk.state).toBe('open.listening')
  })

  test('apologises for a failed task, and calls a person for the second failure in a row', () => {
    const desk = createDesk()
    desk.user(said.question, 'm-1')
    desk.fail()
    expect(desk.last).toMatchObject({ to: 'open.listening', emitted: [{ type: 'message.sent', data: { replyTo: 'm-1', lang } }] })
    desk.user(said.question, 'm-2')
    desk.result({ hits: someHits })
    desk.fail()
    expect(desk.last).toMatchObject({
      to: 'escalated.waiting',
      emitted: [{ type: 'message.sent', data: { replyTo: 'm-2', lang } }, { type: 'escalated', data: { reason: 'task_failed' } }],
    })
  })
})

describe('answering', () => {
  test('takes an answer that the articles do not give as not knowing', () => {
    const desk = createDesk()
    desk.user('How long does delivery take?', 'm-1')
    desk.result({ hits: someHits })
    desk.result({ text: null, sources: [] })
    expect(desk.last).toMatchObject({
      to: 'open.listening', state: { context: { misses: 1 } }, emitted: [{ data: { replyTo: 'm-1' } }],
    })
  })

  test('passes on what the model was and what it cost', () => {
    const desk = createDesk()
    desk.user('How long does delivery take?', 'm-1')
    desk.result({ hits: someHits })
    expect(desk.pendingTask.input).toMatchObject({ text: 'How long does delivery take?', hits: someHits, turns: [] })
    desk.result({ ...someAnswer, model: 'm', tokensIn: 7, tokensOut: 3 })
    expect(desk.emitted).toMatchObject([{ data: { ...someAnswer, replyTo: 'm-1', model: 'm', tokensIn: 7, tokensOut: 3 } }])
  })

  test('an answer ends a row of misses and failures', () => {
    const desk = createDesk()
    const answer = () => { desk.user('How long does delivery take?'); desk.result({ hits: someHits }); desk.result(someAnswer) }
    desk.user('How long does delivery take?')
    desk.fail()
    answer()
    desk.user('How long does delivery take?')
    desk.expire()
    answer()
    desk.user('How long does delivery take?')
    desk.result({ hits: [] })
    expect(desk.state).toBe('open.listening')
    expect(desk.emitted.filter(({ type }) => type === 'escalated')).toEqual([])
  })

  test('a deadline counts as a failure and stops the run', () => {
    const desk = createDesk()
    desk.user('How long does delivery take?')
    const { run } = desk.pendingTask
    desk.expire()
    expect(desk.last).toMatchObject({ to: 'open.listening', stopped: [run], state: { context: { failures: 1 } } })
  })

  test('a result that comes late is ignored, and the next question gets its own', () => {
    const desk = createDesk()
    desk.user('How long does delivery take?')
    const { run } = desk.pendingTask
    desk.expire()
    desk.user('How long is the warranty?', 'm-2')
    expect(desk.result({ hits: someHits }, run)).toEqual({ kind: 'ignored', why: 'no_such_run' })
    expect(desk.fail(run)).toEqual({ kind: 'ignored', why: 'no_such_run' })
    expect(desk.pendingTask.input).toMatchObject({ text: 'How long is the warranty?' })
    expect(desk.state).toBe('open.answering.lookingUp')
  })
})

describe('messages that arrive while one is being answered', () => {
  test('are answered afterwards, each for itself, in order', () => {
    const desk = createDesk()
    desk.user('How long does delivery take?', 'm-1')
    desk.user('How long is the warranty?', 'm-2')
    desk.result({ hits: someHits })
    desk.user('Thanks!', 'm-3')
    desk.user('Can I pay with PayPal?', 'm-4')
    expect(desk.emitted).toEqual([])
    desk.result({ ...someAnswer, text: 'one' })
    expect(desk.pendingTask).toMatchObject({ task: 'lookup', input: { text: 'How long is the warranty?' } })
    desk.result({ hits: someHits })
    desk.result({ ...someAnswer, text: 'two' })
    desk.result({ hits: someHits })
    desk.result({ ...someAnswer, text: 'four' })
    expect(sent(desk.emitted).map(({ data }) => [data['replyTo'], data['text']])).toEqual([
      ['m-1', 'one'], ['m-2', 'two'], ['m-3', expect.stringContaining('welcome')], ['m-4', 'four'],
    ])
    expect(desk.last).toMatchObject({ to: 'open.listening', state: { context: { queue: [] } } })
  })

  test('keep their language each', () => {
    const desk = createDesk()
    desk.user('How long does delivery take?', 'm-1')
    desk.user('保修几年', 'm-2')
    desk.fail()
    desk.result({ hits: [] })
    expect(sent(desk.emitted).map(({ data }) => data['lang'])).toEqual(['en', 'zh'])
  })

  test('do not wait when one of them asks for a person: the run is stopped and all go along', () => {
    const desk = createDesk()
    desk.user('How long does delivery take?', 'm-1')
    desk.user('How long is the warranty?', 'm-2')
    const { run } = desk.pendingTask
    desk.user('a human please', 'm-3')
    expect(desk.last).toMatchObject({ to: 'escalated.waiting', stopped: [run], state: { context: { queue: [] } } })
    expect(repliesTo(desk.emitted)).toEqual(['m-3'])
    expect(desk.result({ hits: someHits }, run)).toEqual({ kind: 'ignored', why: 'no_such_run' })
  })

  test(`go to a person when more than ${QUESTIONS_MAX} wait`, () => {
    const desk = createDesk()
    for (let i = 1; i <= QUESTIONS_MAX; i++) desk.user('How long does delivery take?', `m-${i}`)
    expect(desk.state).toBe('open.answering.lookingUp')
    desk.user('How long is the warranty?', 'm-last')
    expect(desk.last).toMatchObject({
      to: 'escalated.waiting', state: { context: { queue: [] } },
      emitted: [{ data: { replyTo: 'm-last' } }, { type: 'escalated', data: { reason: 'backlog' } }],
    })
  })

  test('go to a person when the machine fails twice on the way', () => {
    const desk = createDesk()
    for (const id of ['m-1', 'm-2', 'm-3']) desk.user('How long does delivery take?', id)
    desk.fail()
    desk.fail()
    expect(desk.last).toMatchObject({ to: 'escalated.waiting', state: { context: { queue: [] }, tasks: {} } })
    expect(repliesTo(desk.emitted)).toEqual(['m-1', 'm-3'])
  })
})

describe('what is not for the machine', () => {
  const others = ['agent', 'assistant', 'system']
  test.each(others)('a message of the role %s is recorded and not answered, wherever it arrives', async (role) => {
    const desk = createDesk()
    desk.says(role, 'How long does delivery take?')
    expect(desk.last).toMatchObject({ to: 'new', emitted: [], started: [] })
    await desk.ask('Hello')
    desk.says(role, 'How long does delivery take?')
    expect(desk.last).toMatchObject({ to: 'open.listening', emitted: [], started: [], timers: [], stopped: [] })
    desk.user('How long does delivery take?', 'm-1')
    desk.says(role, 'hold on')
    expect(desk.last).toMatchObject({ to: 'open.answering.lookingUp', emitted: [], started: [], stopped: [] })
  })

  test('an imported conversation sets nothing going', () => {
    const desk = createDesk()
    desk.event('conversation.imported', { turns: 12 })
    expect(desk.last).toMatchObject({ to: 'new', emitted: [], started: [], timers: [] })
  })
})

describe('a case with a person', () => {
  const escalated = () => {
    const desk = createDesk()
    desk.user('I want to talk to a human')
    return desk
  }

  test('leaves the customer to the person: nothing is answered any more', () => {
    const desk = escalated()
    for (const text of ['How long does delivery take?', 'I want to talk to a human', 'thanks']) {
      desk.user(text)
      expect(desk.last).toMatchObject({ to: 'escalated.waiting', emitted: [], started: [] })
    }
  })

  test.each([
    ['case.taken', { agent: 'Ann' }],
    ['message.received', { role: 'agent', text: 'Ann here, let me look.' }],
  ])('is theirs from %s on, until they resolve it', (type, data) => {
    const desk = escalated()
    desk.event(type, data)
    expect(desk.state).toBe('escalated.withAgent')
    desk.user('thank you')
    expect(desk.last).toMatchObject({ to: 'escalated.withAgent', emitted: [] })
    desk.event('case.resolved', { by: 'Ann' })
    expect(desk.last).toMatchObject({ to: 'closed', emitted: [{ type: 'case.closed', data: { outcome: 'escalated_resolved' } }] })
  })

  test('may be taken over without the customer having asked', () => {
    const desk = createDesk()
    desk.user('How long does delivery take?', 'm-1')
    const { run } = desk.pendingTask
    desk.event('case.taken', { agent: 'Ann' })
    expect(desk.last).toMatchObject({
      to: 'escalated.withAgent', stopped: [run], state: { context: { queue: [] } },
      emitted: [{ type: 'escalated', data: { reason: 'agent_took_over' } }],
    })
    expect(sent(desk.emitted)).toEqual([])
  })

  test('goes back to the machine with the next case', async () => {
    const desk = escalated()
    desk.event('case.resolved', {})
    const emitted = await desk.ask('How much is shipping to Germany?', 'm-9')
    expect(repliesTo(emitted)).toEqual(['m-9'])
    expect(desk.last.case?.no).toBe(2)
  })
})

describe('feedback', () => {
  test('is kept and shown', async () => {
    const desk = createDesk()
    await desk.ask('Hello')
    desk.event('feedback.given', { rating: 4, comment: 'quick' })
    expect(desk.last).toMatchObject({ to: 'open.listening', emitted: [], label: { rating: 4 } })
  })

  test('that is bad calls a person while the case is open', () => {
    const desk = createDesk()
    desk.user('How long does delivery take?', 'm-1')
    desk.event('feedback.given', { rating: 1 })
    expect(desk.last).toMatchObject({
      to: 'escalated.waiting', label: { rating: 1 },
      emitted: [{ type: 'message.sent', data: { replyTo: 'm-1' } }, { type: 'escalated', data: { reason: 'negative_feedback' } }],
    })
  })

  test('on a closed case is kept, and does not open it', async () => {
    const desk = createDesk()
    await desk.ask('Hello')
    desk.fire()
    desk.event('feedback.given', { rating: 1 })
    expect(desk.last).toMatchObject({ to: 'closed', emitted: [], label: { rating: 1 } })
  })

  test.each([0, 6, 2.5])('of %d is refused', (rating) => {
    expect(() => createDesk().event('feedback.given', { rating })).toThrow(/bad_data/)
  })
})

describe('silence', () => {
  test('closes the case 30 minutes after our last reply', async () => {
    const desk = createDesk()
    await desk.ask('How much is shipping to Germany?')
    const [timer] = desk.last.timers
    expect(Date.parse(timer?.at ?? '') - Date.parse(desk.last.at)).toBe(30 * 60_000)
    desk.fire()
    expect(desk.last).toMatchObject({
      to: 'closed', emitted: [{ type: 'case.closed', data: { outcome: 'answered' } }], case: { closed: true },
    })
  })

  test('starts anew with every reply: an earlier timer is gone', async () => {
    const desk = createDesk()
    await desk.ask('Hello')
    const earlier = desk.last.timers[0]?.run
    await desk.ask('How much is shipping to Germany?')
    expect(desk.fire(earlier)).toEqual({ kind: 'ignored', why: 'no_such_run' })
    expect(desk.state).toBe('open.listening')
  })

  test('does not run while we owe an answer, nor while a person has the case', () => {
    const desk = createDesk()
    desk.user('How long does delivery take?')
    expect(desk.actor.state?.timers).toEqual({})
    desk.user('I want to talk to a human')
    expect(desk.actor.state?.timers).toEqual({})
  })

  test('may be set', async () => {
    const desk = deskWith({ silenceMs: 1000 })
    await desk.ask('Hello')
    expect(Date.parse(desk.last.timers[0]?.at ?? '') - Date.parse(desk.last.at)).toBe(1000)
  })

  test.each([
    ['resolved', ['How much is shipping to Germany?', 'Thanks!']],
    ['resolved', ['That solved my problem']],
    ['answered', ['How much is shipping to Germany?']],
    ['abandoned', ['Who won the elections in Brazil?']],
    ['abandoned', ['How much is shipping to Germany?', 'useless bot']],
  ])('ends as %s after %j', async (outcome, texts) => {
    const desk = createDesk()
    for (const text of texts) await desk.ask(text)
    desk.fire()
    expect(desk.last.emitted).toMatchObject([{ type: 'case.closed', data: { outcome } }])
  })

  test('a new message opens another case, which remembers the scene and not the troubles', async () => {
    const desk = createDesk()
    await desk.ask('How much is shipping to Germany?')
    desk.event('feedback.given', { rating: 3 })
    await desk.ask('useless')
    desk.fire()
    const emitted = await desk.ask('and to Japan?', 'm-9')
    expect(emitted).toMatchObject([{ data: { replyTo: 'm-9', sources: [{ source: 'shipping-abroad-en' }] } }])
    expect(desk.last).toMatchObject({
      to: 'open.listening', case: { no: 2 }, label: { rating: null }, state: { context: { complaints: 0 } },
    })
  })
})

describe('bounds', () => {
  test.each([
    ['long', 'order '.repeat(40_000)],
    ['control characters', '\u0001'.repeat(40_000)],
    ['Chinese', '退'.repeat(60_000)],
    ['emoji', '👩‍👩‍👧'.repeat(8_000)],
    ['empty', ''],
    ['cut in the middle of a character', `${' '.repeat(3999)}😀`],
  ])('a state full of messages that are %s stays far below what a record may hold', (_, text) => {
    const desk = createDesk()
    for (let i = 0; i < QUESTIONS_MAX; i++) {
      desk.event('message.received', { role: 'user', text }, { id: `${i}`.padStart(256, 'x') })
    }
    expect(Buffer.byteLength(JSON.stringify(desk.actor.state))).toBeLessThan(LIMITS.stateBytesMax * 0.75)
    desk.result({ hits: [] })
    expect(sent(desk.emitted).length).toBeGreaterThan(0)
  })

  test('a declared language is believed; one that we do not speak leaves the conversation in its own', () => {
    const lang = (data: object): unknown => {
      const desk = createDesk()
      desk.event('message.received', { role: 'user', text: 'Hello', ...data })
      return desk.emitted[0]?.data['lang']
    }
    expect(lang({ lang: 'zh-CN' })).toBe('zh')
    expect(lang({ lang: 'EN' })).toBe('en')
    expect(lang({ lang: 'fr' })).toBe('en')
  })

  test('a short word in Latin letters does not turn a Chinese conversation English', async () => {
    const desk = createDesk()
    await desk.ask('你好')
    expect((await desk.ask('OK'))[0]?.data['lang']).toBe('zh')
    expect((await desk.ask('Can I please have this in English?'))[0]?.data['lang']).toBe('en')
  })
})
