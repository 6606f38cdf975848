import { expect, test } from 'vitest'
import { complexityOf, tierOf } from '../../../pipeline/models/complexity.ts'

const of = (text: string): number => complexityOf({ text })
const DEFAULTS = { mediumFrom: 0.3, largeFrom: 0.8 }

test.each([
  'How long does shipping to Norway take?',
  '寄到挪威要多久？',
  'Where is my order HB-12345?',
  '我的订单 HB-12345 到哪了？',
  'Can I return shoes that I have worn once?',
  'thanks',
  '为什么',
  '',
])('an everyday question is easy: %s', (text) => {
  expect(tierOf(of(text), DEFAULTS)).toBe('small')
})

test.each([
  '基础版和专业版有什么区别？哪个更适合小团队？为什么？',
  'What is the difference between Basic and Pro, and why is Pro better for a small team?',
  '```js\nfetch(url).then((r) => r.json())\n```\nWhy does this throw an error?',
])('a comparison, a reason or code is of medium complexity: %s', (text) => {
  expect(tierOf(of(text), DEFAULTS)).toBe('medium')
})

test.each([
  'I run a team of 12 people in 3 countries. Please compare the Basic, Pro and Enterprise plans: which one is cheaper for us over 24 '
    + 'months, what are the pros and cons of each, and why would you recommend it? Also explain what happens to our data if we downgrade '
    + 'after a year, and plan the migration step by step. We currently pay 14.99 per seat and export about 200 reports a month.',
  '我们团队有12个人，分布在3个国家。请比较基础版、专业版和企业版：24个月下来哪个更便宜，各自的优缺点是什么？为什么推荐它？如果一年后降级，数据会怎样？'
    + '请分析影响，并设计一个分步骤的迁移方案。目前每人每月14.99，每月导出约200份报告。',
  '我們團隊有12個人，分布在3個國家。請比較基礎版、專業版和企業版：24個月下來哪個更便宜，各自的優缺點是什麼？為什麼推薦它？如果一年後降級，資料會怎樣？'
    + '請分析影響，並設計一個分步驟的遷移方案。目前每人每月14.99，每月匯出約200份報告。',
])('an analysis in several parts is hard: %s', (text) => {
  expect(tierOf(of(text), DEFAULTS)).toBe('large')
})

test('history and passages that are equally near add to it', () => {
  const text = 'And for the other one?'
  expect(complexityOf({ text, needsHistory: true })).toBeCloseTo(of(text) + 0.1)
  expect(complexityOf({ text, passageScores: [0.8, 0.79, 0.78, 0.77, 0.76] })).toBeCloseTo(of(text) + 0.1)
  expect(complexityOf({ text, passageScores: [0.8, 0.2, 0.1] })).toBe(of(text))
  expect(complexityOf({ text, passageScores: [0, 0, NaN] })).toBe(of(text))
})

test('it is from 0 to 1 for any text, the same each time, and more text is at least as complex', () => {
  for (const text of ['a'.repeat(100_000), '如果吗 '.repeat(30_000), '?'.repeat(9_000), '\ud800', '(('.repeat(9_000), '1,'.repeat(9_000)]) {
    const score = of(text)
    expect(score).toBeGreaterThanOrEqual(0)
    expect(score).toBeLessThanOrEqual(1)
    expect(of(text)).toBe(score)
    expect(of(text + text)).toBeGreaterThanOrEqual(score)
  }
})
