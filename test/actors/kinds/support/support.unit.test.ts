import { describe, expect, test } from 'vitest'
import { actorAfter, newActor } from '../../../../actors/core/actor.ts'
import { replayRecord } from '../../../../actors/core/replay.ts'
import { kindsByName } from '../../../../actors/definition/kind.ts'
import { QUESTIONS_MAX } from '../../../../actors/kinds/support/context.ts'
import { LIMITS } from '../../../../schemas/limits.ts'
import { type Emitted, recordSchema } from '../../../../schemas/record.ts'
import { createSupportHarness, someAnswer, someHits, support, supportHarnessWith } from '../../../support/support-harness.ts'

const PHRASES = {
  en: {
    hello: 'Hello!',
    bye: 'ok, goodbye',
    robot: 'Are you a robot?',
    question: 'How much is shipping to Germany?',
    continuation: 'and to Japan?',
    bare: 'and how long is that?',
    thanks: 'Thanks a lot',
    praise: 'That helped, 5 stars',
    complaint: 'This is useless, very disappointed',
    person: 'I want to talk to a human',
    strange: 'Who won the elections in Brazil?',
    article: 'shipping-europe-en',
    next: 'shipping-abroad-en',
  },
  zh: {
    hello: '你好',
    bye: '好的，再见',
    robot: '你是机器人吗',
    question: '寄到德国运费多少',
    continuation: '日本呢？',
    bare: '那要多久呢？',
    thanks: '谢谢',
    praise: '解决了，五星好评',
    complaint: '太差了，很失望',
    person: '转人工',
    strange: '昨晚的球赛谁赢了',
    article: 'shipping-europe-zh',
    next: 'shipping-abroad-zh',
  },
} as const

const sent = (emitted: readonly Emitted[]) => emitted.filter(({ type }) => type === 'message.sent')
const repliesTo = (emitted: readonly Emitted[]): unknown[] => sent(emitted).map(({ data }) => data['replyTo'])
const isChinese = (text: unknown): boolean => /\p{Script=Han}/u.test(String(text))

