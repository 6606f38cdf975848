import { describe, expect, it } from 'vitest'
import { foldHan } from '../../../../actors/core/fold-text.ts'
import { MESSAGE_CUES, TURN_CUES } from '../../../../pipeline/understanding/acts/act-cues.ts'
import type { Turn } from '../../../../pipeline/understanding/acts/act-features.ts'
import { HISTORY_TURNS_MAX, TURN_CODE_POINTS_MAX } from '../../../../pipeline/understanding/acts/act-features.ts'
import { actOf } from '../../../../pipeline/understanding/acts/act-of.ts'
import { type Act, ACTS } from '../../../../schemas/dialogue-acts.ts'

const after = (text: string): readonly Turn[] => [{ role: 'assistant', text }]

describe('the act of a message', () => {
  it.each<[act: Act, en: string, zh: string]>([
    ['new_topic', 'where is my order 5512?', '我的订单5512到哪了？'],
    ['new_topic', 'What is artificial intelligence?', '什么是人工智能？'],
    ['new_topic', 'I want to look up product specifications', '我想查询产品规格'],
    ['continuation', "let's go back to the previous topic", '继续上面的话题'],
    ['clarification', 'what do you mean?', '什么意思？'],
    ['correction', "no, that's wrong, I meant Tuesday", '不对，我说的是周二'],
    ['cancel', 'never mind', '算了'],
    ['confirm', 'yes', '是的'],
    ['deny', 'no thanks', '不用了谢谢'],
    ['chitchat', 'hello, how are you?', '你好，最近怎么样？'],
    ['feedback', 'this bot is useless', '这个机器人太差了'],
    ['handoff', 'let me talk to a human', '转人工'],
    ['out_of_scope', 'write me a poem about spring', '写一首关于春天的诗'],
  ])('%s is recognised in both languages without a history: %s / %s', (act, en, zh) => {
    expect([actOf(en).name, actOf(zh).name]).toEqual([act, act])
  })

  it.each<[act: Act, enBefore: string, en: string, zhBefore: string, zh: string]>([
    ['confirm', 'Shall I book it?', 'ok, book it', '要预订吗？', '好，订吧'],
    ['deny', 'Shall I book it?', "no, don't book it", '要预订吗？', '不要预订'],
    ['continuation', 'What is your order number?', '77120', '请问您的订单号？', '77120'],
    ['continuation', 'Shipping to Spain costs 9.', 'and to Japan?', '寄到西班牙要9元。', '那日本呢？'],
    ['clarification', 'You need proof of address.', 'what does that mean?', '请提供地址证明。', '这是什么意思？'],
    ['correction', 'Booked for Monday.', 'not Monday, I said Tuesday', '已约周一。', '不是周一，我说的是周二'],
    ['cancel', 'Which seat would you like?', 'forget it, I changed my mind', '您要哪个座位？', '不订了，我改主意了'],
  ])('%s is recognised by the turn before: %s %s / %s %s', (act, enBefore, en, zhBefore, zh) => {
    expect([actOf(en, after(enBefore)).name, actOf(zh, after(zhBefore)).name]).toEqual([act, act])
  })

  it('a question about artificial intelligence is no call for a person, in any conversation', () => {
    for (const history of [[], after('已为您下单。'), after('抱歉，我没有这方面的信息。'), after('您好！请问有什么可以帮您？')]) {
      expect(actOf('什么是人工智能？', history).name).not.toBe('handoff')
    }
  })

  it('a message in both languages has the act of its words', () => {
    expect(actOf('帮我查一下 order 123 的 status').name).toBe('new_topic')
    expect(actOf('please 转人工').name).toBe('handoff')
  })

  it('a text without words is out of scope with confidence 0, a lone question mark asks what was meant', () => {
    for (const text of ['', '   ', '!!!', '\ud800'])
      expect(actOf(text)).toEqual({ name: 'out_of_scope', confidence: 0, because: ['no words'] })
    expect(actOf('??', after('Please clear the cache.')).name).toBe('clarification')
  })

  it('emoji are read', () => {
    expect(actOf('👍', after('Shall I book it?')).name).toBe('confirm')
    expect(actOf('😡').name).toBe('feedback')
    expect(actOf('😂').name).toBe('chitchat')
  })

  it('other languages give an act, by shared words where there are some', () => {
    expect([actOf('Bonjour').name, actOf('Merci beaucoup').name, actOf('ありがとう').name]).toEqual(['chitchat', 'chitchat', 'chitchat'])
    for (const text of ['Où est ma commande ?', '返品したいのですが', 'Где мой заказ?', 'أين طلبي']) {
      const { name, confidence } = actOf(text)
      expect(ACTS).toContain(name)
      expect(confidence).toBeLessThan(0.9)
    }
  })
})

describe('the limits of what is read', () => {
  it('a text of a megabyte has the act of its start', () => {
    const text = `let me talk to a human. ${'x '.repeat(500_000)}`
    expect(actOf(text, after(text))).toEqual(actOf([...text].slice(0, TURN_CODE_POINTS_MAX).join(''), after(text)))
    expect(actOf(text).name).toBe('handoff')
  })

  it('older turns than the limit change nothing', () => {
    const turns = Array.from({ length: HISTORY_TURNS_MAX }, (_, index): Turn => ({
      role: index % 2 ? 'assistant' : 'user',
      text: `turn ${index}`,
    }))
    expect(actOf('and then?', [{ role: 'user', text: 'and then?' }, ...turns])).toEqual(actOf('and then?', turns))
  })
})

describe('the result', () => {
  it('is the same for the same message, and says why', () => {
    const once = actOf('转人工', after('您好'))
    expect(actOf('转人工', after('您好'))).toEqual(once)
    expect(once.because).toContain('asks to speak to a person')
    expect(once.confidence).toBeGreaterThan(0.5)
    expect(once.confidence).toBeLessThanOrEqual(1)
  })

  it('is never an act that is ruled out', () => {
    expect(actOf('转人工', [], ['handoff']).name).not.toBe('handoff')
    expect(actOf('', [], ['out_of_scope']).name).not.toBe('out_of_scope')
    for (const act of ACTS) {
      const others = ACTS.filter((other) => other !== act)
      expect(actOf('let me talk to a human', [], others)).toMatchObject({ name: act, confidence: 1 })
    }
    expect(() => actOf('hi', [], ACTS)).toThrow(RangeError)
  })
})

it('the cues are written in the characters that texts are folded to, and their names differ', () => {
  for (const { name, pattern } of [...MESSAGE_CUES, ...TURN_CUES]) expect([name, foldHan(pattern.source)]).toEqual([name, pattern.source])
  expect(new Set(MESSAGE_CUES.map(({ name }) => name)).size).toBe(MESSAGE_CUES.length)
})
