import { describe, expect, test } from 'vitest'
import type { QuestionVectors } from '../../../pipeline/embedding/question-vectors.ts'
import {
  createRulesEvaluator,
  evaluateByRules,
  RULES_VERSION,
  RULES_WITH_VECTORS_VERSION,
} from '../../../pipeline/quality/evaluate-by-rules.ts'
import { EMBEDDED_SENTENCES_MAX } from '../../../pipeline/quality/rules/rules-limits.ts'

/** A model that knows what a text is about: for each word its direction; all else is unrelated. */
function modelOf(directions: Readonly<Record<string, number>>, asked: string[] = []): QuestionVectors {
  return {
    fingerprint: () => Promise.resolve('test'),
    of(text) {
      asked.push(text)
      const vector = new Float32Array(Object.keys(directions).length + 1)
      const found = Object.entries(directions).find(([word]) => text.includes(word))
      vector[found?.[1] ?? vector.length - 1] = 1
      return Promise.resolve({ fingerprint: 'test', vector })
    },
  }
}

const ANSWERS = [
  ['en', 'Are the earbuds washable?', 'The headset resists sweat and rain.', { earbuds: 0, headset: 0, lamp: 1 }, 'The lamp is red.'],
  ['zh', '耳塞怕不怕水？', '头戴设备可以防汗防雨。', { 耳塞: 0, 头戴: 0, 台灯: 1 }, '台灯是红色的。'],
] as const

describe.each(ANSWERS)('an embedding model (%s)', (lang, query, response, directions, other) => {
  test('finds an answer in other words than those of the question', async () => {
    const asked = { query, response, context: [`${response}\n${other}`], lang }
    const [without, withModel] = [await evaluateByRules(asked), await createRulesEvaluator({ vectors: modelOf(directions) })(asked)]
    expect(withModel.version).toBe(RULES_WITH_VECTORS_VERSION)
    expect(without.overall).toBeLessThan(0.7)
    expect(withModel.overall).toBeGreaterThanOrEqual(0.7)
  })

  test('does not let another sentence of the passage pass', async () => {
    const { overall } = await createRulesEvaluator({ vectors: modelOf(directions) })({
      query,
      response: other,
      context: [`${response}\n${other}`],
      lang,
    })
    expect(overall).toBeLessThan(0.7)
  })

  test.each<[string, QuestionVectors]>([
    ['knows words only', { fingerprint: () => Promise.resolve(null), of: () => Promise.resolve({ fingerprint: null }) }],
    ['does not answer', { fingerprint: () => Promise.reject(new Error('away')), of: () => Promise.reject(new Error('away')) }],
  ])('that %s leaves the rules alone', async (_, vectors) => {
    const asked = { query, response, context: [response], lang }
    const evaluation = await createRulesEvaluator({ vectors })(asked)
    expect(evaluation).toEqual(await evaluateByRules(asked))
    expect(evaluation.version).toBe(RULES_VERSION)
  })

  test('is asked for a bounded number of texts', async () => {
    const asked: string[] = []
    const long = Array.from({ length: 500 }, (_, index) => `${response.slice(0, -1)} ${index}.\n`).join('')
    await createRulesEvaluator({ vectors: modelOf(directions, asked) })({ query, response: long, context: [long], lang })
    expect(asked.length).toBeLessThanOrEqual(EMBEDDED_SENTENCES_MAX + 10)
    expect(Math.max(...asked.map((text) => text.length))).toBeLessThanOrEqual(600)
  })
})