describe.each(['en', 'zh'] as const)('a case in %s', (lang) => {
  const phrases = PHRASES[lang]

  test('answers a question from an article, names it, and listens again', async () => {
    const harness = createSupportHarness()
    const emitted = await harness.ask(phrases.question, 'q-1')
    expect(emitted).toEqual([
      expect.objectContaining({
        type: 'message.sent',
        data: expect.objectContaining({ replyTo: 'q-1', lang, sources: [expect.objectContaining({ source: phrases.article })] }) as object,
      }),
    ])
    expect(harness.records.map(({ to }) => to)).toEqual(['open.answering.lookingUp', 'open.answering.composing', 'open.listening'])
    const act = 'new_topic'
    expect(harness.label).toEqual({ intent: null, topic: null, confidence: null, act, lang, rating: null, quality: null })
    expect(emitted[0]?.data).toMatchObject({ act, intents: [], understandingVersion: expect.stringContaining('acts@') as string })
    for (const record of harness.records) expect(recordSchema.safeParse(record).error).toBeUndefined()
  })

  test('understands a follow-up by the previous question', async () => {
    const harness = createSupportHarness()
    await harness.ask(phrases.question)
    const [reply] = await harness.ask(phrases.continuation)
    expect(reply?.data).toMatchObject({ sources: [{ source: phrases.next }] })
  })

  test('understands a follow-up without a word of its own', async () => {
    const harness = createSupportHarness()
    await harness.ask(phrases.question)
    const [reply] = await harness.ask(phrases.bare)
    expect(reply?.data).toMatchObject({ sources: [{ source: phrases.article }] })
  })

  test.each(['hello', 'bye', 'robot', 'thanks', 'praise'] as const)('answers %s at once, in its language', (key) => {
    const harness = createSupportHarness()
    harness.user(phrases[key], 'm-1')
    expect(harness.last).toMatchObject({
      from: '',
      to: 'open.listening',
      started: [],
      emitted: [{ type: 'message.sent', data: { replyTo: 'm-1', lang } }],
    })
    expect(isChinese(harness.emitted[0]?.data['text'])).toBe(lang === 'zh')
  })

  test('hands over at once to a customer who asks for a person', () => {
    const harness = createSupportHarness()
    harness.user(phrases.person, 'm-1')
    expect(harness.state).toBe('escalated.waiting')
    expect(harness.emitted).toMatchObject([
      { type: 'message.sent', data: { replyTo: 'm-1', lang } },
      { type: 'escalated', data: { reason: 'customer_asked' } },
    ])
  })

  test('says that it does not know, and calls a person the second time in a row', async () => {
    const harness = createSupportHarness()
    const first = await harness.ask(phrases.strange, 'm-1')
    expect(first).toMatchObject([{ type: 'message.sent', data: { replyTo: 'm-1', lang, hits: 0 } }])
    expect(first[0]?.data['sources']).toBeUndefined()
    expect(harness.state).toBe('open.listening')
    const second = await harness.ask(phrases.strange, 'm-2')
    expect(second).toMatchObject([
      { type: 'message.sent', data: { replyTo: 'm-2', lang, hits: 0 } },
      { type: 'escalated', data: { reason: 'low_confidence' } },
    ])
  })

  test('apologises for a complaint, and calls a person for the second, also with an answer in between', async () => {
    const harness = createSupportHarness()
    expect(await harness.ask(phrases.complaint, 'm-1')).toMatchObject([{ type: 'message.sent', data: { replyTo: 'm-1', lang } }])
    await harness.ask(phrases.question)
    expect(await harness.ask(phrases.complaint, 'm-3')).toMatchObject([
      { type: 'message.sent', data: { replyTo: 'm-3', lang } },
      { type: 'escalated', data: { reason: 'negative_feedback' } },
    ])
  })

  test('resets complaints once the customer is content', async () => {
    const harness = createSupportHarness()
    for (const text of [phrases.complaint, phrases.thanks, phrases.complaint]) await harness.ask(text)
    expect(harness.state).toBe('open.listening')
  })

  test('apologises for a failed task, and calls a person for the second failure in a row', () => {
    const harness = createSupportHarness()
    harness.user(phrases.question, 'm-1')
    harness.fail()
    expect(harness.last).toMatchObject({ to: 'open.listening', emitted: [{ type: 'message.sent', data: { replyTo: 'm-1', lang } }] })
    harness.user(phrases.question, 'm-2')
    harness.result({ hits: someHits })
    harness.fail()
    expect(harness.last).toMatchObject({
      to: 'escalated.waiting',
      emitted: [
        { type: 'message.sent', data: { replyTo: 'm-2', lang } },
        { type: 'escalated', data: { reason: 'task_failed' } },
      ],
    })
  })
})

describe('answering', () => {
  test('treats a missing answer as not knowing', () => {
    const harness = createSupportHarness()
    harness.user('How long does delivery take?', 'm-1')
    harness.result({ hits: someHits })
    harness.result({ text: null, sources: [] })
    expect(harness.last).toMatchObject({ to: 'open.listening', state: { context: { misses: 1 } }, emitted: [{ data: { replyTo: 'm-1' } }] })
  })

  test('forwards the model and its cost', () => {
    const harness = createSupportHarness()
    harness.user('How long does delivery take?', 'm-1')
    harness.result({ hits: someHits })
    expect(harness.pendingTask.input).toMatchObject({ text: 'How long does delivery take?', hits: someHits, turns: [] })
    harness.result({ ...someAnswer, model: 'm', tokensIn: 7, tokensOut: 3 })
    expect(harness.emitted).toMatchObject([{ data: { ...someAnswer, replyTo: 'm-1', model: 'm', tokensIn: 7, tokensOut: 3 } }])
  })

  test('an answer resets misses and failures', () => {
    const harness = createSupportHarness()
    const answer = () => {
      harness.user('How long does delivery take?')
      harness.result({ hits: someHits })
      harness.result(someAnswer)
    }
    harness.user('How long does delivery take?')
    harness.fail()
    answer()
    harness.user('How long does delivery take?')
    harness.expire()
    answer()
    harness.user('How long does delivery take?')
    harness.result({ hits: [] })
    expect(harness.state).toBe('open.listening')
    expect(harness.emitted.filter(({ type }) => type === 'escalated')).toEqual([])
  })

  test('a deadline counts as a failure and stops the run', () => {
    const harness = createSupportHarness()
    harness.user('How long does delivery take?')
    const { run } = harness.pendingTask
    harness.expire()
    expect(harness.last).toMatchObject({ to: 'open.listening', state: { context: { failures: 1 } } })
    expect(harness.last.stopped).toContain(run)
  })

  test('a late result is ignored, and the next question gets its own', () => {
    const harness = createSupportHarness()
    harness.user('How long does delivery take?')
    const { run } = harness.pendingTask
    harness.expire()
    harness.user('How long is the warranty?', 'm-2')
    expect(harness.result({ hits: someHits }, run)).toEqual({ kind: 'ignored', why: 'no_such_run' })
    expect(harness.fail(run)).toEqual({ kind: 'ignored', why: 'no_such_run' })
    expect(harness.pendingTask.input).toMatchObject({ text: 'How long is the warranty?' })
    expect(harness.state).toBe('open.answering.lookingUp')
  })
})

