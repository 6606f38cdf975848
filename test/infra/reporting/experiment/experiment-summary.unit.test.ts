import { expect, test } from 'vitest'
import { experimentPage } from '../../../../infra/reporting/experiment/experiment-page.ts'
import { experimentRows } from '../../../../infra/reporting/experiment/experiment-rows.ts'
import { statementsOf } from '../../../../infra/reporting/experiment/experiment-statement.ts'
import { summarise } from '../../../../infra/reporting/experiment/experiment-summary.ts'
import type { QuestionResult, VariantResult } from '../../../../infra/reporting/experiment/run-experiment.ts'

const answered = (quality: number, { cost = 0.001, latencyMs = 100, text = 'an answer' } = {}): VariantResult => ({
  answer: { text, context: [], retrieval: [], latencyMs, cost, tokensIn: 100, tokensOut: 10, model: 'm', promptVersion: 'answer@1' },
  evaluation: {
    evaluator: 'rules',
    version: '2',
    overall: quality,
    scores: { relevance: quality, completeness: quality, coherence: 1, groundedness: null },
    reasons: [],
    suggestions: [],
  },
})
const declined: VariantResult = { answer: { text: null, context: [], retrieval: [], latencyMs: 50, cost: 0.001 } }
const failed: VariantResult = { error: { code: 'model_timeout', message: 'late' } }
const result = (a: VariantResult, b: VariantResult, query = '退货？'): QuestionResult => ({
  question: { line: 1, query, context: [], lang: 'zh', tenant: undefined },
  a,
  b,
})
const many = (count: number, of: (index: number) => QuestionResult): QuestionResult[] =>
  Array.from({ length: count }, (_, index) => of(index))
const statement = (results: readonly QuestionResult[], about: string): string =>
  statementsOf(summarise(results)).find((one) => one.startsWith(about)) ?? ''

test('a better variant is told with its interval, and so are its good answers', () => {
  const results = many(40, (index) => result(answered(0.5 + (index % 5) / 50), answered(0.7 + (index % 7) / 50)))
  expect(statement(results, 'Quality')).toMatch(
    /^Quality: B is better\. B less A: \+0\.2\d\d \(95 % interval \+0\.\d{3} to \+0\.\d{3}; n = 40, p < 0\.001, Wilcoxon\)\.$/,
  )
  expect(statement(results, 'Good')).toBe(
    'Good answers: B has more; good only with A: 0, only with B: 40 of 40 questions (p < 0.001, McNemar).',
  )
  const turned = results.map(({ a, b }) => result(b, a))
  expect(statement(turned, 'Quality')).toContain('A is better')
})

test('no difference is called none shown, with the smallest that would have been found', () => {
  const results = many(40, (index) => result(answered(0.7 + (index % 2) / 10), answered(0.8 - (index % 2) / 10)))
  expect(statement(results, 'Quality')).toMatch(
    /^Quality: no difference shown\. B less A: .*With 40 pairs, a mean difference of 0\.045 would most likely \(80 %\) have been found; a/,
  )
  expect(
    statement(
      many(10, () => result(answered(0.8), answered(0.8))),
      'Quality',
    ),
  ).toBe('Quality: no difference shown. All 10 pairs of answers have the same quality.')
})

test('too few questions are called too few, however large the difference', () => {
  expect(
    statement(
      many(5, () => result(answered(0.1), answered(0.9))),
      'Quality',
    ),
  ).toContain('too few questions. With 5 pairs of answers no difference can be shown')
})

test('a mean that a few large differences turn is not called better', () => {
  const results = many(40, (index) =>
    index < 34 ? result(answered(0.7), answered(0.71 + index / 10_000)) : result(answered(0.9), answered(0.5)),
  )
  expect(statement(results, 'Quality')).toContain('Quality: not clear.')
})

test('latency and cost are compared pair by pair; an unknown cost is said to be unknown', () => {
  const results = many(20, (index) =>
    result(answered(0.8, { latencyMs: 100 + index, cost: 0.002 }), answered(0.8, { latencyMs: 300 + index })),
  )
  expect(statement(results, 'Latency')).toContain('Latency: A is faster. B less A: 200 ms')
  expect(statement(results, 'Cost')).toContain('Cost: B is cheaper. B less A: -0.00100')
  const unknown = results.map(({ a, b }) => result({ ...a, answer: { ...a.answer!, cost: undefined } }, b))
  expect(statement(unknown, 'Cost')).toContain('COLLOQUY_LLM_PRICE_IN')
})

test('what failed or was declined counts as not good, and not in the mean of quality', () => {
  const results = [...many(8, () => result(answered(0.8), answered(0.8))), result(answered(0.9), failed), result(declined, answered(0.9))]
  const { a, b, quality, good } = summarise(results)
  expect([a.answered, a.declined, a.failed, a.good, a.goodShare]).toEqual([9, 1, 0, 9, 0.9])
  expect([b.answered, b.declined, b.failed, b.errors]).toEqual([9, 0, 1, { model_timeout: 1 }])
  expect([quality.pairs, good.onlyA, good.onlyB]).toEqual([8, 1, 1])
  expect(statement(results, 'A failed')).toContain('A failed at 0 questions, B at 1')
  expect(Object.fromEntries(experimentRows(summarise(results)).map(([name, one, other]) => [name, [one, other]]))).toMatchObject({
    failed: ['0', '1 (model_timeout 1)'],
    'good answers': ['9 (90.0 %)', '9 (90.0 %)'],
    model: ['m', 'm'],
  })
})

test('the page has both sides, and shows texts as text', () => {
  const results = [
    result(answered(0.9, { text: '<script>alert(1)</script>' }), failed, '<img src=x>'),
    ...many(60, () => result(declined, declined)),
  ]
  const page = experimentPage({
    dataset: 'a<b>.jsonl',
    variants: { a: 'prompt=answer@1', b: 'prompt=answer@2' },
    evaluator: 'rules@2',
    madeAt: new Date('2026-11-30T00:00:00Z'),
    summary: summarise(results),
    results,
  })
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(page).toContain('&lt;img src=x&gt;')
  expect(page).not.toMatch(/<script|<img|<b>/)
  expect(page).toContain('prompt=answer@2')
  expect(page).toContain('11 more are not shown.')
})
