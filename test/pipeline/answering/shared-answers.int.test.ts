import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AnsweringSystem, priceOf, startAnsweringSystem } from '../../support/answering-system.ts'
import { caughtUp, rows } from '../../support/system-assertions.ts'

let at: AnsweringSystem
beforeAll(async () => {
  at = await startAnsweringSystem()
})
afterAll(() => at.stop())

const QUESTION = 'How much is shipping to Norway?'

/** Asks in new conversations until an answer is given again: the index has caught up, and the entry is kept. */
async function untilShared(text: string, tenant?: string) {
  await expect.poll(async () => (await at.answerTo(text, tenant)).cachedFrom, { timeout: 60_000 }).toBeDefined()
  return at.answerTo(text, tenant)
}

test('an equal question of another customer gets the same answer, without a model, and the tables say whose', async () => {
  await at.teach('norway', priceOf('Norway', 9))
  await untilShared(QUESTION)
  const calls = at.endpoint.asked.length
  const reply = await at.answerTo('  how much IS shipping to Norway ')
  expect(reply).toMatchObject({ text: 'Shipping to Norway costs 9 euros.', model: 'tiny', cost: 0, cachedFrom: { level: 'memory' } })
  expect(at.endpoint.asked).toHaveLength(calls)
  await caughtUp(at.system)
  const [row] = await rows(
    at.system,
    `SELECT cached_seq, cached_level, cached_knowledge_seq, cost = 0 AS is_free FROM turns WHERE actor = '${reply.actor}'`,
  )
  expect(row).toEqual({
    cached_seq: reply.cachedFrom?.seq,
    cached_level: 'memory',
    cached_knowledge_seq: reply.cachedFrom?.knowledgeSeq,
    is_free: 1,
  })
})
