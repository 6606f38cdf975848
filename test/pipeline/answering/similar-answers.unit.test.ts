import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { SharedQuestion } from '../../../actors/definition/task-answers.ts'
import { type AnswerEntry, keyOfQuestion } from '../../../pipeline/answering/answer-entry.ts'
import { createSimilarAnswers, type EntryReader, type SimilarAnswersOptions } from '../../../pipeline/answering/similar-answers.ts'
import { evaluateByRules } from '../../../pipeline/quality/evaluate-by-rules.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'

const PASSAGE = { id: 'p1', text: 'Shipping to Norway costs 9 euros.' }
const shared = (text: string, more: Partial<SharedQuestion> = {}): SharedQuestion => ({
  text,
  lang: 'en',
  act: 'new_topic',
  intents: [],
  entities: [],
  understanding: 'acts@1',
  knowledgeSeq: 1,
  passages: [PASSAGE],
  prompt: { template: 'Answer.', variables: {}, promptVersion: 'answer@1' },
  tier: 'small',
  setUp: '',
  schema: z.string(),
  textOf: (answer) => z.string().parse(answer),
  ...more,
})
const entry: AnswerEntry = {
  answer: 'Shipping to Norway costs 9 euros.',
  seq: 7,
  basis: { knowledge: 1, prompt: 0, settings: 0, intents: 0, storedAt: '' },
  understanding: 'acts@1',
  promptVersion: 'answer@1',
  passages: [],
}
const ASKED = shared('How much is shipping to Norway?')
const PARAPHRASE = shared('hello, how much is shipping to Norway please')
const keyOf = (question: SharedQuestion, tenant = 'acme') => keyOfQuestion(tenant, 'support', question)
const reader: EntryReader = {
  read: () => Promise.resolve({ value: entry, from: 'memory' }),
  mayBeGiven: () => Promise.resolve(true),
  textOf: ({ answer }) => z.string().parse(answer),
}

/** Vectors of one direction, but for letters to the team. */
function openWith(more: Partial<SimilarAnswersOptions> = {}) {
  const metrics = createMetrics()
  const similar = createSimilarAnswers({
    vectors: {
      of: (text) => Promise.resolve({ fingerprint: 'm1', vector: Float32Array.from(text.startsWith('Dear team') ? [0.6, 0.8] : [1, 0]) }),
    },
    settingsOf: () => Promise.resolve({ CACHE_SIMILARITY_MIN: 0.8 }),
    evaluate: evaluateByRules,
    isShadow: false,
    metrics,
    log: pino({ level: 'silent' }),
    ...more,
  })
  const remembered = async (...questions: readonly SharedQuestion[]): Promise<void> => {
    for (const question of questions) similar.remember(question, keyOf(question))
    await similar.stop()
  }
  const find = (question: SharedQuestion, by: Partial<EntryReader> = {}, tenant = 'acme') =>
    similar.find(question, keyOf(question, tenant), { ...reader, ...by })
  const outcomes = async () => (await metrics.similarAnswers.get()).values.map(({ labels, value }) => [labels['outcome'], value])
  return { remembered, find, outcomes }
}

describe('an answer to another question', () => {
  it('is found for one that says the same', async () => {
    const { remembered, find, outcomes } = openWith()
    await remembered(ASKED)
    expect(await find(PARAPHRASE)).toMatchObject({ entry: { seq: 7 }, level: 'memory', similarity: 1 })
    expect(await outcomes()).toEqual([['given', 1]])
  })

  it('is not found for itself, another tenant, another intent, another prompt or its opposite', async () => {
    const { remembered, find } = openWith()
    await remembered(ASKED)
    const others = [
      ASKED,
      { ...PARAPHRASE, intents: ['shipping'] },
      { ...PARAPHRASE, prompt: { ...PARAPHRASE.prompt, promptVersion: 'answer@2' } },
      shared('How much is shipping from Norway?'),
      shared('How much is shipping to Sweden?'),
    ]
    for (const other of others) expect(await find(other), other.text).toBeUndefined()
    expect(await find(PARAPHRASE, {}, 'other')).toBeUndefined()
  })

  it('is not found where it is gone, rests on other passages, or is poor for this question', async () => {
    const { remembered, find, outcomes } = openWith()
    await remembered(ASKED)
    expect(await find(PARAPHRASE, { read: () => Promise.resolve(undefined) })).toBeUndefined()
    expect(await find(PARAPHRASE, { mayBeGiven: () => Promise.resolve(false) })).toBeUndefined()
    expect(await find(PARAPHRASE, { textOf: () => 'Our shops open at nine.' })).toBeUndefined()
    expect(await outcomes()).toEqual([
      ['gone', 1],
      ['other_passages', 1],
      ['poor', 1],
    ])
  })

  it('is not found below the threshold of the tenant, and with 1 no vector is asked for', async () => {
    const far = shared(`Dear team, ${ASKED.text}`)
    const { remembered, find } = openWith()
    await remembered(ASKED)
    expect(await find(far)).toBeUndefined()
    const never = openWith({
      settingsOf: () => Promise.resolve({ CACHE_SIMILARITY_MIN: 1 }),
      vectors: { of: () => Promise.reject(new Error('asked for')) },
    })
    expect(await never.find(PARAPHRASE)).toBeUndefined()
  })

  it('is never found with the built-in model, and where the model fails', async () => {
    const builtIn = openWith({ vectors: { of: () => Promise.resolve({ fingerprint: null }) } })
    await builtIn.remembered(ASKED)
    expect(await builtIn.find(PARAPHRASE)).toBeUndefined()
    const failing = openWith({ vectors: { of: () => Promise.reject(new Error('away')) } })
    await failing.remembered(ASKED)
    expect(await failing.find(PARAPHRASE)).toBeUndefined()
  })
})

it('in shadow, what is below the threshold is found, too', async () => {
  const { remembered, find, outcomes } = openWith({ isShadow: true })
  await remembered(ASKED)
  const found = await find(shared(`Dear team, ${ASKED.text}`))
  expect(found?.similarity).toBeCloseTo(0.6, 5)
  expect(await outcomes()).toEqual([['shadow', 1]])
})
