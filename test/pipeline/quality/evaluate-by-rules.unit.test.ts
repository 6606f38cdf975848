import { describe, expect, test } from 'vitest'
import { buildPrompt } from '../../../actors/prompting/build-prompt.ts'
import { ANSWER_PROMPTS, knownVariables } from '../../../actors/prompting/built-in-prompts.ts'
import { evaluateByRules, type RulesReason, scoreByRules } from '../../../pipeline/quality/evaluate-by-rules.ts'
import { evaluationSchema } from '../../../schemas/quality.ts'
import { articles } from '../../support/support-harness.ts'

type Language = 'en' | 'zh'
const article = (id: string): string => {
  const found = articles.find((one) => one.id === id)
  if (found === undefined) throw new Error(`no article ${id}`)
  return `${found.title}\n${found.text}`
}
const evaluate = async (query: string, response: string, ids: readonly string[], lang?: string) => {
  const evaluation = await evaluateByRules({ query, response, context: ids.map(article), lang })
  return evaluationSchema.parse(evaluation)
}
const expectBad = async (query: string, response: string, ids: readonly string[], reason: RulesReason, lang?: string) => {
  const evaluation = await evaluate(query, response, ids, lang)
  expect(evaluation, response).toMatchObject({ overall: expect.toSatisfy((overall: number) => overall < 0.7) as number })
  expect(evaluation.reasons, response).toContain(reason)
  expect(evaluation.suggestions).toHaveLength(evaluation.reasons.length)
}
const expectGood = async (query: string, response: string, ids: readonly string[], lang?: string) => {
  const evaluation = await evaluate(query, response, ids, lang)
  expect(evaluation.overall, JSON.stringify(evaluation)).toBeGreaterThanOrEqual(0.7)
}

const ASKED = { en: 'How many days do I have to return something?', zh: '买了多少天之内可以退货？' } as const
const RETURNS = (lang: Language): string[] => [`returns-window-${lang}`]

describe('a good answer passes', () => {
  test.each<[string, Language, string]>([
    ['a short one', 'en', 'Yes, within 30 days.'],
    ['a short one', 'zh', '可以，30 天内。'],
    ['a quotation', 'en', 'You can return almost everything within 30 days of delivery, without giving a reason.'],
    ['a quotation', 'zh', '几乎所有商品都支持签收后 30 天内无理由退货。'],
    [
      'one with polite words around it',
      'en',
      'Thanks for asking! You can return almost everything within 30 days of delivery. I hope this helps!',
    ],
    ['one with polite words around it', 'zh', '您好！几乎所有商品都支持签收后 30 天内无理由退货。希望对您有帮助！'],
    ['one with its citation', 'en', 'You can return almost everything within 30 days of delivery [1]. (Source: Return policy (short))'],
    ['one with its citation', 'zh', '签收后 30 天内可以无理由退货。（来源：《退货期限：多少天之内可以退》）'],
    ['a number in words', 'en', 'You can return it within thirty days of delivery.'],
    ['a number in words', 'zh', '签收后三十天内可以退货。'],
  ])('%s (%s): %s', async (_, lang, response) => {
    await expectGood(ASKED[lang], response, RETURNS(lang), lang)
  })

  test.each(['It has a capacity of 10,000 mAh.', 'It has a capacity of 10000 mAh.', 'It has a capacity of ten thousand mAh.'])(
    'whatever the form of its number: %s',
    async (response) => {
      const { scores, reasons } = await evaluate('What capacity does the Pebble 10K hold?', response, ['pebble-power-banks-en'])
      expect(reasons).not.toContain('number_not_in_sources')
      expect(scores.groundedness).toBeGreaterThan(0.7)
    },
  )

  test.each(['容量 10,000 毫安时。', '容量 10000 毫安时。', '容量一万毫安时。'])(
    'whatever the form of its number: %s',
    async (response) => {
      const { scores, reasons } = await evaluate('卵石 10K 的容量是多少？', response, ['pebble-power-banks-zh'])
      expect(reasons).not.toContain('number_not_in_sources')
      expect(scores.groundedness).toBeGreaterThan(0.7)
    },
  )
})

/** What a model repeats of the prompt that `buildPrompt` makes. */
const ECHOES: readonly (readonly [Language, string])[] = (['en', 'zh'] as const).flatMap((lang) => {
  const told = { en: 'You can return almost everything within 30 days of delivery.', zh: '几乎所有商品都支持签收后 30 天内无理由退货。' }[
    lang
  ]
  const built = buildPrompt({
    template: ANSWER_PROMPTS[lang].text,
    variables: knownVariables({ PERSONA: '', COMPANY: '', RULES: '' }, lang),
    passages: [{ title: told, text: told }],
    message: ASKED[lang],
    lang,
  })
  const lines = built.flatMap(({ content }) => content.split('\n'))
  const marked = lines.filter((line) => line.startsWith('<') || line.startsWith('| ') || line.includes('NOT_IN_PASSAGES'))
  return [...marked.map((line) => `${told} ${line}\n${line}`), lines[0], lines.at(-1)].map(
    (echo) => [lang, `${told}\n${echo ?? ''}`] as const,
  )
})

