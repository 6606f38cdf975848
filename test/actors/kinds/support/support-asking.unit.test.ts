import { describe, expect, test } from 'vitest'
import { askedIn, standalone } from '../../../../actors/kinds/support/asking/asked.ts'
import { contextOf } from '../../../../actors/kinds/support/asking/context-of.ts'
import { refersBack } from '../../../../actors/kinds/support/asking/follow-up.ts'
import { questionsIn } from '../../../../actors/kinds/support/asking/questions-in.ts'
import { rewrittenQuestions } from '../../../../actors/kinds/support/asking/rewritten-questions.ts'
import { clip } from '../../../../actors/kinds/support/clip.ts'
import { ABOUT_CHARS_MAX, LOOKUPS_MAX, QUESTION_CHARS_MAX } from '../../../../actors/kinds/support/found.ts'
import { ColloquyError } from '../../../../schemas/errors.ts'
import { createSupportHarness } from '../../../support/support-harness.ts'

const user = (text: string) => ({ role: 'user', text })
const reply = (text: string) => ({ role: 'assistant', text })

describe('a message refers back', () => {
  test.each([
    ['And who pays for the shipping?', 'yes'],
    ['How long is it valid?', 'yes'],
    ['What about the S7?', 'yes'],
    ['ok, and to Japan?', 'yes'],
    ['How much?', 'yes'],
    ['那运费谁出呢？', 'yes'],
    ['日本呢？', 'yes'],
    ['它防水吗', 'yes'],
    ['好的，那要多久', 'yes'],
    ['多少钱？', 'yes'],
    ['有效期多长', 'maybe'],
    ['Do you sell gift cards?', 'no'],
    ['Is there a discount for 60 pieces?', 'no'],
    ['Is it possible to pay with PayPal?', 'no'],
    ['My parcel is marked as delivered but I never got it', 'no'],
    ['十分钟前下的订单怎么取消', 'no'],
  ])('"%s": %s', (text, expected) => {
    expect(refersBack(text)).toBe(expected)
  })
})

describe('what came before', () => {
  test('is the chain of questions that take each other up, without courtesies', () => {
    const turns = [
      user('Do you ship to Norway?'),
      reply('Yes.'),
      user('How do I return something?'),
      reply('Open "My orders".'),
      user('And who pays for the shipping?'),
      reply('We do, within the European Union.'),
      user('Thanks!'),
      reply("You're welcome!"),
    ]
    expect(contextOf(turns)).toEqual({
      about: 'How do I return something? And who pays for the shipping?',
      reply: 'We do, within the European Union.',
    })
    expect(contextOf([])).toEqual({ about: null, reply: null })
  })

  test('has a bound; the newest question stays', () => {
    const { about } = contextOf([user(`Long ${'a'.repeat(290)}?`), reply('Yes.'), user('And the newest?'), reply('No.')])
    expect(about).toBe('And the newest?')
    expect(contextOf([user('b '.repeat(4_000))]).about?.length).toBeLessThanOrEqual(ABOUT_CHARS_MAX)
  })
})

describe('the questions of a message', () => {
  test.each<[string, string[]]>([
    ['How long is the warranty, and how do I return something?', ['How long is the warranty', 'and how do I return something?']],
    ['I forgot my password. Also, where can I download my invoice?', ['I forgot my password. Also, where can I download my invoice?']],
    ['Thanks! Can I cancel my order? When do I get my refund?', ['Can I cancel my order?', 'When do I get my refund?']],
    ['保修多久？怎么退货？', ['保修多久？', '怎么退货？']],
    ['水壶怎么除垢，另外空气炸锅能放洗碗机吗？', ['水壶怎么除垢', '另外空气炸锅能放洗碗机吗？']],
    ['I bought a kettle last week. How do I descale it?', ['I bought a kettle last week. How do I descale it?']],
  ])('"%s"', (text, expected) => {
    expect(questionsIn(text)).toEqual({ questions: expected, omitted: undefined })
  })

  test.each<[number, (index: number) => string]>([
    [4, (index) => `Where is parcel ${index}? `],
    [50, (index) => `Where is parcel ${index}? `],
    [200, (index) => `Where is parcel ${index}? `],
    [4, (index) => `包裹${index}在哪里？`],
    [50, (index) => `包裹${index}在哪里？`],
  ])('are bounded: of %i, the first are looked up, each by itself, and the others are said to be omitted (%#)', (count, ask) => {
    const all = Array.from({ length: count }, (_, index) => ask(index).trim())
    expect(questionsIn(all.join(' '))).toEqual({ questions: all.slice(0, LOOKUPS_MAX), omitted: 'questions' })
  })

  test('of a message that is too long, the end is said to be omitted', () => {
    const long = `How do I return something? ${'I bought it last week. '.repeat(60)}`
    expect(questionsIn(long).omitted).toBe('text')
    expect(questionsIn(clip(`${long}😀`, QUESTION_CHARS_MAX)).omitted).toBe('text')
    expect(questionsIn('a'.repeat(QUESTION_CHARS_MAX)).omitted).toBeUndefined()
  })

  test('a later one may refer to the one before it', () => {
    const asked = askedIn({ text: 'Do you sell gift cards? And how long are they valid?', turns: [] })
    expect(asked.map(standalone)).toEqual(['Do you sell gift cards?', 'Do you sell gift cards? And how long are they valid?'])
  })

  test.each([
    ['en', 'How do I return something? Also, who wrote Hamlet?'],
    ['zh', '怎么退货？另外谁写了红楼梦？'],
  ])('a later one in %s stands alone where it does not refer to the one before', (_lang, text) => {
    expect(askedIn({ text, turns: [] }).map(({ refers }) => refers)).toEqual(['no', 'no'])
  })
})

