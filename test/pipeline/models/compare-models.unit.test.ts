import { expect, test } from 'vitest'
import { compareModels, type RecordedTurn } from '../../../pipeline/models/compare-models.ts'
import { modelsFileSchema } from '../../../schemas/models-file.ts'

const entries = modelsFileSchema.parse([
  { name: 's', tier: 'small', baseUrl: 'http://127.0.0.1:1/', model: 'x', priceIn: 1, priceOut: 1, contextMax: 2_000 },
  { name: 'l', tier: 'large', baseUrl: 'http://127.0.0.1:1/', model: 'x', priceIn: 10, priceOut: 10, contextMax: 8_000 },
])
const SETTINGS = { MEDIUM_FROM: 0.3, LARGE_FROM: 0.8 }
const turn = (more: Partial<RecordedTurn>): RecordedTurn => ({
  text: '几点开门？',
  answer: '九点。',
  hits: 0,
  model: 'old',
  tier: null,
  complexity: null,
  tokensIn: 900,
  tokensOut: 100,
  cost: 0.5,
  ...more,
})

test('turns go by their recorded complexity, else by that of the question, and cost what the tokens cost at the new model', () => {
  const compared = compareModels([turn({}), turn({ complexity: 0.9 }), turn({ complexity: 0.4 })], entries, SETTINGS)
  expect(compared).toEqual({
    models: [
      { model: 'l', tier: 'large', before: { turns: 0, cost: 0, unknown: 0 }, after: { turns: 2, cost: 0.02, unknown: 0 } },
      { model: 's', tier: 'small', before: { turns: 0, cost: 0, unknown: 0 }, after: { turns: 1, cost: 0.001, unknown: 0 } },
      { model: 'old', tier: null, before: { turns: 3, cost: 1.5, unknown: 0 }, after: { turns: 0, cost: 0, unknown: 0 } },
    ],
    before: { turns: 3, cost: 1.5, unknown: 0 },
    after: { turns: 3, cost: 0.021, unknown: 0 },
    estimated: { tokens: 0, complexity: 1 },
    tooLong: 0,
  })
})

test('a turn that was quoted has cost nothing, and its tokens are estimated from its texts and passages', () => {
  const { before, after, estimated } = compareModels(
    [turn({ model: null, cost: null, tokensIn: null, tokensOut: null, hits: 3 })],
    entries,
    SETTINGS,
  )
  expect(before).toEqual({ turns: 1, cost: 0, unknown: 0 })
  expect(after.cost).toBeCloseTo(0.00106, 5)
  expect(estimated.tokens).toBe(1)
})

test('a turn that does not fit its model goes to a larger context, and one that fits none is counted', () => {
  const { models, tooLong } = compareModels([turn({ tokensIn: 5_000 }), turn({ tokensIn: 50_000 })], entries, SETTINGS)
  expect(models[0]).toMatchObject({ model: 'l', after: { turns: 1 } })
  expect(tooLong).toBe(1)
})

test('a cost that is not recorded, and a model without a price, are unknown', () => {
  const [entry] = modelsFileSchema.parse([{ name: 'p', tier: 'small', baseUrl: 'http://127.0.0.1:1/', model: 'x' }])
  const { before, after } = compareModels([turn({ cost: null })], entry === undefined ? [] : [entry], SETTINGS)
  expect([before, after]).toEqual([
    { turns: 1, cost: 0, unknown: 1 },
    { turns: 1, cost: 0, unknown: 1 },
  ])
})
