import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AnsweringSystem, priceIn, startAnsweringSystem } from '../../support/answering-system.ts'
import { temporaryFolder } from '../../support/test-system.ts'
import { writeWordVectors } from '../../support/tiny-models.ts'

const WORDS = ['shipping', 'norway', 'cost', 'costs', 'how', 'much', 'is', 'to', 'euros', '挪', '威', '运', '费', '多', '少']
const QUESTION = 'How much is shipping to Norway?'
/** Each is another question, since its own answer is kept, too. */
const paraphrase = (tries: number): string => `Shipping to Norway${' -'.repeat(tries)} how much is it?`
const OPPOSITE = 'How much is shipping from Norway?'
const WAIT_MS = 60_000

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder()
  await writeWordVectors(folder, WORDS)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A metric of all processes and threads, with these labels. */
async function metricOf({ system }: AnsweringSystem, name: string): Promise<number> {
  const text = await (await fetch(`${system.running.http?.url}/metrics`)).text()
  const values = text.split('\n').flatMap((line) => (line.startsWith(name) ? [Number(line.split(' ').at(-1))] : []))
  return values.reduce((sum, value) => sum + value, 0)
}

describe('with an embedding model of meaning', () => {
  let at: AnsweringSystem
  beforeAll(async () => {
    at = await startAnsweringSystem({ EMBED_MODEL: folder, EMBED_BATCH_MS: '10' })
    await at.teach('norway', priceIn('en', 9))
  })
  afterAll(() => at.stop())

  it('an answer is given again to a question that says the same', async () => {
    await expect.poll(async () => (await at.answerTo(QUESTION)).cachedFrom, { timeout: WAIT_MS }).toBeDefined()
    const given = await at.answerTo(QUESTION)
    let tries = 0
    let reply = given
    // A question is remembered beside its answer, which does not wait for its vector.
    await expect
      .poll(
        async () => {
          const calls = at.endpoint.asked.length
          reply = await at.answerTo(paraphrase(++tries))
          return { similarity: typeof reply.cachedFrom?.similarity, calls: at.endpoint.asked.length - calls }
        },
        { timeout: WAIT_MS },
      )
      .toEqual({ similarity: 'number', calls: 0 })
    expect(reply).toMatchObject({ text: given.text, cost: 0 })
    expect(reply.cachedFrom?.similarity).toBeGreaterThanOrEqual(0.8)
    expect(given.cachedFrom).not.toHaveProperty('similarity')
  })

  it('the opposite, another language and another tenant get no answer of it', async () => {
    expect((await at.answerTo(OPPOSITE)).cachedFrom).toBeUndefined()
    expect((await at.answerTo('挪威运费多少？')).cachedFrom).toBeUndefined()
    expect((await at.answerTo(paraphrase(1), 'other')).cachedFrom).toBeUndefined()
  })

  it('a similar question gets a new answer after the knowledge has changed', async () => {
    await at.teach('norway', priceIn('en', 12))
    await expect.poll(async () => (await at.answerTo(paraphrase(1))).text, { timeout: WAIT_MS }).toContain('12 euros')
  })
})

describe('in shadow', () => {
  let at: AnsweringSystem
  beforeAll(async () => {
    at = await startAnsweringSystem({ EMBED_MODEL: folder, EMBED_BATCH_MS: '10', CACHE: 'shadow' })
    await at.teach('norway', priceIn('en', 9))
  })
  afterAll(() => at.stop())

  it('nothing is given again, and it is told what would have been', async () => {
    const wouldGive = (match: string) => metricOf(at, `colloquy_answers_shadowed_total{match="${match}"}`)
    await expect
      .poll(
        async () => {
          expect((await at.answerTo(QUESTION)).cachedFrom).toBeUndefined()
          return wouldGive('equal')
        },
        { timeout: WAIT_MS },
      )
      .toBeGreaterThan(0)
    let tries = 0
    await expect
      .poll(
        async () => {
          expect((await at.answerTo(paraphrase(++tries))).cachedFrom).toBeUndefined()
          return wouldGive('similar')
        },
        { timeout: WAIT_MS },
      )
      .toBeGreaterThan(0)
    expect(await metricOf(at, 'colloquy_similar_answer_similarity_count')).toBeGreaterThan(0)
  })
})

describe('with the built-in embedding model', () => {
  let at: AnsweringSystem
  beforeAll(async () => {
    at = await startAnsweringSystem()
    await at.teach('norway', priceIn('en', 9))
  })
  afterAll(() => at.stop())

  it('only equal questions share an answer', async () => {
    await expect.poll(async () => (await at.answerTo(QUESTION)).cachedFrom, { timeout: WAIT_MS }).toBeDefined()
    expect((await at.answerTo(paraphrase(1))).cachedFrom).toBeUndefined()
    expect(await metricOf(at, 'colloquy_similar_answers_total')).toBe(0)
  })
})