describe('what a model writes in place of a message', () => {
  const message = { text: 'And for a kettle?', turns: [user('How long is the warranty?')] }
  test.each([
    '["How long is the warranty for a kettle?"]',
    'Sure: ["How long is the warranty for a kettle?"]',
    '```json\n["How long is the warranty for a kettle?"]\n```',
  ])('is read: %s', (written) => {
    expect(rewrittenQuestions(written, message, 'tiny')).toEqual(['How long is the warranty for a kettle?'])
  })

  test.each([
    ['', 'tiny wrote no JSON array of 1 to 3 questions, but ""'],
    ['Sure!\nHere it is.', 'tiny wrote no JSON array of 1 to 3 questions, but "Sure! Here it is."'],
    ['[1]', 'tiny wrote no JSON array of 1 to 3 questions, but "[1]"'],
    ['["Who won the olympiad?"]', 'tiny wrote words that nobody said: "Who won the olympiad?"'],
  ])('is refused in one line that names the model and what to do: %j', (written, error) => {
    expect(() => rewrittenQuestions(written, message, 'tiny')).toThrow(
      new ColloquyError('model_structure', `${error}; use a larger model, or leave this to the rules with COLLOQUY_LLM_REWRITE_MS=0`),
    )
  })
})

test.each(['', '😀😀😀', '？？？', 'a'.repeat(1_048_576), '怎么'.repeat(500_000), '? '.repeat(500_000), 'and '.repeat(250_000)])(
  'any message is asked for within the bounds (%#)',
  (text) => {
    const asked = askedIn({ text, turns: [user('How do I return something?'), reply('So.')] })
    expect(asked.length).toBeGreaterThanOrEqual(1)
    expect(asked.length).toBeLessThanOrEqual(LOOKUPS_MAX)
  },
)

test.each([
  [
    'en',
    [
      ['Where do I get a return label?', 'returns-howto-en'],
      ['And what if I have no printer for it?', 'returns-howto-en'],
      ['Thanks!', undefined],
      ['And in other countries, who pays the postage for that?', 'returns-howto-en'],
      ['Do you sell gift cards?', 'gift-cards-en'],
      ['How long are they valid?', 'gift-cards-en'],
      ['那余额在哪里查？', 'gift-cards-zh'],
    ],
  ],
  [
    'zh',
    [
      ['怎么退货？', 'returns-howto-zh'],
      ['那运费谁出呢？', 'returns-howto-zh'],
      ['谢谢', undefined],
      ['那标签在哪里打印？', 'returns-howto-zh'],
      ['你们卖礼品卡吗？礼品卡最多多少欧元？', 'gift-cards-zh'],
      ['那有效期多长？', 'gift-cards-zh'],
      ['And where do I see the balance of it?', 'gift-cards-en'],
    ],
  ],
] as const)('a dialogue in %s stays with its matter, leaves it for a new one, and goes on in another language', async (_lang, steps) => {
  const harness = createSupportHarness()
  for (const [text, source] of steps) {
    const [answer] = await harness.ask(text)
    const sources = answer?.data['sources'] as { source: string }[] | undefined
    expect([text, sources?.[0]?.source]).toEqual([text, source])
  }
})

test('what was looked up for a follow-up is in the record, in the reply and in the question of the next one', async () => {
  const harness = createSupportHarness()
  const [first] = await harness.ask('Where do I get a return label?')
  expect(first?.data).not.toHaveProperty('lookups')
  const [second] = await harness.ask('And what if I have no printer for it?')
  const lookups = ['Where do I get a return label? And what if I have no printer for it?']
  expect(second?.data).toMatchObject({ lookups })
  expect(harness.last.state).toMatchObject({ context: { asked: lookups[0] } })
  expect(JSON.stringify(harness.records.map(({ input }) => input))).toContain(JSON.stringify(lookups))
})

