import { describe, expect, it } from 'vitest'
import { createIntentClassifier } from '../../../pipeline/understanding/intents/intent-classifier.ts'
import { trainIntents, trainIntentsNow } from '../../../pipeline/understanding/intents/train-intents.ts'
import { taughtExamples } from '../../support/taught-intents.ts'

const refusal = (code: string): unknown => expect.objectContaining({ code })

describe('training', () => {
  it('gives the same bytes for the same examples in any order, each as often as it likes', () => {
    const bytes = trainIntentsNow(taughtExamples)
    expect(trainIntentsNow(taughtExamples.toReversed())).toEqual(bytes)
    expect(trainIntentsNow([...taughtExamples, ...taughtExamples.slice(5, 20)])).toEqual(bytes)
    expect(trainIntentsNow(taughtExamples.slice(1))).not.toEqual(bytes)
  })

  it('yields between its steps, so that it can be stopped, and counts them', () => {
    const stages = new Map<string, number>()
    for (const { stage, done, total } of trainIntents(taughtExamples)) {
      expect(done).toBeGreaterThan(stages.get(stage) ?? 0)
      expect(done).toBeLessThanOrEqual(total)
      stages.set(stage, done)
    }
    expect(Object.fromEntries(stages)).toEqual({ heads: 5, 'held out': 25 })
    const stopped = trainIntents(taughtExamples)
    stopped.next()
    expect(stopped.return(new Uint8Array()).done).toBe(true)
    expect(stopped.next().done).toBe(true)
  })

  it('takes one intent, and what has no term of it is out of scope', () => {
    const only = createIntentClassifier(trainIntentsNow([{ text: 'book a table', intents: ['book'] }]))
    expect(only.classify('book a table for two')).toMatchObject({ intents: [{ name: 'book' }], outOfScope: false })
    expect(only.classify('天气怎么样').outOfScope).toBe(true)
  })

  it('takes one example of each intent', () => {
    const one = [
      { text: '今天天气怎么样', intents: ['weather'] },
      { text: 'book a table', intents: ['book'] },
      { text: 'play some music', intents: ['music'] },
    ]
    const classifier = createIntentClassifier(trainIntentsNow(one))
    expect(classifier.classify('明天天气').intents[0]?.name).toBe('weather')
    expect(classifier.classify('a table please').intents[0]?.name).toBe('book')
    expect(classifier.classify('music!').intents[0]?.name).toBe('music')
  })

  it('is unsure of texts whose examples contradict each other', () => {
    const contradicting = ['human', 'refund'].flatMap((intent) => [{ text: 'help me out', intents: [intent] }])
    const classifier = createIntentClassifier(trainIntentsNow([...taughtExamples, ...contradicting]))
    const unsure = classifier.classify('help me out').candidates
    expect(
      unsure
        .slice(0, 2)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['human', 'refund'])
    expect(unsure[0]?.confidence).toBeLessThan(classifier.classify('how do I get a refund').candidates[0]?.confidence ?? 0)
  })

  it('takes examples without a term, and of a megabyte', () => {
    const odd = ['', ' ', '\u200b', '\ud800', 'word '.repeat(200_000), '字'.repeat(300_000)].map((text) => ({ text, intents: ['odd'] }))
    const classifier = createIntentClassifier(trainIntentsNow([...taughtExamples, ...odd]))
    expect(classifier.classify('how do I get a refund').intents[0]?.name).toBe('refund')
  })

  it('learns what is out of scope from examples without intents', () => {
    const outside = ['sing', 'dance', 'cook', 'swim', 'paint'].flatMap((verb) =>
      ['who can', 'teach me to', 'why do people', 'where did they', 'do you'].map((start) => ({ text: `${start} ${verb}`, intents: [] })),
    )
    const classifier = createIntentClassifier(trainIntentsNow([...taughtExamples, ...outside]))
    expect(classifier.intents).toEqual(['continue', 'human', 'knowledge', 'product', 'refund'])
    expect(classifier.classify('why did they dance').outOfScope).toBe(true)
    expect(classifier.classify('how do I get a refund').outOfScope).toBe(false)
  })

  it('refuses what exceeds its bounds, and names them', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({ text: `text ${index}`, intents: [`intent ${index}`] }))
    expect(() => trainIntentsNow(many)).toThrow(refusal('intents_too_many'))
    expect(() => trainIntentsNow(many)).toThrow('1000 at most')
    const long = Array.from({ length: 2_501 }, (_, index) => ({ text: `text ${index}`, intents: ['one'] }))
    expect(() => trainIntentsNow(long)).toThrow(refusal('examples_too_many'))
    expect(() => trainIntentsNow(long.map(({ text }) => ({ text, intents: [] as string[] })))).toThrow(refusal('intents_missing'))
    expect(() => trainIntentsNow([])).toThrow(refusal('intents_missing'))
    expect(() => trainIntentsNow([{ text: 'a', intents: [' '] }])).toThrow(refusal('bad_intent'))
    expect(() => trainIntentsNow([{ text: 'a', intents: ['x'.repeat(201)] }])).toThrow(refusal('bad_intent'))
  })
})
