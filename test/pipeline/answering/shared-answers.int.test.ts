import { afterAll, beforeAll, expect, test } from 'vitest'
import { askQuestion } from '../../../infra/reporting/questions/ask-question.ts'
import { type AnsweringSystem, priceIn, startAnsweringSystem } from '../../support/answering-system.ts'
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
  await at.teach('norway', priceIn('en', 9))
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

test.each(['en', 'zh'] as const)('a change of knowledge or of settings is in the next answer, in %s', async (lang) => {
  const [tenant, question] = [`changing-${lang}`, { en: QUESTION, zh: '寄到挪威的运费是多少？' }[lang]]
  for (const price of [20, 21]) {
    await at.teach('norway', priceIn(lang, price), tenant)
    expect((await untilShared(question, tenant)).text).toContain(String(price))
  }
  await at.setCompany(`Boats of ${lang}.`, tenant)
  const calls = at.endpoint.asked.length
  expect((await at.answerTo(question, tenant)).cachedFrom).toBeUndefined()
  expect(at.endpoint.asked).toHaveLength(calls + 1)
  await untilShared(question, tenant)
})

test('a question after others is neither answered from the cache nor kept, and no tenant has the answers of another', async () => {
  const [tenant, other] = ['personal', 'other']
  for (const one of [tenant, other]) await at.teach('norway', priceIn('en', one === tenant ? 30 : 31), one)
  const first = await untilShared(QUESTION, tenant)
  expect((await at.answerTo(QUESTION, tenant, first.actor)).cachedFrom).toBeUndefined()
  expect((await untilShared(QUESTION, other)).text).toContain('31')
})

test('cache-freshness has no stale answer in what was answered, and finds one that a row claims', async () => {
  await at.teach('norway', priceIn('en', 11))
  await untilShared(QUESTION)
  await caughtUp(at.system)
  const { client } = at.system.running
  if (client === undefined) throw new Error('this system has no tables')
  const day = 24 * 3_600_000
  const scope = { tenant: 'acme', from: new Date(Date.now() - day), to: new Date(Date.now() + day) }
  const [all, ...ages] = await askQuestion(client, 'cache-freshness', scope)
  expect(all).toMatchObject({ total: true, stale: 0, late: 0, max_stale_ms: null })
  expect(all?.answers).toBeGreaterThan(2)
  expect(ages.reduce((sum, { answers }) => sum + answers, 0)).toBe(all?.answers)

  // Two answers that do not know of the newest price, and one that does.
  const [change] = await rows<{ seq: number; at: number }>(
    at.system,
    "SELECT max(seq) AS seq, toUnixTimestamp64Milli(max(committed_at)) AS at FROM events WHERE type = 'knowledge.changed'",
  )
  const rowOf = (turn: number, startedMs: number, base: { readonly seq: number; readonly knowledgeSeq: number }) => {
    const time = (ms: number): string => new Date(ms).toISOString().slice(0, 23).replace('T', ' ')
    const seq = 5_000_000_000_000 + turn
    const identity = { tenant: 'acme', kind: 'support', actor: 'claimed', case_no: 1, machine: 'support@9' }
    const asked = { turn, committed_at: time(startedMs), asked_id: `claimed-${turn}`, asked_at: time(startedMs) }
    const cached = { cached_seq: base.seq, cached_level: 'memory', cached_knowledge_seq: base.knowledgeSeq, prompt_version: 'answer@1' }
    return {
      turn: { ...identity, ...asked, answered_seq: seq, answered_idx: 1, answered_at: time(startedMs + 50), ...cached, last_seq: seq },
      task: { ...identity, run: `claimed-${turn}`, name: 'answer', status: 'done', started_at: time(startedMs), last_seq: seq },
    }
  }
  const { seq, at: changedMs } = change ?? { seq: 0, at: 0 }
  const claimed = [
    rowOf(1, changedMs + 400, { seq, knowledgeSeq: seq - 1 }),
    rowOf(2, changedMs + 1_500, { seq, knowledgeSeq: seq - 1 }),
    rowOf(3, changedMs + 1_500, { seq: seq - 1, knowledgeSeq: seq }),
  ]
  await client.insert({ table: 'turns_rows', format: 'JSONEachRow', values: claimed.map(({ turn }) => turn) })
  await client.insert({ table: 'tasks_rows', format: 'JSONEachRow', values: claimed.map(({ task }) => task) })
  const [found, ...foundAges] = await askQuestion(client, 'cache-freshness', scope)
  expect(found).toEqual({ total: true, age: null, answers: (all?.answers ?? 0) + 3, stale: 2, late: 1, max_stale_ms: 1_500 })
  expect(foundAges.filter(({ stale }) => stale > 0)).toEqual([
    { total: false, age: '250-500 ms', answers: expect.any(Number) as number, stale: 1, late: 0, max_stale_ms: 400 },
    { total: false, age: 'over 1 s', answers: expect.any(Number) as number, stale: 1, late: 1, max_stale_ms: 1_500 },
  ])
})