describe('messages that arrive while one is being answered', () => {
  test('are answered afterwards, one by one, in order', () => {
    const harness = createSupportHarness()
    harness.user('How long does delivery take?', 'm-1')
    harness.user('How long is the warranty?', 'm-2')
    harness.result({ hits: someHits })
    harness.user('Thanks!', 'm-3')
    harness.user('Can I pay with PayPal?', 'm-4')
    expect(harness.emitted).toEqual([])
    harness.result({ ...someAnswer, text: 'one' })
    expect(harness.pendingTask).toMatchObject({ task: 'lookup', input: { text: 'How long is the warranty?' } })
    harness.result({ hits: someHits })
    harness.result({ ...someAnswer, text: 'two' })
    harness.result({ hits: someHits })
    harness.result({ ...someAnswer, text: 'four' })
    expect(sent(harness.emitted).map(({ data }) => [data['replyTo'], data['text']])).toEqual([
      ['m-1', 'one'],
      ['m-2', 'two'],
      ['m-3', expect.stringContaining('welcome')],
      ['m-4', 'four'],
    ])
    expect(harness.last).toMatchObject({ to: 'open.listening', state: { context: { queue: [] } } })
  })

  test('keep their own language', () => {
    const harness = createSupportHarness()
    harness.user('How long does delivery take?', 'm-1')
    harness.user('保修几年', 'm-2')
    harness.fail()
    harness.result({ hits: [] })
    expect(sent(harness.emitted).map(({ data }) => data['lang'])).toEqual(['en', 'zh'])
  })

  test('do not wait when one of them asks for a person: the run is stopped and the person gets them all', () => {
    const harness = createSupportHarness()
    harness.user('How long does delivery take?', 'm-1')
    harness.user('How long is the warranty?', 'm-2')
    const { run } = harness.pendingTask
    harness.user('a human please', 'm-3')
    expect(harness.last).toMatchObject({ to: 'escalated.waiting', state: { context: { queue: [] } } })
    expect(harness.last.stopped).toContain(run)
    expect(repliesTo(harness.emitted)).toEqual(['m-3'])
    expect(harness.result({ hits: someHits }, run)).toEqual({ kind: 'ignored', why: 'no_such_run' })
  })

  test(`go to a person when more than ${QUESTIONS_MAX} wait`, () => {
    const harness = createSupportHarness()
    for (let i = 1; i <= QUESTIONS_MAX; i++) harness.user('How long does delivery take?', `m-${i}`)
    expect(harness.state).toBe('open.answering.lookingUp')
    harness.user('How long is the warranty?', 'm-last')
    expect(harness.last).toMatchObject({
      to: 'escalated.waiting',
      state: { context: { queue: [] } },
      emitted: [{ data: { replyTo: 'm-last' } }, { type: 'escalated', data: { reason: 'backlog' } }],
    })
  })

  test('go to a person when the machine fails twice meanwhile', () => {
    const harness = createSupportHarness()
    for (const id of ['m-1', 'm-2', 'm-3']) harness.user('How long does delivery take?', id)
    harness.fail()
    harness.fail()
    expect(harness.last).toMatchObject({ to: 'escalated.waiting', state: { context: { queue: [] }, tasks: {} } })
    expect(repliesTo(harness.emitted)).toEqual(['m-1', 'm-3'])
  })
})

