import { expect, test } from 'vitest'
import type { AnswerInput } from '../../../../actors/kinds/support/definition.ts'
import { passGate } from '../../../../actors/kinds/support/gate.ts'
import { evaluateByRules } from '../../../../pipeline/quality/evaluate-by-rules.ts'

const delivery = {
  source: 'delivery-abroad-zh',
  title: '送货地区',
  text: '欧洲以外，我们寄往美国、加拿大、日本和香港，运费 25 欧元。',
  lang: 'zh',
  score: 0.6,
}
const input = (about: string | null, text: string): AnswerInput => ({ text, about, topic: null, lang: 'zh', hits: [delivery], turns: [] })

test.each([
  ['a question that stands alone', null, '可以送到香港吗？', '可以送到香港吗？'],
  ['one that takes up the one before', '可以送到香港吗？', '那要多少钱？', '可以送到香港吗？ 那要多少钱？'],
  ['one that names nothing', '可以送到香港吗？', '继续', '可以送到香港吗？'],
])('the gate evaluates the answer to %s', async (_, about, text, asked) => {
  const queries: string[] = []
  const answer = { text: delivery.text, sources: [{ source: delivery.source, score: delivery.score }] }
  await passGate(
    {
      input: input(about, text),
      evaluate: (query) => {
        queries.push(query.query)
        return evaluateByRules(query)
      },
    },
    answer,
    0.7,
  )
  expect(queries).toEqual([asked])
})
