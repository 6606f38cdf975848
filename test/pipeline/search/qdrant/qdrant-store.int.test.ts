import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { QdrantClient } from '@qdrant/js-client-rest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openQdrantStore } from '../../../../pipeline/search/qdrant/qdrant-store.ts'
import { sparseText } from '../../../../pipeline/search/qdrant/sparse-vectors.ts'
import { CURRENT_CUTTER } from '../../../../pipeline/search/term-cutter.ts'
import type { VectorStore } from '../../../../pipeline/search/vector-store.ts'
import { OPENAPI } from '../../../support/qdrant-openapi.ts'
import { type FakeQdrant, startFakeQdrant } from '../../../support/qdrant-server.ts'
import { DIMENSION, expectSameScores, pointOf, storeContract, TEXTS, vectorOf } from '../../../support/vector-store-contract.ts'

/** Makes collection names unique to this run: a real server keeps earlier collections. */
const run = randomUUID().slice(0, 8)
const open =
  (url: string) =>
  (collection: string, dimension = DIMENSION): Promise<VectorStore> =>
    openQdrantStore({ url, collection: `${collection}-${run}`, dimension, apiKey: process.env['QDRANT_TEST_API_KEY'] })

const real = process.env['QDRANT_TEST_URL']
describe.skipIf(real === undefined)('points in a real Qdrant (QDRANT_TEST_URL)', () => {
  storeContract(open(real ?? ''))
})

describe.skipIf(!existsSync(OPENAPI))('points in a simulated Qdrant, checked against ../shared/qdrant/openapi.json', () => {
  let server: FakeQdrant
  beforeAll(async () => {
    server = await startFakeQdrant()
  })
  afterAll(async () => {
    await server.stop()
    expect(server.violations).toEqual([])
  })
  storeContract((...args) => open(server.url)(...args))

  it('has a payload index for every filter, and the tenant index partitions the collection', async () => {
    await open(server.url)('indexes')
    const indexes = server.indexes(`colloquy_indexes-${run}`)
    expect([...(indexes?.keys() ?? [])]).toEqual(
      expect.arrayContaining(['tenant', 'in', 'kind', 'actor', 'source', 'lang', 'at', 'seq', 'tags']),
    )
    expect(indexes?.get('tenant')).toEqual({ type: 'keyword', is_tenant: true })
  })

  it('retries while the server is overloaded, then fails with its URL', async () => {
    const store = await open(server.url)('busy')
    server.failNext(2)
    await store.upsert([pointOf('m1', 'after two failures')])
    expect(await store.search({ tenant: 'acme', filter: {}, terms: CURRENT_CUTTER.ask('failures'), limit: 3 })).toHaveLength(1)
    server.failNext(3)
    await expect(store.upsert([pointOf('m2', 'lost')])).rejects.toMatchObject({
      code: 'qdrant_failed',
      message: expect.stringContaining(server.url) as string,
    })
    expect(await store.search({ tenant: 'acme', filter: {}, vector: vectorOf('x'), limit: 3 })).toHaveLength(1)
  })

  it('says that a deleted collection is being filled, and creates it with another identity', async () => {
    const store = await open(server.url)('removed')
    const point = pointOf('m1', 'it was there')
    await store.upsert([point])
    const before = await store.identity()
    server.drop(`colloquy_removed-${run}`)
    const filling = { code: 'index_filling', message: expect.stringContaining(`colloquy_removed-${run}`) as string }
    await expect(store.search({ tenant: 'acme', filter: {}, terms: ['there'], limit: 3 })).rejects.toMatchObject(filling)
    await expect(store.existing([point.id])).rejects.toMatchObject(filling)
    await expect(store.upsert([point])).rejects.toMatchObject(filling)
    expect(await store.identity()).toBeUndefined()
    for await (const page of store.scan({ from: 0, to: 10 })) expect(page).toEqual([])
    expect(await store.prepare()).not.toBe(before)
    expect(await store.existing([point.id])).toEqual(new Set())
    await store.upsert([point])
    expect(await store.existing([point.id])).toEqual(new Set([point.id]))
  })

  it('finds points of an earlier version, without counts, with the same scores', async () => {
    const points = [...TEXTS.en, ...TEXTS.zh].map((text, index) => pointOf(`m${index}`, text))
    const [now, before] = [await open(server.url)('counted'), await open(server.url)('uncounted')]
    await now.upsert(points)
    const client = new QdrantClient({ url: server.url, checkCompatibility: false })
    await client.upsert(`colloquy_uncounted-${run}`, {
      points: points.map(({ id, vector, ...payload }) => {
        const words = sparseText(CURRENT_CUTTER.count(payload.text))
        return { id, vector: { dense: [...vector], words }, payload: { ...payload, terms: words.indices } }
      }),
    })
    await expectSameScores(now, before)
  })

  it('does not open if no server answers', async () => {
    const stopped = await startFakeQdrant()
    await stopped.stop()
    await expect(open(stopped.url)('nobody')).rejects.toMatchObject({
      code: 'qdrant_failed',
      message: expect.stringContaining('COLLOQUY_QDRANT_URL') as string,
    })
  })
})
