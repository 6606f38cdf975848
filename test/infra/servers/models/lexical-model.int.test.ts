import { existsSync, readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { lexicalFiles, lexicalRevision } from '../../../../infra/servers/models/lexical/lexical-files.ts'
import { obtainLexicalModel } from '../../../../infra/servers/models/lexical-model.ts'
import type { LocalEmbedder } from '../../../../pipeline/embedding/embedder.ts'
import { dot, openEmbedder } from '../../../support/test-embedder.ts'
import { silent, temporaryFolder } from '../../../support/test-system.ts'

let cacheDir: string
let embedder: LocalEmbedder

beforeAll(async () => {
  cacheDir = await temporaryFolder()
  embedder = await openEmbedder({ model: await obtainLexicalModel(cacheDir, silent), textsMax: 4_096 })
})
afterAll(async () => {
  await embedder.close()
  await rm(cacheDir, { recursive: true, force: true })
})

const likeness = async (a: string, b: string): Promise<number> => {
  const [one, other] = await embedder.embed([a, b], 'query')
  return dot(one, other)
}

describe('the built-in lexical model', () => {
  it('has the same bytes on every machine and run, and less than a megabyte', () => {
    const files = lexicalFiles()
    // Stored vectors were made with these bytes: a change to them changes every vector.
    expect(lexicalRevision(files)).toBe('b4cf7beb84f679bc79912f0cad3b846741e0c7a8053a2590883f90181ebb0245')
    expect(lexicalRevision(lexicalFiles())).toBe(lexicalRevision(files))
    expect([...files.values()].reduce((sum, { length }) => sum + length, 0)).toBeLessThan(1024 * 1024)
  })

  it('has damaged files generated again', async () => {
    const { folder } = await obtainLexicalModel(cacheDir, silent)
    const file = join(folder, 'onnx/model.onnx')
    const before = await readFile(file)
    await writeFile(file, before.subarray(0, 100))
    await obtainLexicalModel(cacheDir, silent)
    expect(await readFile(file)).toEqual(before)
  })

  it.each([
    ['Where is my order?', 'My order, where is it', 'I want my money back'],
    ['the shipping address is wrong', 'Wrong shipping addresses', 'how do I reset the password'],
    ['我的订单到哪里了？', '订单现在在哪里', '怎么修改密码'],
    ['如何申请退款', '我要退款，怎么申请？', '运费是多少'],
    ['注文はどこですか', '注文がどこにあるか', 'パスワードを忘れた'],
    ['где мой заказ', 'Мой заказ где?', 'хочу вернуть деньги'],
  ])('finds %j nearer to %j than to %j', async (text, near, far) => {
    expect(await likeness(text, near)).toBeGreaterThan((await likeness(text, far)) + 0.3)
  })

  it('ignores case, accents, width, apostrophes, punctuation and invisible characters', async () => {
    for (const [a, b] of [
      ['Café ORDER', 'cafe order'],
      ['ＡＢＣ１２３', 'abc123'],
      ["don't", 'dont'],
      ['wait... what?!', 'wait what'],
      ['zero\u200bwidth', 'zerowidth'],
      ['退款，吗？', '退款 吗'],
    ] as const) {
      expect([a, await likeness(a, b)]).toEqual([a, expect.closeTo(1, 4)])
    }
  })

  it('weights words: frequent ones count little, unknown ones do not matter', async () => {
    expect(await likeness('where is the invoice', 'the invoice')).toBeGreaterThan(await likeness('where is the invoice', 'where is the'))
    expect(Math.abs(await likeness('cat', 'feline'))).toBeLessThan(0.2)
    expect(await likeness('', '...')).toBeCloseTo(1, 5)
  })

  const data = new URL('../../../../../shared/data/', import.meta.url)
  const hasData = existsSync(new URL('retrieval-zh-docs.jsonl.gz', data))
  it.runIf(hasData)('finds Chinese passages of an encyclopaedia by questions (needs ../shared/data)', async () => {
    const read = <T>(file: string, schema: z.ZodType<T>): T[] =>
      gunzipSync(readFileSync(new URL(file, data)))
        .toString()
        .trim()
        .split('\n')
        .map((line) => schema.parse(JSON.parse(line)))
    const docs = read('retrieval-zh-docs.jsonl.gz', z.object({ id: z.string(), text: z.string() }))
    const queries = read('retrieval-zh-queries-dev.jsonl.gz', z.object({ query: z.string(), relevant: z.array(z.string()) })).filter(
      (_, index) => index % 5 === 0,
    )
    const passagesOf = async ({ id, text }: (typeof docs)[number]) => (await embedder.chunk(text)).map((chunk) => ({ id, chunk }))
    const passages = (await Promise.all(docs.map(passagesOf))).flat()
    const vectors = await embedder.embed(
      passages.map(({ chunk }) => chunk),
      'passage',
    )
    const asked = await embedder.embed(
      queries.map(({ query }) => query),
      'query',
    )
    let [first, ten] = [0, 0]
    for (const [index, { relevant }] of queries.entries()) {
      const scores = passages.map(({ id }, at) => ({ id, score: dot(asked[index], vectors[at]) })).sort((a, b) => b.score - a.score)
      const ids = [...new Set(scores.slice(0, 100).map(({ id }) => id))]
      if (relevant.includes(ids[0] ?? '')) first += 1
      if (ids.slice(0, 10).some((id) => relevant.includes(id))) ten += 1
    }
    expect(first / queries.length).toBeGreaterThan(0.75)
    expect(ten / queries.length).toBeGreaterThan(0.9)
  })
})
