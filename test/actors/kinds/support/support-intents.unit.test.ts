import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { TaskCall } from '../../../../actors/definition/task-definition.ts'
import { articleTopics } from '../../../../actors/kinds/support/knowledge.ts'
import { type Move, moveOf, plainMoveOf } from '../../../../actors/kinds/support/moves.ts'
import { recordedForm } from '../../../../actors/kinds/support/understood.ts'
import { DEMO_INTENTS, understandByDemoSet } from '../../../../infra/demo/past/demo-understanding.ts'
import { readExampleFile } from '../../../../pipeline/ingest/intents/example-file.ts'
import { understandByActs } from '../../../support/core-helpers.ts'

const Labelled = z.object({ text: z.string(), lang: z.enum(['en', 'zh']), intent: z.string() })

const labelled = readFileSync(new URL('../../../support/data/support-intents.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => Labelled.parse(JSON.parse(line)))

/** The labels beside the topics, as moves of the machine. `other` is a question of no taught intent. */
const MOVES: Readonly<Record<string, Move>> = {
  smalltalk: 'courtesy',
  thanks: 'thanks',
  person: 'person',
  feedback_positive: 'praise',
  feedback_negative: 'complaint',
}

let byDemoSet: TaskCall<unknown>['understand']
beforeAll(async () => {
  byDemoSet = await understandByDemoSet()
}, 60_000)

/** The move of a message or, of a question, its best intent. */
async function meaningOf(text: string, understand = byDemoSet): Promise<string> {
  const plain = plainMoveOf(text)
  if (plain !== undefined) return plain
  const understood = recordedForm(await understand({ text }))
  const move = moveOf({ text, understood })
  return move === 'question' ? (understood.intents[0]?.name ?? 'other') : move
}

async function missedOf(rows: typeof labelled, understand?: TaskCall<unknown>['understand']): Promise<typeof labelled> {
  const meanings = await Promise.all(rows.map(({ text }) => meaningOf(text, understand)))
  return rows.filter(({ intent }, index) => meanings[index] !== (MOVES[intent] ?? intent))
}

describe('the intents', () => {
  const halves = [
    ['en', false],
    ['en', true],
    ['zh', false],
    ['zh', true],
  ] as const
  test.each(halves)('in %s (half: %s) are right for at least 90 %% by the set of the demo', async (lang, half) => {
    const isIn = (text: string): boolean => ((createHash('sha256').update(text).digest()[0] ?? 0) % 2 === 1) === half
    const rows = labelled.filter((row) => row.lang === lang && isIn(row.text))
    const missed = await missedOf(rows)
    expect(rows.length).toBeGreaterThan(70)
    expect(1 - missed.length / rows.length, JSON.stringify(missed, null, 1)).toBeGreaterThanOrEqual(0.9)
  })

  test('are right as often as those of the lexicon of version 3 were: for 377 of 387', async () => {
    const missed = await missedOf(labelled)
    expect(labelled.length - missed.length, JSON.stringify(missed, null, 1)).toBeGreaterThanOrEqual(377)
  })

  test.each(['en', 'zh'] as const)('of a tenant that taught nothing do not keep a message in %s from its move', async (lang) => {
    const rows = labelled
      .filter((row) => row.lang === lang)
      .map((row) => ({ ...row, intent: MOVES[row.intent] === undefined ? 'other' : row.intent }))
    const missed = await missedOf(rows, understandByActs)
    expect(1 - missed.length / rows.length, JSON.stringify(missed, null, 1)).toBeGreaterThanOrEqual(0.95)
  })

  test.each([
    ['Are you a real person?', 'courtesy'],
    ['I want to talk to a real person', 'person'],
    ['你是真人吗', 'courtesy'],
    ['我要找真人', 'person'],
    ['Help, my phone was stolen!', 'account'],
    ['你们的服务我不满意', 'complaint'],
    ['很满意', 'praise'],
    ['Thanks! And how do I return it?', 'returns'],
    ['谢谢，那怎么退货', 'returns'],
    ['where’s my order', 'order'],
    ['HB-1234567', 'order'],
    ['asdf qwer', 'other'],
    ['cancel my order', 'order'],
    ['The battery drains way too fast', 'technical'],
    ['什么是人工智能？', 'other'],
    ['What is artificial intelligence?', 'other'],
    ['我想查询产品规格', 'product'],
  ])('of "%s" is %s', async (text, meaning) => {
    expect(await meaningOf(text)).toBe(meaning)
  })
})

describe('a message that is certain by its words alone', () => {
  test.each([
    ['Hello there!', 'courtesy'],
    ['good morning 😊', 'courtesy'],
    ['你好呀', 'courtesy'],
    ['早上好', 'courtesy'],
    ['ok, goodbye', 'courtesy'],
    ['no thanks, forget it', 'courtesy'],
    ['Thank you very much for your help!', 'thanks'],
    ['Thank you so much, that is all for today', 'thanks'],
    ['好的，谢谢', 'thanks'],
    ['謝謝', 'thanks'],
    ['that helped, 5 stars', 'praise'],
    ['解决了，五星好评', 'praise'],
    ['agent', 'person'],
    ['转人工', 'person'],
    ['請轉人工', 'person'],
    ['I want to talk to a human', 'person'],
  ])('such as "%s" is %s', (text, move) => {
    expect(plainMoveOf(text)).toBe(move)
  })

  test.each([
    '',
    '???',
    '什么是人工智能？',
    'How much does a good morning kettle cost?',
    '谢谢，那怎么退货',
    'human resources',
    '人工费多少',
    'thanks '.repeat(500),
  ])('is not "%s"', (text) => {
    expect(plainMoveOf(text)).toBeUndefined()
  })
})

describe("the demo's examples", () => {
  test('are at least 25 of each topic in each language, and no labelled question', async () => {
    const { examples, bad } = await readExampleFile(DEMO_INTENTS)
    expect(bad).toEqual([])
    const known = new Set(labelled.map(({ text }) => text.toLowerCase()))
    expect(examples.filter(({ text }) => known.has(text.toLowerCase()))).toEqual([])
    for (const topic of articleTopics.filter((one) => one !== 'general')) {
      const texts = examples.filter(({ intents }) => intents.includes(topic)).map(({ text }) => text)
      const chinese = texts.filter((text) => /\p{Script=Han}/u.test(text)).length
      expect(chinese, topic).toBeGreaterThanOrEqual(25)
      expect(texts.length - chinese, topic).toBeGreaterThanOrEqual(25)
    }
  })
})

test.each([
  ['可以退吗？', 0.45, 'question'],
  ['可以退吗', 0.45, 'question'],
  ['可以', 0.45, 'courtesy'],
  ['可以吗？', 0.95, 'courtesy'],
])('"%s", taken for a yes with a confidence of %s, is a %s', (text, actConfidence, move) => {
  const common = { intents: [], because: [], topic: null, version: 'acts@1 tenant@0' }
  expect(moveOf({ text, understood: { ...common, act: 'confirm', actConfidence } })).toBe(move)
})