describe('a message that is not for the machine', () => {
  const others = ['agent', 'assistant', 'system']
  test.each(others)('from the role %s is recorded and not answered, in any state', async (role) => {
    const harness = createSupportHarness()
    harness.says(role, 'How long does delivery take?')
    expect(harness.last).toMatchObject({ to: 'new', emitted: [], started: [] })
    await harness.ask('Hello')
    harness.says(role, 'How long does delivery take?')
    expect(harness.last).toMatchObject({ to: 'open.listening', emitted: [], started: [], timers: [], stopped: [] })
    harness.user('How long does delivery take?', 'm-1')
    harness.says(role, 'hold on')
    expect(harness.last).toMatchObject({ to: 'open.answering.lookingUp', emitted: [], started: [], stopped: [] })
  })

  test('such as an imported conversation, starts nothing', () => {
    const harness = createSupportHarness()
    harness.event('conversation.imported', { turns: 12 })
    expect(harness.last).toMatchObject({ to: 'new', emitted: [], started: [], timers: [] })
  })
})

describe('a case with a person', () => {
  const escalated = () => {
    const harness = createSupportHarness()
    harness.user('I want to talk to a human')
    return harness
  }

  test('gets no more replies from the machine', () => {
    const harness = escalated()
    for (const text of ['How long does delivery take?', 'I want to talk to a human', 'thanks']) {
      harness.user(text)
      expect(harness.last).toMatchObject({ to: 'escalated.waiting', emitted: [], started: [] })
    }
  })

  test.each([
    ['case.taken', { agent: 'Ann' }],
    ['message.received', { role: 'agent', text: 'Ann here, let me look.' }],
  ])('belongs to the person from %s on, until they resolve it', (type, data) => {
    const harness = escalated()
    harness.event(type, data)
    expect(harness.state).toBe('escalated.withAgent')
    harness.user('thank you')
    expect(harness.last).toMatchObject({ to: 'escalated.withAgent', emitted: [] })
    harness.event('case.resolved', { by: 'Ann' })
    expect(harness.last).toMatchObject({ to: 'closed', emitted: [{ type: 'case.closed', data: { outcome: 'escalated_resolved' } }] })
  })

  test("may be taken over without the customer's request", () => {
    const harness = createSupportHarness()
    harness.user('How long does delivery take?', 'm-1')
    const { run } = harness.pendingTask
    harness.event('case.taken', { agent: 'Ann' })
    expect(harness.last).toMatchObject({
      to: 'escalated.withAgent',
      state: { context: { queue: [] } },
      emitted: [{ type: 'escalated', data: { reason: 'agent_took_over' } }],
    })
    expect(harness.last.stopped).toContain(run)
    expect(sent(harness.emitted)).toEqual([])
  })

  test('returns to the machine with the next case', async () => {
    const harness = escalated()
    harness.event('case.resolved', {})
    const emitted = await harness.ask('How much is shipping to Germany?', 'm-9')
    expect(repliesTo(emitted)).toEqual(['m-9'])
    expect(harness.last.case?.no).toBe(2)
  })
})

