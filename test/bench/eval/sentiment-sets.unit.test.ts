import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { SENTIMENT_LABELS } from '../../../actors/analysing/sentiment.ts'
import { sentimentMacroF1 } from '../../../bench/eval/measure-sentiment.ts'
import { readSentimentEvaluation, readSentimentTraining, SENTIMENT_LANGUAGES } from '../../../bench/eval/sentiment-sets.ts'
import { trainSentiment } from '../../../bench/eval/sentiment-training.ts'

describe('the texts of the sentiment model', () => {
  it.each(SENTIMENT_LANGUAGES)('%s has 300 to evaluate, half of them blind, and at least 800 to train', async (language) => {
    const [evaluation, training] = [await readSentimentEvaluation(language), await readSentimentTraining(language)]
    expect([evaluation.length, evaluation.filter(({ blind }) => blind).length]).toEqual([300, 150])
    expect(training.length).toBeGreaterThanOrEqual(800)
    for (const label of SENTIMENT_LABELS) expect(evaluation.filter((text) => text.label === label).length).toBeGreaterThanOrEqual(60)
  })

  it.each(SENTIMENT_LANGUAGES)('no %s text is both trained and evaluated', async (language) => {
    const trained = new Set((await readSentimentTraining(language)).map(({ text }) => text))
    expect((await readSentimentEvaluation(language)).filter(({ text }) => trained.has(text))).toEqual([])
  })

  it('the training gives the stored weights, byte for byte', async () => {
    const texts = (await Promise.all(SENTIMENT_LANGUAGES.map(readSentimentTraining))).flat()
    const stored = await readFile(new URL('../../../actors/analysing/sentiment-weights.json', import.meta.url), 'utf8')
    expect(`${JSON.stringify(trainSentiment(texts), undefined, 2)}\n` === stored).toBe(true)
    expect(stored.length).toBeLessThanOrEqual(128 * 1024)
  })
})

it('macro-F1 is that of the textbook', () => {
  const judged = [
    { expected: 'positive', found: 'positive', blind: false },
    { expected: 'positive', found: 'negative', blind: false },
    { expected: 'negative', found: 'negative', blind: false },
  ] as const
  expect(sentimentMacroF1(judged)).toBeCloseTo((2 / 3 + 2 / 3) / 3)
})
