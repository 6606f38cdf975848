import pino from 'pino'
import { expect, test } from 'vitest'
import type { TaskSearchHit, TaskSearchIndex, TaskSearchQuery } from '../../../../actors/definition/task-search.ts'
import type { Query } from '../../../../actors/kinds/support/definition.ts'
import { recallConversation, recallKnowledge } from '../../../../actors/kinds/support/recall.ts'
import { lookupTask } from '../../../../actors/kinds/support/tasks.ts'
import { firstAttempt } from '../../../../actors/testkit/first-attempt.ts'
import { generates } from '../../../../actors/testkit/generation-stub.ts'
import { recordsLive } from '../../../../actors/testkit/live-recorder.ts'
import { builtInPrompts } from '../../../../actors/testkit/prompt-stub.ts'
import { placedAt } from '../../../../actors/testkit/queue-stub.ts'
import { recommendsFromCatalogue } from '../../../../actors/testkit/recommending-stub.ts'
import { evaluateByRules } from '../../../../pipeline/quality/evaluate-by-rules.ts'
import { chunkWithHeading } from '../../../../schemas/knowledge-events.ts'
import { understandByActs } from '../../../support/core-helpers.ts'
import { articles } from '../../../support/support-harness.ts'

const log = pino({ level: 'silent' })
const hit = (source: string, text: string, more: Partial<TaskSearchHit> = {}): TaskSearchHit => ({
  id: `id-${source}`,
  source,
  text,
  lang: 'en',
  at: '2026-11-20T10:00:00Z',
  score: 0.5,
  ...more,
})
const query = (text: string, more: Partial<Query> = {}): Query => ({ text, about: null, topic: null, lang: 'en', ...more })

/** A search index that returns these hits, in this order, for any query. */
function searchIndexOf({
  knowledge = [],
  messages = [],
  version = 'log-7',
}: {
  knowledge?: TaskSearchHit[]
  messages?: TaskSearchHit[] | Error
  version?: string
}) {
  const asked: TaskSearchQuery[] = []
  const searchIndex: TaskSearchIndex = {
    async search(question) {
      asked.push(question)
      if (question.in === 'knowledge') return knowledge
      if (messages instanceof Error) throw messages
      return messages
    },
    knowledgeVersion: () => Promise.resolve(version === '' ? undefined : version),
    knowledgeSeq: () => Promise.resolve(undefined),
  }
  return { searchIndex, asked }
}
const lookUp = (input: Query, searchIndex: TaskSearchIndex, hasModel = false) =>
  lookupTask(articles, 0).run({
    input: { ...input, turns: [] },
    searchIndex,
    memory: searchIndex,
    understand: understandByActs,
    evaluate: evaluateByRules,
    live: recordsLive(),
    ...generates(),
    hasModels: () => hasModel,
    ...builtInPrompts(),
    ...placedAt(),
    ...recommendsFromCatalogue(),
    log,
    ...firstAttempt,
    signal: new AbortController().signal,
    actor: { tenant: 'acme', kind: 'support', id: 'c1' },
  })

test('a passage is cited by its heading without repeating it, and ranks above those of another language', async () => {
  const { searchIndex } = searchIndexOf({
    knowledge: [
      hit('zh', chunkWithHeading('保修', '保修期是两年。'), { lang: 'zh', score: 0.9 }),
      hit('other', 'Something else.'),
      hit('en', chunkWithHeading('Shop › Warranty', 'The warranty is two years.')),
      hit('bare', 'A warranty.', { lang: null, score: 0.1 }),
    ],
  })
  const found = await recallKnowledge(searchIndex, query('How long is the warranty?'), [], { byMeaning: false })
  expect(found[0]).toMatchObject({ source: 'en', chunk: 'id-en', title: 'Shop › Warranty', text: 'The warranty is two years.' })
  expect(found.map(({ source }) => source)).toEqual(['en', 'bare', 'other'])
  expect(found[1]?.title).toBe('bare')
})

test('a re-ranker orders the passages, and a miss is judged by the scores before it', async () => {
  const { searchIndex } = searchIndexOf({
    knowledge: [
      hit('sure', 'Feline companions are welcome.', { score: 0.99, fused: 0.1 }),
      hit('unsure', 'Canine companions are welcome.', { score: 0.02, fused: 0.4 }),
    ],
    messages: [hit('m1', 'I have a cat.', { score: 0.001, fused: 0.3 }), hit('m2', 'Hello.', { score: 0.9, fused: 0 })],
  })
  const found = await recallKnowledge(searchIndex, query('May I bring my cat?'), [], { byMeaning: true })
  expect(found.map(({ source }) => source)).toEqual(['sure', 'unsure'])
  expect(found.map(({ score }) => score)).toEqual([expect.closeTo(0.15), expect.closeTo(0.6)])
  expect(await recallConversation(searchIndex, query('May I bring my cat?'))).toEqual(['I have a cat.'])
})

test('a quotation ranks by words; a model also gets passages of similar meaning', async () => {
  const { searchIndex } = searchIndexOf({ knowledge: [hit('near', 'Feline companions are welcome.', { score: 0.4 })] })
  expect((await recallKnowledge(searchIndex, query('May I bring my cat?'), [], { byMeaning: false }))[0]?.score).toBe(0)
  expect((await recallKnowledge(searchIndex, query('May I bring my cat?'), [], { byMeaning: true }))[0]?.score).toBeCloseTo(0.6)
})

test("a conversation yields the customer's messages, without the question itself and our replies", async () => {
  const { searchIndex, asked } = searchIndexOf({
    messages: [
      hit('m3', 'and how long?'),
      hit('1k-mbz3x0e8-e1', 'It is two years.'),
      hit('m1', 'I have a Boreas kettle.'),
      hit('m0', 'Nothing of it.', { score: 0.01 }),
    ],
  })
  expect(await recallConversation(searchIndex, query('and how long?'))).toEqual(['I have a Boreas kettle.'])
  expect(asked).toMatchObject([{ in: 'messages', own: true }])
})

test('only a model searches the conversation for a standalone question, and a failing index there costs no answer', async () => {
  const { searchIndex, asked } = searchIndexOf({ knowledge: [hit('a', 'The warranty is two years.')], messages: new Error('away') })
  expect(await lookUp(query('How long is the warranty?'), searchIndex)).toMatchObject({ kbVersion: 'log-7', hits: [{ source: 'a' }] })
  expect(asked.map((question) => question.in)).toEqual(['knowledge'])
  expect(await lookUp(query('And for how long is that?'), searchIndex)).toMatchObject({ hits: [{ source: 'a' }] })
  expect(await lookUp(query('How long is the warranty?'), searchIndex, true)).toMatchObject({ hits: [{ source: 'a' }] })
  expect(asked.map((question) => question.in)).toEqual(['knowledge', 'messages', 'knowledge', 'messages', 'knowledge'])
})

test('a tenant without knowledge is answered from the articles', async () => {
  const { searchIndex, asked } = searchIndexOf({ version: '' })
  const { hits, kbVersion } = await lookUp(query('寄到挪威运费多少', { lang: 'zh', topic: 'shipping' }), searchIndex)
  expect(hits[0]).toMatchObject({ source: 'shipping-europe-zh' })
  expect(hits[0]).not.toHaveProperty('chunk')
  expect(kbVersion).not.toContain('log-')
  expect(asked).toEqual([])
})