describe('feedback', () => {
  test('is kept and shown in the label', async () => {
    const harness = createSupportHarness()
    await harness.ask('Hello')
    harness.event('feedback.given', { rating: 4, comment: 'quick' })
    expect(harness.last).toMatchObject({ to: 'open.listening', emitted: [], label: { rating: 4 } })
  })

  test('with a low rating calls a person while the case is open', () => {
    const harness = createSupportHarness()
    harness.user('How long does delivery take?', 'm-1')
    harness.event('feedback.given', { rating: 1 })
    expect(harness.last).toMatchObject({
      to: 'escalated.waiting',
      label: { rating: 1 },
      emitted: [
        { type: 'message.sent', data: { replyTo: 'm-1' } },
        { type: 'escalated', data: { reason: 'negative_feedback' } },
      ],
    })
  })

  test('on a closed case is kept, and does not open it', async () => {
    const harness = createSupportHarness()
    await harness.ask('Hello')
    harness.fire()
    harness.event('feedback.given', { rating: 1 })
    expect(harness.last).toMatchObject({ to: 'closed', emitted: [], label: { rating: 1 } })
  })

  test.each([0, 6, 2.5])('of %d is rejected', (rating) => {
    expect(() => createSupportHarness().event('feedback.given', { rating })).toThrow(/bad_data/)
  })

  test.each([{}, { answer: 'a-1' }])('that says nothing is rejected: %j', (data) => {
    expect(() => createSupportHarness().event('feedback.given', data)).toThrow(/bad_data: .*at least one of rating, thumbs, comment/)
  })

  test('on one answer may be thumbs, a comment or a correction', async () => {
    const harness = createSupportHarness()
    const [answer] = await harness.ask('How much is shipping to Germany?')
    for (const said of [{ comment: 'too long' }, { correction: '退货需要 14 天' }, { thumbs: 'down' }, { thumbs: 'up', rating: 4 }]) {
      harness.event('feedback.given', { answer: answer?.id, ...said })
      expect(harness.last).toMatchObject({ outcome: 'committed', to: 'open.listening', emitted: [], started: [] })
    }
    expect(harness.label).toMatchObject({ rating: 4 })
  })

  test.each([
    ['resolved', [{ thumbs: 'down' }, { thumbs: 'up' }]],
    ['abandoned', [{ thumbs: 'up' }, { thumbs: 'down' }]],
    ['answered', [{ correction: 'It is 14 days.' }]],
  ] as const)('lets a silent case end as %s after %j', async (outcome, all) => {
    const harness = createSupportHarness()
    await harness.ask('How much is shipping to Germany?')
    for (const data of all) harness.event('feedback.given', data)
    harness.fire()
    expect(harness.last.emitted).toMatchObject([{ type: 'case.closed', data: { outcome } }])
  })
})

