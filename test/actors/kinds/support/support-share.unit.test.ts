import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import type { TaskCall } from '../../../../actors/definition/task-definition.ts'
import type { Understood } from '../../../../actors/definition/task-understanding.ts'
import type { AnswerInput } from '../../../../actors/kinds/support/definition.ts'
import { type LookedUp, shareableBy, shareOrCompose } from '../../../../actors/kinds/support/share.ts'
import { NO_ANSWER } from '../../../../actors/prompting/built-in-prompts.ts'
import { generates } from '../../../../actors/testkit/generation-stub.ts'
import { recordsLive } from '../../../../actors/testkit/live-recorder.ts'
import { builtInPrompts } from '../../../../actors/testkit/prompt-stub.ts'
import { recommendsFromCatalogue } from '../../../../actors/testkit/recommending-stub.ts'
import { evaluateByRules } from '../../../../pipeline/quality/evaluate-by-rules.ts'

const understood: Understood = {
  act: { name: 'new_topic', confidence: 0.9, because: [] },
  intents: [{ name: 'shipping', confidence: 0.9, because: [] }],
  outOfScope: false,
  entities: [{ name: 'country', value: 'norway', text: 'Norway', start: 0, end: 6 }],
  topic: 'shipping',
  lang: 'en',
  version: 'main@1-a acts@1 tenant@1',
}
const lookedUp: LookedUp = { turns: [], about: null, understood, knowledgeSeq: 7 }
const SPENT = { tokensIn: 1, tokensOut: 1 }

describe('what an answer can be shared by', () => {
  test('is what was understood, and the knowledge that was searched', () => {
    expect(shareableBy(lookedUp)).toEqual({
      act: 'new_topic',
      actConfidence: 0.9,
      intents: ['shipping'],
      entities: [{ name: 'country', value: 'norway', text: 'Norway' }],
      understanding: understood.version,
      knowledgeSeq: 7,
    })
  })

  test.each<[string, Partial<LookedUp>]>([
    ['a turn came before', { turns: [{ role: 'user', text: 'Hello' }] }],
    ['a question came before', { about: 'And to Sweden?' }],
    ['earlier messages were found', { earlier: ['I live in Oslo.'] }],
    ['a model has rewritten the message', { spent: SPENT }],
    ['the reply says what it leaves out', { omitted: 'questions' }],
    ['the index lags behind the knowledge', { knowledgeSeq: undefined }],
    [
      'there are too many entities for a key',
      { understood: { ...understood, entities: Array.from({ length: 17 }, () => understood.entities).flat() } },
    ],
  ])('is nothing where %s', (_, more) => {
    expect(shareableBy({ ...lookedUp, ...more })).toBeUndefined()
  })
})

const input: AnswerInput = {
  text: 'How much is shipping to Norway?',
  about: null,
  topic: null,
  lang: 'en',
  turns: [],
  kbVersion: 'log-7',
  hits: [{ source: 'norway', chunk: 'c1', title: 'Norway', text: 'Shipping to Norway costs 9 euros.', lang: 'en', score: 0.9 }],
  shareable: { act: 'new_topic', intents: [], entities: [], understanding: 'acts@1', knowledgeSeq: 7 },
}

/** Runs the task with what `shareAnswer` finds, and tells what the task offered to it. */
async function answer(found: Awaited<ReturnType<TaskCall<unknown>['shareAnswer']>>, more: Partial<AnswerInput> = {}, text = ANSWER) {
  const generation = generates(text)
  const live = recordsLive('sentence')
  const offered: unknown[] = []
  let isAsked = false
  const composed = await shareOrCompose(
    {
      input: { ...input, ...more },
      evaluate: evaluateByRules,
      ...generation,
      ...builtInPrompts(),
      ...recommendsFromCatalogue(),
      live,
      signal: new AbortController().signal,
      log: pino({ level: 'silent' }),
      async shareAnswer(question, make) {
        isAsked = true
        if (found === undefined) offered.push(await make())
        const read = question.schema.safeParse(found?.answer)
        return found === undefined || !read.success ? undefined : { ...found, answer: read.data }
      },
    },
    0,
  )
  return { composed, live, offered, isAsked, calls: generation.asked.length }
}
const ANSWER = 'Shipping to Norway costs 9 euros [1].'

describe('the task answer', () => {
  test('offers what passed the gate, without what it took', async () => {
    const { offered, composed } = await answer(undefined)
    expect(offered).toMatchObject([
      { text: 'Shipping to Norway costs 9 euros.', model: 'stub', tier: 'medium', sources: [{ source: 'norway' }] },
    ])
    expect(Object.keys(offered[0] ?? {})).not.toEqual(expect.arrayContaining(['cost']))
    expect(composed).toMatchObject({ kind: 'written', answer: { tokensIn: 0 } })
  })

  test('offers nothing where the model finds no answer', async () => {
    expect((await answer(undefined, {}, NO_ANSWER)).offered).toEqual([undefined])
  })

  test('asks nobody for a personal question', async () => {
    const { isAsked, calls } = await answer(undefined, { shareable: undefined })
    expect([isAsked, calls]).toEqual([false, 1])
  })

  test('gives an answer again in one piece, without a model, and it has cost nothing', async () => {
    const kept = { text: 'It costs 9 euros. It takes 2 days.', sources: [], quality: 0.9, tier: 'medium', model: 'tiny' }
    const cachedFrom = { seq: 3, level: 'shared', knowledgeSeq: 7 } as const
    const { composed, live, calls } = await answer({ answer: kept, cachedFrom })
    expect(composed).toEqual({ kind: 'written', answer: { ...kept, tokensIn: 0, tokensOut: 0, cost: 0, cachedFrom } })
    expect(live.told).toEqual([{ delta: kept.text }])
    expect(calls).toBe(0)
  })
})
