import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeRandomBert } from '../../../bench/scenarios/embed/random-bert.ts'
import { obtainLexicalModel } from '../../../infra/servers/models/lexical-model.ts'
import type { LocalEmbedder } from '../../../pipeline/embedding/embedder.ts'
import type { EmbedModel } from '../../../pipeline/embedding/embedding-model.ts'
import { loadEncoder } from '../../../pipeline/embedding/encoder.ts'
import { normalise } from '../../../pipeline/embedding/pooling.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { dot, openEmbedder } from '../../support/test-embedder.ts'
import { silent, temporaryFolder } from '../../support/test-system.ts'

const SHAPE = { layers: 2, hidden: 32, heads: 2, feedForward: 64, positions: 64, dtype: 'fp32' } as const

let folder: string
let bert: EmbedModel
let embedder: LocalEmbedder

beforeAll(async () => {
  folder = await temporaryFolder()
  bert = await writeRandomBert(join(folder, 'bert'), SHAPE)
  embedder = await openEmbedder({ model: bert })
})
afterAll(async () => {
  await embedder.close()
  await rm(folder, { recursive: true, force: true })
})

const texts = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `${'word '.repeat((index * 7) % 11)}number ${from + index}`)

describe('an embedder', () => {
  it('returns vectors of length 1 in the order of the texts, independent of their batches', async () => {
    const many = texts(300)
    const together = await embedder.embed(many, 'passage')
    const fresh = await openEmbedder({ model: bert })
    for (const index of [0, 7, 150, 299]) {
      const [alone] = await fresh.embed([many[index] ?? ''], 'passage')
      expect(dot(alone, together[index])).toBeCloseTo(1, 5)
    }
    await fresh.close()
    for (const vector of together) expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
  })

  it('pools as the model requires: the mean of all tokens, or the first one', async () => {
    const encoder = await loadEncoder({ ...bert, pooling: 'cls' }, 1)
    const tokens = encoder.tokenise('hello world')
    const [cls] = await encoder.run([tokens, encoder.tokenise('a longer text that pads the first one')])
    const [alone] = await encoder.run([tokens])
    expect(dot(cls, alone)).toBeCloseTo(1, 5)
    await encoder.dispose()
    const mean = await loadEncoder(bert, 1)
    const [averaged] = await mean.run([tokens])
    expect(dot(averaged, cls)).toBeLessThan(0.999)
    await mean.dispose()
  })

  it('embeds queries and passages differently only if the model has prefixes', async () => {
    const prefixed = await openEmbedder({ model: { ...bert, prefixes: { query: 'query: ', passage: 'passage: ' } } })
    const [query] = await prefixed.embed(['hello'], 'query')
    const [passage] = await prefixed.embed(['hello'], 'passage')
    const [written] = await embedder.embed(['query: hello'], 'query')
    expect(dot(query, written)).toBeCloseTo(1, 5)
    expect(dot(query, passage)).toBeLessThan(0.9999)
    expect(prefixed.fingerprint).not.toBe(embedder.fingerprint)
    await prefixed.close()
  })

  it('computes a text that is requested twice only once, concurrently or later', async () => {
    const metrics = createMetrics()
    const counted = await openEmbedder({ model: bert, metrics })
    const [first, again] = await Promise.all([counted.embed(['same', 'same'], 'query'), counted.embed(['same'], 'passage')])
    expect(first[0]).toBe(first[1])
    expect(first[0]).toBe(again[0])
    expect((await counted.embed(['same'], 'query'))[0]).toBe(first[0])
    const { values } = await metrics.embedTexts.get()
    expect(Object.fromEntries(values.map(({ labels, value }) => [labels.by, value]))).toEqual({ model: 1, cache: 3 })
    await counted.close()
  })

  it('embeds a text that is longer than the model allows as the mean of all its chunks', async () => {
    const long = `${'one two three. '.repeat(30)}${'nine eight seven. '.repeat(30)}`
    const chunks = await embedder.chunk(long)
    expect(chunks.length).toBeGreaterThan(3)
    expect(chunks.at(0)).toMatch(/^one two/)
    expect(chunks.at(-1)).toMatch(/seven\. $/)
    const encoder = await loadEncoder(bert, 1)
    for (const chunk of chunks) expect(encoder.tokenise(chunk).length).toBeLessThanOrEqual(bert.tokensMax)
    const lengths = chunks.map((chunk) => encoder.tokenise(chunk).length)
    await encoder.dispose()
    const vectors = await embedder.embed(chunks, 'passage')
    const mean = new Float32Array(bert.dimension)
    for (const [index, vector] of vectors.entries()) {
      for (const [at, value] of vector.entries()) mean[at] = (mean[at] ?? 0) + value * (lengths[index] ?? 0)
    }
    normalise(mean)
    const [whole, otherEnd] = await embedder.embed([long, `${long}totally different at the end`], 'passage')
    expect(dot(whole, mean)).toBeCloseTo(1, 5)
    expect(dot(whole, otherEnd)).toBeLessThan(0.999999)
  })

  it('answers a query before queued passages', async () => {
    const wide = await openEmbedder({ model: bert, textsMax: 4_096 })
    const order: string[] = []
    const passages = wide.embed(texts(3_000), 'passage').then(() => order.push('passages'))
    await new Promise(setImmediate)
    await wide.embed(['an urgent question'], 'query')
    order.push('question')
    await passages
    expect(order).toEqual(['question', 'passages'])
    await wide.close()
  })

  it('blocks producers while the queue is full, and embeds all texts', async () => {
    const metrics = createMetrics()
    const narrow = await openEmbedder({ model: bert, textsMax: 8, metrics })
    let most = 0
    const set = metrics.embedWaiting.set.bind(metrics.embedWaiting)
    metrics.embedWaiting.set = (value: number) => {
      most = Math.max(most, value)
      set(value)
    }
    expect(await narrow.embed(texts(200, 50_000), 'passage')).toHaveLength(200)
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(9)
    await narrow.close()
  })

  it('reports the text that the model fails on, and embeds the others', async () => {
    const model = await writeRandomBert(join(folder, 'poisoned'), SHAPE, 'poison')
    const poisoned = await openEmbedder({ model })
    const results = await poisoned.embedEach(['good', 'a poison text', 'fine', ...texts(40)], 'passage')
    expect(results.map((result) => result instanceof Float32Array)).toEqual([true, false, true, ...texts(40).map(() => true)])
    expect(results[1]).toMatchObject({ code: 'embed_failed' })
    await expect(poisoned.embed(['poison'], 'query')).rejects.toMatchObject({ code: 'embed_failed' })
    expect(await poisoned.embed(['still there'], 'query')).toHaveLength(1)
    await poisoned.close()
  })

  it('accepts any text', async () => {
    const lexical = await openEmbedder({ model: await obtainLexicalModel(folder, silent) })
    const odd = [
      '',
      ' \t\n',
      '🎉👩‍👩‍👧‍👦',
      'مرحبا بالعالم',
      'שלום',
      '\u200b\u200d\ufeff',
      'e\u0301',
      '\ud800 alone',
      '\u0000',
      '[PAD] [UNK] [CLS]',
      'ﷺ'.repeat(50),
      'x'.repeat(2 ** 20),
      '好'.repeat(2 ** 18),
    ]
    for (const one of [lexical, embedder]) {
      const results = await one.embed(odd, 'passage')
      for (const vector of results) expect(Math.hypot(...vector)).toBeCloseTo(1, 4)
    }
    await lexical.close()
  })
})
