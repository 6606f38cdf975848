import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AnsweringSystem, priceOf, startAnsweringSystem } from '../../support/answering-system.ts'
import { temporaryFolder } from '../../support/test-system.ts'
import { writeWordVectors } from '../../support/tiny-models.ts'

const WORDS = ['shipping', 'norway', 'cost', 'costs', 'how', 'much', 'is', 'to', 'euros', '挪', '威', '运', '费', '多', '少']
const QUESTION = 'How much is shipping to Norway?'
const PARAPHRASE = 'Hello, how much is shipping to Norway, please?'
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
    await at.teach('norway', priceOf('Norway', 9))
  })
  afterAll(() => at.stop())

  it('an answer is given again to a question that says the same', async () => {
    await expect.poll(async () => (await at.answerTo(QUESTION)).cachedFrom, { timeout: WAIT_MS }).toBeDefined()
    await expect.poll(async () => (await at.answerTo(PARAPHRASE)).cachedFrom?.similarity, { timeout: WAIT_MS }).toBeGreaterThan(0.8)
    const given = await at.answerTo(QUESTION)
    const calls = at.endpoint.asked.length
    const reply = await at.answerTo(PARAPHRASE)
    expect(reply).toMatchObject({ text: given.text, cost: 0, cachedFrom: { seq: given.cachedFrom?.seq } })
    expect(given.cachedFrom).not.toHaveProperty('similarity')
    expect(at.endpoint.asked).toHaveLength(calls)
  })

  it('the opposite, another language and another tenant get no answer of it', async () => {
    expect((await at.answerTo(OPPOSITE)).cachedFrom).toBeUndefined()
    expect((await at.answerTo('挪威运费多少？')).cachedFrom).toBeUndefined()
    expect((await at.answerTo(PARAPHRASE, 'other')).cachedFrom).toBeUndefined()
  })

  it('a similar question gets a new answer after the knowledge has changed', async () => {
    await at.teach('norway', priceOf('Norway', 12))
    await expect.poll(async () => (await at.answerTo(PARAPHRASE)).text, { timeout: WAIT_MS }).toContain('12 euros')
  })
})

describe('in shadow', () => {
  let at: AnsweringSystem
  beforeAll(async () => {
    at = await startAnsweringSystem({ EMBED_MODEL: folder, EMBED_BATCH_MS: '10', CACHE: 'shadow' })
    await at.teach('norway', priceOf('Norway', 9))
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
    // The answer to the paraphrase is kept, too: another paraphrase each time.
    let greetings = 0
    await expect
      .poll(
        async () => {
          expect((await at.answerTo(`${'Hello, '.repeat(++greetings)}${PARAPHRASE}`)).cachedFrom).toBeUndefined()
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
    await at.teach('norway', priceOf('Norway', 9))
  })
  afterAll(() => at.stop())

  it('only equal questions share an answer', async () => {
    await expect.poll(async () => (await at.answerTo(QUESTION)).cachedFrom, { timeout: WAIT_MS }).toBeDefined()
    expect((await at.answerTo(PARAPHRASE)).cachedFrom).toBeUndefined()
    expect(await metricOf(at, 'colloquy_similar_answers_total')).toBe(0)
  })
})
