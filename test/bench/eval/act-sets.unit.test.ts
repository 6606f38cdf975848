import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { accuracyOf, confusionOf, f1Of, macroF1 } from '../../../bench/eval/act-metrics.ts'
import { ACT_LANGUAGES, readEvaluation, readTraining } from '../../../bench/eval/act-sets.ts'
import { trainActs } from '../../../bench/eval/act-training.ts'
import { ACTS } from '../../../schemas/dialogue-acts.ts'

describe('the messages of the act model', () => {
  it.each(ACT_LANGUAGES)('%s has at least 320 to evaluate and 600 to train, of every act', async (language) => {
    const [evaluation, training] = [await readEvaluation(language), await readTraining(language)]
    expect(evaluation.length).toBeGreaterThanOrEqual(320)
    expect(training.length).toBeGreaterThanOrEqual(600)
    for (const act of ACTS) expect(evaluation.filter((message) => message.act === act).length).toBeGreaterThanOrEqual(20)
  })

  it.each(ACT_LANGUAGES)('no %s conversation is both trained and evaluated', async (language) => {
    const trained = new Set((await readTraining(language)).filter(({ history }) => history.length > 0).map(key))
    expect((await readEvaluation(language)).filter((message) => trained.has(key(message)))).toEqual([])
  })

  it('the training gives the stored weights, byte for byte', async () => {
    const messages = (await Promise.all(ACT_LANGUAGES.map(readTraining))).flat()
    const stored = await readFile(new URL('../../../pipeline/understanding/acts/act-weights.json', import.meta.url), 'utf8')
    expect(`${JSON.stringify(trainActs(messages), undefined, 2)}\n` === stored).toBe(true)
    expect(stored.length).toBeLessThanOrEqual(256 * 1024)
  })
})

const key = ({ history, text }: { readonly history: unknown; readonly text: string }): string => JSON.stringify([history, text])

it('the metrics of acts are those of the textbook', () => {
  const judged = [
    { expected: 'confirm', found: 'confirm' },
    { expected: 'confirm', found: 'deny' },
    { expected: 'deny', found: 'deny' },
  ] as const
  expect(f1Of('confirm', judged)).toBeCloseTo(2 / 3)
  expect(f1Of('deny', judged)).toBeCloseTo(2 / 3)
  expect(f1Of('cancel', judged)).toBe(0)
  expect(macroF1(judged)).toBeCloseTo(2 / 3)
  expect(accuracyOf(judged)).toBeCloseTo(2 / 3)
  expect(confusionOf(judged).confirm).toMatchObject({ confirm: 1, deny: 1, cancel: 0 })
})
