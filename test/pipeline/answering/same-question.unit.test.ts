import { describe, expect, it, test } from 'vitest'
import { COMPARED_CHARS_MAX, type ComparedQuestion, type Difference, differenceOf } from '../../../pipeline/answering/same-question.ts'

const question = (text: string, more: Partial<ComparedQuestion> = {}): ComparedQuestion => ({
  text,
  lang: /\p{Script=Han}/u.test(text) ? 'zh' : 'en',
  act: 'new_topic',
  entities: [],
  ...more,
})

/** What is told of two questions, whichever comes first. */
function told(one: string, other: string): Difference | undefined {
  const [found, reversed] = [differenceOf(question(one), question(other)), differenceOf(question(other), question(one))]
  expect(reversed, `${other} | ${one}`).toBe(found)
  return found
}

describe('questions that say the same may share an answer', () => {
  it.each([
    ['Where is my parcel?', 'hi, could you please tell me where my package is'],
    ['How do I delete my account?', 'delte my acount, how'],
    ['Can I cancel my appointment online?', 'I would like to cancel my appointment online. Is that possible?'],
    ['Does my contract end in March?', 'does my contract expire in march'],
    ['How much is delivery to Oslo?', 'What is the price of shipping to Oslo?'],
    ['How much is shipping to Oslo?', 'Please tell me how much shipping to Oslo is'],
    ['怎么取消订单？', '你好，请问如何取消订单'],
    ['忘记密码怎么办？', '密码忘了，咋办'],
    ['可以打折吗？', '能不能打折'],
    ['這個快遞到哪了？', '这个快递到哪了'],
  ])('%s | %s', (one, other) => {
    expect(told(one, other)).toBeUndefined()
  })
})

describe('questions that are close in words may not', () => {
  it.each<[Difference, string, string]>([
    ['numbers', 'Is delivery free from 50 euros?', 'Is delivery free from 30 euros?'],
    ['numbers', '满99包邮吗？', '满199包邮吗？'],
    ['negation', 'Which items can I return?', 'Which items can I not return?'],
    ['negation', '哪些商品能退货？', '哪些商品不能退货？'],
    ['asked', 'Where do I apply for a passport?', 'When do I have to apply for a passport?'],
    ['asked', 'What time is the bin emptied?', 'What day is the bin emptied?'],
    ['asked', '身份证在哪里办？', '身份证什么时候办？'],
    ['modality', 'Must I eat before the examination?', 'May I eat before the examination?'],
    ['modality', '必须空腹吗？', '可以空腹吗？'],
    ['tense', 'Was my parcel delivered to Oslo?', 'Is my parcel delivered to Oslo?'],
    ['words', 'How do I block my card?', 'How do I unblock my card?'],
    ['words', 'Can I pay after delivery?', 'Can I pay before delivery?'],
    ['words', 'What does it cost in dollars, 5 $?', 'What does it cost in euros, 5 €?'],
    ['words', '怎么开通网银？', '怎么关闭网银？'],
    ['words', '手术前能吃东西吗？', '手术后能吃东西吗？'],
    ['particles', 'Can I open an account for my son?', 'Can my son open an account for me?'],
    ['roles', 'Is the Otter S5 quieter than the S7?', 'Is the Otter S7 quieter than the S5?'],
    ['roles', 'Can stress cause headaches?', 'Can headaches cause stress?'],
    ['roles', 'Can my son collect my order?', 'Can I collect the order of my son?'],
    ['roles', '人民币怎么换成美元？', '美元怎么换成人民币？'],
    ['words', '别人能看到我的文件吗？', '我能看到别人的文件吗？'],
    ['particles', 'Do you ship to Norway?', 'Do you ship from Norway?'],
    ['words', 'What?', 'Which?'],
  ])('%s: %s | %s', (difference, one, other) => {
    expect(told(one, other)).toBe(difference)
  })
})

test('language, length, act and entities are told before the words', () => {
  const one = question('Where is my parcel?')
  expect(differenceOf(one, question('Where is my parcel?', { lang: 'de' }))).toBe('language')
  expect(differenceOf({ ...one, lang: null }, { ...one, lang: null })).toBe('language')
  expect(differenceOf(one, question('Where is my parcel?'.padEnd(COMPARED_CHARS_MAX + 1)))).toBe('length')
  expect(differenceOf(one, question('Where is my parcel?', { act: 'cancel' }))).toBe('act')
  expect(differenceOf(one, question('Where is my parcel?', { act: 'cancel', actConfidence: 0.5 }))).toBeUndefined()
  expect(differenceOf(one, question('Where is my parcel?', { entities: [{ name: 'carrier', value: 'DHL' }] }))).toBe('entities')
})

test('words of an entity count as its value', () => {
  const about = (text: string, words: string, value = 'otter-s5') => question(text, { entities: [{ name: 'product', value, text: words }] })
  expect(differenceOf(about('How heavy is the Otter?', 'Otter'), about('How heavy is the small robot?', 'small robot'))).toBeUndefined()
  expect(differenceOf(about('How heavy is the Otter?', 'Otter'), about('How heavy is the Otter?', 'Otter', 'otter-s7'))).toBe('entities')
  expect(differenceOf(about('小水獭多重？', '小水獭'), about('扫地机多重？', '扫地机'))).toBeUndefined()
})