describe('a bad answer does not pass', () => {
  test.each<[string, Language, RulesReason, string]>([
    ['invents', 'en', 'number_not_in_sources', 'Our moon base ships in 412 days.'],
    ['invents', 'zh', 'number_not_in_sources', '我们的月球基地 412 天内发货。'],
    ['changes a number', 'en', 'number_not_in_sources', 'You can return almost everything within 90 days of delivery.'],
    ['changes a number', 'zh', 'number_not_in_sources', '几乎所有商品都支持签收后 90 天内无理由退货。'],
    ['changes a number in words', 'zh', 'number_not_in_sources', '几乎所有商品都支持签收后九十天内无理由退货。'],
    ['says the opposite', 'en', 'negation_differs', 'You cannot return almost everything within 30 days of delivery.'],
    ['says the opposite', 'zh', 'negation_differs', '几乎所有商品都不支持签收后 30 天内无理由退货。'],
    ['echoes the question', 'en', 'echoes_the_question', 'How many days do I have to return something?'],
    ['echoes the question', 'zh', 'echoes_the_question', '买了多少天之内可以退货？'],
    [
      'echoes the prompt',
      'en',
      'echoes_the_prompt',
      'You answer customers of an online shop. Use only what the numbered articles below say. You can return it within 30 days.',
    ],
    ['echoes the prompt', 'zh', 'echoes_the_prompt', '你是一个网店的客服助手，请根据以下文章回答。签收后 30 天内可以退货。'],
    ...ECHOES.map(([lang, response]): [string, Language, RulesReason, string] => [
      'echoes the prompt',
      lang,
      'echoes_the_prompt',
      response,
    ]),
    [
      'contradicts itself',
      'en',
      'contradicts_itself',
      'You can return items within 30 days of delivery. You cannot return items within 30 days of delivery.'
        + ' Items can be returned within 30 days. Items can never be returned within 30 days of delivery.',
    ],
    ['contradicts itself', 'zh', 'contradicts_itself', '签收后 30 天内可以退货。签收后 30 天内不可以退货。商品可以退货。商品不可以退货。'],
    ['is in the other language', 'en', 'wrong_language', '几乎所有商品都支持签收后 30 天内无理由退货。'],
    ['is in the other language', 'zh', 'wrong_language', 'You can return almost everything within 30 days of delivery.'],
    ['repeats itself', 'en', 'repeats_itself', 'You can return it within 30 days of delivery. '.repeat(6)],
    ['repeats itself', 'zh', 'repeats_itself', '签收后 30 天内可以退货。'.repeat(6)],
    ['is empty', 'en', 'empty', ''],
    ['is empty', 'zh', 'empty', ' \n '],
    ['is punctuation', 'en', 'empty', '...?! — ()'],
    ['is punctuation', 'zh', 'empty', '。。。？！'],
    ['quotes another place', 'en', 'beside_the_question', 'For reasons of hygiene we cannot take back opened in-ear headphones.'],
  ])('%s (%s, %s)', async (_, lang, reason, response) => {
    await expectBad(ASKED[lang], response, RETURNS(lang), reason, lang)
  })

  test.each<[Language, string, string]>([
    ['en', 'How long is the warranty?', 'You can return almost everything within 30 days of delivery.'],
    ['zh', '水壶的水垢怎么去掉？', '几乎所有商品都支持签收后 30 天内无理由退货。'],
  ])('it cites an article about something else (%s)', async (lang, query, response) => {
    const { overall } = await evaluate(query, response, RETURNS(lang), lang)
    expect(overall).toBeLessThan(0.7)
  })

  test.each<[Language, string, string, string, string[]]>([
    [
      'en',
      'How long is shipping to Norway? Can I pay by invoice?',
      'Shipping to Norway takes 4 to 7 working days.',
      'You can pay by invoice.',
      ['Shipping\nShipping to Norway takes 4 to 7 working days and costs €9.90.', 'Payment\nYou can pay by invoice within 30 days.'],
    ],
    [
      'en',
      'How long do returns take and what does shipping cost?',
      'Returns take 14 days.',
      'Shipping costs 5 euros.',
      ['Returns take 14 days. Shipping costs 5 euros.'],
    ],
    [
      'zh',
      '寄到挪威要多久？可以用发票付款吗？',
      '寄往挪威要 4 到 7 个工作日。',
      '可以凭发票付款。',
      ['运费\n寄往挪威要 4 到 7 个工作日，运费 9.90 欧元。', '付款\n可以凭发票付款，也可以用信用卡。'],
    ],
    ['zh', '退货要几天？运费谁付？', '退货需在 14 天内。', '运费由我们承担。', ['退货\n退货需在 14 天内。运费由我们承担。']],
  ])('it answers one of two questions (%s: %s)', async (lang, query, first, second, context) => {
    const [half, whole] = [first, `${first} ${second}`].map((response) => scoreByRules({ query, response, context, lang }))
    expect(half?.reasons).toContain('part_not_answered')
    expect(half?.scores.completeness).toBeLessThan(0.6)
    expect(whole?.reasons).not.toContain('part_not_answered')
    expect(whole?.scores.completeness).toBeGreaterThan(0.9)
  })
})

describe('where something is missing', () => {
  test('without passages groundedness is unknown', async () => {
    const { scores, overall } = await evaluate(ASKED.en, 'You have 30 days to return something.', [])
    expect(scores.groundedness).toBeNull()
    expect(overall).toBeGreaterThanOrEqual(0.7)
  })

  test('without passages, what has nothing to do with the question does not pass', async () => {
    expect((await evaluate(ASKED.en, 'Our moon base is open on Sunday.', [])).overall).toBeLessThan(0.7)
    expect((await evaluate(ASKED.zh, '月球基地周日开放。', [])).overall).toBeLessThan(0.7)
  })

  test('without a question the answer is judged by its passages alone', async () => {
    expect((await evaluate('', 'You can return almost everything within 30 days of delivery.', RETURNS('en'))).overall).toBeGreaterThan(0.7)
    expect((await evaluate('', '几乎所有商品都支持签收后 90 天内无理由退货。', RETURNS('zh'))).overall).toBeLessThan(0.7)
  })
})
