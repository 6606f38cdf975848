import { beforeAll, describe, expect, test } from 'vitest'
import { createExtract } from '../../../../actors/kinds/support/extract.ts'
import type { Hit } from '../../../../actors/kinds/support/found.ts'
import { createSearch } from '../../../../actors/kinds/support/search.ts'
import { understandByDemoSet } from '../../../../infra/demo/past/demo-understanding.ts'
import { articles } from '../../../support/support-harness.ts'

/** Written without looking at the search's results: a question, and the articles of which one must come first. */
const QUESTIONS = {
  en: [
    ['Do your speakers survive a swim in the pool?', 'lark-speakers'],
    ['What is the noise level of the air purifier at night?', 'pine-air-purifier'],
    ['How long does the Otter S7 run on one charge?', 'otter-vacuums'],
    ['How often should I descale my kettle?', 'brook-kettle'],
    ['Can I bring a power bank on a flight?', 'pebble-power-banks'],
    ['What temperature can the air fryer reach?', 'hearth-air-fryer'],
    ['How do I cancel an order I made ten minutes ago?', 'order-change-cancel'],
    ['A cable was missing from my box', 'order-wrong-item'],
    ['Do you give a discount for 60 pieces?', 'business-orders'],
    ['What does delivery to Norway cost?', 'shipping-europe'],
    ['Do you send parcels to Japan?', 'shipping-abroad'],
    ['Nobody was home when the carrier came', 'shipping-missed'],
    ['My parcel is marked as delivered but I have nothing', 'shipping-lost'],
    ['How many days do I have to return something?', 'returns-window'],
    ['Where do I get a return label?', 'returns-howto'],
    ['When do I get my refund on PayPal?', 'refund-times'],
    ['Can I exchange it for another colour?', 'exchange'],
    ['The glass was broken when it arrived', 'damaged-on-arrival'],
    ['How long is the warranty?', 'warranty'],
    ['My headphones will not pair with my phone', 'bluetooth-pairing'],
    ['The device does not find my 5 GHz network', 'wifi-setup'],
    ['I forgot my password', 'account-password'],
    ['How can I delete my account?', 'account-privacy'],
    ['My credit card was declined', 'payment-failed'],
    ['Where can I download my invoice?', 'payment-invoices'],
    ['How long is a gift card valid?', 'gift-cards'],
  ],
  zh: [
    ['音箱掉进水里没事吧', 'lark-speakers'],
    ['空气净化器晚上声音大吗', 'pine-air-purifier'],
    ['扫地机 S7 充一次电能扫多久', 'otter-vacuums'],
    ['电热水壶多久除一次垢', 'brook-kettle'],
    ['坐飞机可以带充电宝吗', 'pebble-power-banks'],
    ['空气炸锅最高多少度', 'hearth-air-fryer'],
    ['十分钟前下的订单怎么取消', 'order-change-cancel'],
    ['盒子里少了一根线', 'order-wrong-item'],
    ['公司买 60 件有什么优惠', 'business-orders'],
    ['寄到挪威运费多少', 'shipping-europe'],
    ['可以寄到日本吗', 'shipping-abroad'],
    ['快递来的时候家里没人', 'shipping-missed'],
    ['显示已送达但是没收到包裹', 'shipping-lost'],
    ['买了多少天之内可以退货', 'returns-window'],
    ['退货标签在哪里打印', 'returns-howto'],
    ['退款多久到支付宝', 'refund-times'],
    ['可以换一个颜色吗', 'exchange'],
    ['收到的时候玻璃是碎的', 'damaged-on-arrival'],
    ['保修期是几年', 'warranty'],
    ['耳机跟手机配对不上', 'bluetooth-pairing'],
    ['设备搜不到 5 GHz 的网络', 'wifi-setup'],
    ['我忘记密码了', 'account-password'],
    ['怎么注销账户', 'account-privacy'],
    ['信用卡付款失败怎么办', 'payment-failed'],
    ['发票在哪里下载', 'payment-invoices'],
    ['礼品卡有效期多长', 'gift-cards'],
  ],
} as const

const search = createSearch(articles)
const extract = createExtract(articles)
const topics = new Map<string, string | null>()
beforeAll(async () => {
  const understand = await understandByDemoSet()
  for (const [text] of [...QUESTIONS.en, ...QUESTIONS.zh]) topics.set(text, (await understand({ text })).topic)
}, 60_000)
const find = (text: string, lang: 'en' | 'zh', about: string | null = null): Hit[] =>
  search({ text, about, topic: topics.get(text) ?? null, lang })