test.each([
  ['en', 'What does delivery to Japan cost? And can I pay with PayPal?', ['shipping-abroad-en', 'payment-methods-en'], ['Japan', 'PayPal']],
  ['zh', '寄到加拿大运费多少？可以用 PayPal 付款吗？', ['shipping-abroad-zh', 'payment-methods-zh'], ['运费', 'PayPal']],
] as const)('two questions in %s have two quotations, each with its citation', async (_lang, text, sources, words) => {
  const harness = createSupportHarness()
  const [answer] = await harness.ask(text)
  expect(answer?.data).toMatchObject({ sources: sources.map((source) => ({ source })), lookups: [expect.any(String), expect.any(String)] })
  const quotes = String(answer?.data['text']).split('\n')
  expect(quotes).toHaveLength(2)
  for (const [index, word] of words.entries()) expect(quotes[index]).toContain(word)
})

describe('where only the act says that a message goes on', () => {
  const turns = [user('How much does the Lark Max weigh?'), reply('It weighs 1.2 kg.')]
  const text = 'Can I answer a phone call with my speaker?'

  test('it is looked up as it is, and what came before counts a little', () => {
    const [asked] = askedIn({ text, turns, act: 'continuation' })
    expect(asked).toEqual({ text, about: 'How much does the Lark Max weigh?', reply: 'It weighs 1.2 kg.', refers: 'act' })
    expect(asked === undefined ? '' : standalone(asked)).toBe(text)
  })

  test('another act leaves it alone', () => {
    expect(askedIn({ text, turns, act: 'new_topic' })[0]?.refers).toBe('no')
  })
})

test.each([
  [
    'en',
    ['What does delivery to Japan cost?', 'Can I pay with PayPal?', 'How long is the warranty?', 'Do you sell gift cards?'],
    'I looked up your message only up to "How long is the warranty?". Please ask the other questions again, at most 3 in one message.',
  ],
  [
    'zh',
    ['寄到加拿大运费多少？', '可以用 PayPal 付款吗？', '保修多久？', '你们卖礼品卡吗？'],
    '您一次问了很多问题，我只查到“保修多久？”为止。其余的请再问一次，每条消息最多3个问题。',
  ],
] as const)(
  'of 4 and of 50 questions in %s, three are answered, and the reply asks for the others again',
  async (_lang, questions, note) => {
    for (const text of [questions.join(' '), Array.from({ length: 50 }, (_, index) => questions[index % 4]).join(' ')]) {
      const harness = createSupportHarness()
      const before = harness.records.length
      const replies = await harness.ask(text)
      expect(replies).toHaveLength(1)
      const lines = String(replies[0]?.data['text']).split('\n')
      expect(lines).toHaveLength(LOOKUPS_MAX + 1)
      expect(lines.at(-1)).toBe(note)
      expect(replies[0]?.data['lookups']).toHaveLength(LOOKUPS_MAX)
      const one = createSupportHarness()
      await one.ask(questions[0])
      expect(harness.records.length - before).toBe(one.records.length)
    }
  },
)

test.each([
  [
    'en',
    'How long is the warranty? Who won the chess olympiad in Batumi?',
    'I found no answer to "Who won the chess olympiad in Batumi?".',
  ],
  ['zh', '怎么退货？月球有几个陨石坑？', '我没有找到答案的问题：“月球有几个陨石坑？”。'],
] as const)('a reply in %s says which of two questions it does not answer', async (_lang, text, note) => {
  const [answer] = await createSupportHarness().ask(text)
  expect(String(answer?.data['text']).split('\n').at(-1)).toBe(note)
})

test.each([
  [
    'en',
    'How long is the warranty? ',
    'Yesterday the sun was shining on my balcony. ',
    /\n.* only its first 1000 characters\. Please send the rest/,
  ],
  ['zh', '保修多久？', '昨天阳台上阳光很好，我在那里坐了一下午。', /\n.*我只读了前1000个字。后面的内容请另发/],
] as const)('a reply in %s says that a message was too long to be read whole', async (_lang, question, story, note) => {
  const [answer] = await createSupportHarness().ask(question + story.repeat(60))
  expect(answer?.data['text']).toMatch(note)
})

test.each([
  [
    'en',
    'How do I return something?',
    'And who pays for the shipping?',
    /^Returns are free within the European Union; .*pay the postage yourself/,
  ],
  ['zh', '怎么退货？', '那运费谁付呢？', /^欧盟境内退货免运费，其他国家由您自己选快递并承担邮费/],
] as const)('a follow-up in %s is not answered with what the reply before has said', async (_lang, first, second, reply) => {
  const harness = createSupportHarness()
  const [before] = await harness.ask(first)
  const [answer] = await harness.ask(second)
  expect(answer?.data['text']).toMatch(reply)
  expect(answer?.data['text']).not.toBe(before?.data['text'])
})

test.each([
  ['How long is the warranty?', 'And how long is it again?'],
  ['保修多久？', '那保修再说一遍？'],
])('a follow-up that asks for the same again is answered from the same: %s', async (first, second) => {
  const harness = createSupportHarness()
  const sourcesOf = async (text: string) => (await harness.ask(text)).map(({ data }) => data['sources'])
  const [before] = await sourcesOf(first)
  const ids = (sources: unknown) => (sources as { source: string }[]).map(({ source }) => source)
  expect(ids((await sourcesOf(second))[0])).toEqual(ids(before))
})