describe('silence', () => {
  test('closes the case 30 minutes after our last reply', async () => {
    const harness = createSupportHarness()
    await harness.ask('How much is shipping to Germany?')
    const [timer] = harness.last.timers
    expect(Date.parse(timer?.at ?? '') - Date.parse(harness.last.at)).toBe(30 * 60_000)
    harness.fire()
    expect(harness.last).toMatchObject({
      to: 'closed',
      emitted: [{ type: 'case.closed', data: { outcome: 'answered' } }],
      case: { closed: true },
    })
  })

  test('restarts with every reply: the earlier timer is stopped', async () => {
    const harness = createSupportHarness()
    await harness.ask('Hello')
    const earlier = harness.last.timers[0]?.run
    await harness.ask('How much is shipping to Germany?')
    expect(harness.fire(earlier)).toEqual({ kind: 'ignored', why: 'no_such_run' })
    expect(harness.state).toBe('open.listening')
  })

  test('does not count while we owe an answer, nor while a person has the case', () => {
    const harness = createSupportHarness()
    harness.user('How long does delivery take?')
    expect(JSON.stringify(harness.actor.state?.timers)).not.toContain('silence')
    harness.user('I want to talk to a human')
    expect(harness.actor.state?.timers).toEqual({})
  })

  test('has a configurable limit', async () => {
    const harness = supportHarnessWith({ silenceMs: 1000 })
    await harness.ask('Hello')
    expect(Date.parse(harness.last.timers[0]?.at ?? '') - Date.parse(harness.last.at)).toBe(1000)
  })

  test.each([
    ['resolved', ['How much is shipping to Germany?', 'Thanks!']],
    ['resolved', ['That solved my problem']],
    ['answered', ['How much is shipping to Germany?']],
    ['abandoned', ['Who won the elections in Brazil?']],
    ['abandoned', ['How much is shipping to Germany?', 'useless bot']],
    // The last act of the customer decides, whatever went wrong before it.
    ['resolved', ['Who won the elections in Brazil?', 'thank you so much!']],
    ['resolved', ['巴西大选谁赢了？', '多谢']],
    ['resolved', ['useless bot', 'How much is shipping to Germany?', 'Thanks!']],
    ['answered', ['useless bot', 'How much is shipping to Germany?']],
    ['abandoned', ['useless bot', 'bye']],
    ['abandoned', ['Thanks!', 'Who won the elections in Brazil?']],
  ])('ends as %s after %j', async (outcome, texts) => {
    const harness = createSupportHarness()
    for (const text of texts) await harness.ask(text)
    harness.fire()
    expect(harness.last.emitted).toMatchObject([{ type: 'case.closed', data: { outcome } }])
  })

  const AFTER_A_MISS = {
    resolved: {
      en: [
        'ta very much, have a nice day',
        'thanks, bye',
        'cheers, see you later',
        'hey, thanks!',
        'Thank you. Have a great weekend!',
        'ok thanks anyway, bye',
        'cheers mate',
        'Never mind, I found it, thanks',
        'No, that is all, thank you',
        'no more questions, thanks',
        'Thanks, no worries',
        'thank you, good night',
        'No, thanks, that solved it',
        "thanks, I didn't know that",
      ],
      zh: [
        '谢谢，再见',
        '多谢，拜拜',
        '好的，谢谢你，没事了',
        '感谢您的帮助！',
        '谢谢，晚安',
        '谢谢，我知道了',
        '不用了，已经解决了，谢谢',
        '算了，我找到了，谢谢',
        '您好，谢谢',
        '谢谢，没问题了',
        '谢谢，我打算了解一下',
        '没白等，谢谢',
      ],
    },
    abandoned: {
      en: [
        'thanks for nothing',
        'Thanks a lot for nothing',
        'thank you for wasting my time',
        'no thanks, forget it',
        'No, thank you.',
        'nope, thanks',
        'never mind, thanks',
        "thanks, don't bother",
        'thanks but no thanks',
        "Thank you, but that didn't help",
        'thanks but I still have no idea',
        'no need, thanks',
        "It's not what I asked, but thanks",
        "thanks, I'll try somewhere else",
        'I give up, thanks',
        "never mind, I haven't found it, thanks",
        'no thanks to you',
        'forget it, cheers',
        'ok, bye',
        'ok, forget it',
        'never mind',
        'That is not what I wanted, thanks',
      ],
      zh: [
        '不用了，谢谢',
        '算了谢谢',
        '谢谢，不用了',
        '谢谢，算了',
        '不必了，谢谢',
        '不需要了，谢谢',
        '谢谢，但是没用',
        '谢谢，还是不行',
        '谢谢，不过我还是没看懂',
        '谢谢你什么都没帮上',
        '谢谢你浪费我的时间',
        '呵呵，谢谢',
        '谢什么谢',
        '没必要了，谢谢',
        '还没解决，算了，谢谢',
        '不麻烦你了，谢谢',
        '不对，不过谢谢',
        '好吧，算了',
        '不用了',
        '没帮上忙，谢谢',
      ],
    },
  }
  const said = Object.entries(AFTER_A_MISS).flatMap(([outcome, { en, zh }]) => [
    ...en.map((text) => [outcome, 'Who won the elections in Brazil?', text] as const),
    ...zh.map((text) => [outcome, '巴西大选谁赢了？', text] as const),
  ])
  test.each(said)('ends as %s after %j without an answer, and then %j', async (outcome, question, text) => {
    const harness = createSupportHarness()
    for (const one of [question, text]) await harness.ask(one)
    expect(harness.state).toBe('open.listening')
    harness.fire()
    expect(harness.last.emitted).toMatchObject([{ type: 'case.closed', data: { outcome } }])
  })

  test.each([
    ['resolved', ['Who won the elections in Brazil?', 'thank you so much', 'no thanks']],
    ['resolved', ['Who won the elections in Brazil?', 'thanks', 'bye']],
    ['resolved', ['巴西大选谁赢了？', '谢谢', '不用了，谢谢']],
    ['answered', ['How much is shipping to Germany?', 'no thanks']],
    ['answered', ['寄到德国运费多少', '不用了，谢谢']],
    ['abandoned', ['Who won the elections in Brazil?', 'thanks', 'thanks for nothing']],
  ])('ends as %s where thanks are declined or taken back: %j', async (outcome, texts) => {
    const harness = createSupportHarness()
    for (const text of texts) await harness.ask(text)
    harness.fire()
    expect(harness.last.emitted).toMatchObject([{ type: 'case.closed', data: { outcome } }])
  })

  test('a customer who declines is not greeted', async () => {
    const harness = createSupportHarness()
    const [reply] = await harness.ask('no thanks, forget it')
    expect(reply?.data['text']).toMatch(/^All right/)
  })

  test.each([
    ['resolved', ['ask', 'rate']],
    ['abandoned', ['rate', 'ask']],
  ])('ends as %s where the customer does this after each other: %j', async (outcome, acts) => {
    const harness = createSupportHarness()
    await harness.ask('Hello')
    for (const act of acts) {
      if (act === 'ask') await harness.ask('Who won the elections in Brazil?')
      else harness.event('feedback.given', { rating: 5 })
    }
    harness.fire()
    expect(harness.last.emitted).toMatchObject([{ type: 'case.closed', data: { outcome } }])
  })

  test('ends the case; the next message opens another with the same conversation and new counters', async () => {
    const harness = createSupportHarness()
    await harness.ask('How much is shipping to Germany?')
    harness.event('feedback.given', { rating: 3 })
    await harness.ask('useless')
    harness.fire()
    const emitted = await harness.ask('and to Japan?', 'm-9')
    expect(emitted).toMatchObject([{ data: { replyTo: 'm-9', sources: [{ source: 'shipping-abroad-en' }] } }])
    expect(harness.last).toMatchObject({
      to: 'open.listening',
      case: { no: 2 },
      label: { rating: null },
      state: { context: { complaints: 0 } },
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
  ])('a state full of messages that are %s stays far below the limit of a record', (_, text) => {
    const harness = createSupportHarness()
    for (let i = 0; i < QUESTIONS_MAX; i++) {
      harness.event('message.received', { role: 'user', text }, { id: `${i}`.padStart(256, 'x') })
    }
    expect(Buffer.byteLength(JSON.stringify(harness.actor.state))).toBeLessThan(LIMITS.stateBytesMax * 0.75)
    harness.result({ hits: [] })
    expect(sent(harness.emitted).length).toBeGreaterThan(0)
  })

  test('a declared language counts; one that we do not speak leaves the language unchanged', () => {
    const lang = (data: object): unknown => {
      const harness = createSupportHarness()
      harness.event('message.received', { role: 'user', text: 'Hello', ...data })
      return harness.emitted[0]?.data['lang']
    }
    expect(lang({ lang: 'zh-CN' })).toBe('zh')
    expect(lang({ lang: 'EN' })).toBe('en')
    expect(lang({ lang: 'fr' })).toBe('en')
  })

  test('a short word in Latin letters does not turn a Chinese conversation English', async () => {
    const harness = createSupportHarness()
    await harness.ask('你好')
    expect((await harness.ask('OK'))[0]?.data['lang']).toBe('zh')
    expect((await harness.ask('Can I please have this in English?'))[0]?.data['lang']).toBe('en')
  })
})

test('records of this version replay as they were, without the task', async () => {
  const harness = createSupportHarness()
  for (const text of [
    'How much is shipping to Germany?',
    'Who won the elections in Brazil?',
    'and to Japan?',
    '你好',
    '请帮我转到真人那边',
  ]) {
    await harness.ask(text)
  }
  expect(harness.state).toBe('escalated.waiting')
  harness.event('case.resolved', {})
  for (const text of ['Who won the elections in Brazil?', 'useless bot', 'Thanks!']) await harness.ask(text)
  harness.fire()
  let before = newActor(harness.actor.address)
  const replays = harness.records.map((record) => {
    const replayed = replayRecord(kindsByName([support]), before, record)
    before = actorAfter(before.address, record)
    return replayed.kind
  })
  expect(new Set(replays)).toEqual(new Set(['same']))
})