const quote = (text: string, lang: 'en' | 'zh'): string =>
  extract({ text, about: null, topic: null, lang, turns: [], hits: find(text, lang) }).text ?? ''

describe.each(['en', 'zh'] as const)('the search in %s', (lang) => {
  test('ranks the right article first for at least 85 % of the questions, and among the first three for 95 %', () => {
    const found = QUESTIONS[lang].map(([question, article]) => {
      const sources = find(question, lang).map(({ source }) => source)
      return { question, article, sources, rank: sources.indexOf(`${article}-${lang}`) }
    })
    const missed = found.filter(({ rank }) => rank !== 0)
    const shown = JSON.stringify(missed, null, 1)
    expect(1 - missed.length / found.length, shown).toBeGreaterThanOrEqual(0.85)
    expect(found.filter(({ rank }) => rank >= 0).length / found.length, shown).toBeGreaterThanOrEqual(0.95)
  })

  test('scores questions outside the articles low', () => {
    const [strange] = find(lang === 'en' ? 'Who won the elections in Brazil yesterday?' : '昨晚的球赛谁赢了', lang)
    expect(strange?.score ?? 0).toBeLessThan(0.5)
  })

  test('finds nothing for a text without words', () => {
    for (const text of ['', '???', '👍', '。。。', '\u0000', ' '.repeat(1000)]) expect(find(text, lang)).toEqual([])
  })
})

describe('hits', () => {
  test('in the language of the question come first, also where a name is the same in both', () => {
    const langs = find('Otter S7 wifi Bluetooth', 'zh').map(({ lang }) => lang)
    expect(langs).toEqual(['zh', 'zh', 'zh'])
  })

  test('of a question that refers to the previous one take that one into account', () => {
    const [alone] = find('And how much is it?', 'en')
    const [after] = find('And how much is it?', 'en', 'Can you ship abroad?')
    expect(alone).toBeUndefined()
    expect(after).toMatchObject({ source: 'shipping-abroad-en', score: 1 })
  })

  test('are bounded in number, length and score', () => {
    const hits = find('order parcel return refund payment delivery account', 'en')
    expect(hits.length).toBeLessThanOrEqual(3)
    for (const hit of hits) {
      expect(hit.text.length).toBeLessThanOrEqual(1200)
      expect(hit.score).toBeGreaterThanOrEqual(0)
      expect(hit.score).toBeLessThanOrEqual(1)
    }
  })
})

describe('a quotation', () => {
  test.each([
    ['en', 'now it says error 5', /dust box/, /main brush/],
    ['en', 'How long does express delivery take?', /1 to 2 working days/, /Norway/],
    ['en', 'how do I track my order as a guest', /Ordered as a guest\? Use the page/, /\? \(Source/],
    ['zh', '扫地机显示错误 8', /防跌落传感器/, /主刷/],
    ['zh', '换货要出运费吗', /换货来回都免运费/, /每件商品只能换一次/],
  ] as const)('in %s for "%s" has the sentence that answers, and not its neighbours', (lang, question, holds, lacks) => {
    expect(quote(question, lang)).toMatch(holds)
    expect(quote(question, lang)).not.toMatch(lacks)
  })

  test.each(['en', 'zh'] as const)('in %s says nothing beyond the article, and names it', (lang) => {
    for (const [question] of QUESTIONS[lang]) {
      const [hit] = find(question, lang)
      const { text, sources } = extract({ text: question, about: null, topic: null, lang, turns: [], hits: find(question, lang) })
      const quoted = (text ?? '').replace(/ \(Source: .*\)$|（来源：《.*》）$/, '')
      expect(quoted.length).toBeGreaterThan(0)
      expect(hit?.text).toContain(quoted)
      expect(text).toContain(hit?.title)
      expect(sources).toEqual([{ source: hit?.source, score: hit?.score }])
    }
  })

  test('is missing where the only articles are in another language', () => {
    const hits = find('Otter S7', 'en').filter(({ lang }) => lang === 'en')
    expect(extract({ text: '水獭', about: null, topic: null, lang: 'zh', turns: [], hits })).toEqual({ text: null, sources: [] })
  })
})
