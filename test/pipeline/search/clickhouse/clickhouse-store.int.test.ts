import { rm } from 'node:fs/promises'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClickHouse, startClickHouse } from '../../../../infra/servers/clickhouse/clickhouse-server.ts'
import { brainFloats, openClickHouseStore } from '../../../../pipeline/search/clickhouse/clickhouse-store.ts'
import { CURRENT_CUTTER } from '../../../../pipeline/search/term-cutter.ts'
import type { StoreHit, VectorStore } from '../../../../pipeline/search/vector-store.ts'
import { silent, temporaryFolder } from '../../../support/test-system.ts'
import { DIMENSION, expectSameScores, pointOf, storeContract, TEXTS, vectorOf } from '../../../support/vector-store-contract.ts'

let folder: string
let server: ClickHouse
let client: ClickHouseClient

beforeAll(async () => {
  folder = await temporaryFolder()
  server = await startClickHouse({ dataDir: folder, port: 0, log: silent })
  client = createClient({ url: server.url, username: server.username, password: server.password, database: server.database })
})
afterAll(async () => {
  await client.close()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('points in ClickHouse', () => {
  storeContract((collection, dimension = DIMENSION) => openClickHouseStore({ client, collection, dimension }))

  it('has another content version after each change, and the same one while nothing changes', async () => {
    const store = await openClickHouseStore({ client, collection: 'versioned', dimension: DIMENSION })
    const other = await openClickHouseStore({ client, collection: 'other-versioned', dimension: DIMENSION })
    const version = async (): Promise<string | undefined> => store.contentVersion?.()
    // Nothing to rest on: an empty collection and one that is gone look alike.
    expect(await version()).toBeUndefined()
    const faq = { in: 'knowledge', kind: 'source', actor: 'faq' } as const
    const points = [pointOf('m1', 'an otter'), pointOf('m2', 'a heron', { tenant: 'beta' }), pointOf('m3', 'a newt', faq)]
    const [first, second, third] = points
    if (first === undefined || second === undefined || third === undefined) throw new Error('there are three points')
    const changes: (() => Promise<unknown>)[] = [
      () => store.upsert([first]),
      () => store.upsert([second, third]),
      () => store.upsert([first]),
      () => store.remove([first.id]),
      () => store.setTags([{ tenant: 'acme', actor: 'faq', seq: 9, tags: { a: 'b' } }]),
      () => store.setTags([{ tenant: 'acme', actor: 'faq', seq: 10, tags: {} }]),
      () => store.deleteBy('beta', {}),
      () => store.upsert([first]),
      () => store.rollbackTo(0),
      () => store.upsert([first]),
    ]
    const seen = new Set<string | undefined>()
    for (const [index, change] of changes.entries()) {
      await change()
      const now = await version()
      expect(now, `after change ${index}`).toBeDefined()
      expect(seen, `after change ${index}`).not.toContain(now)
      seen.add(now)
    }
    const last = await version()
    await other.upsert([second])
    await store.search({ tenant: 'acme', filter: {}, terms: ['otter'], limit: 5 })
    // A merge may have happened meanwhile; it gives another version, never an earlier one.
    if ((await version()) !== last) expect(seen).not.toContain(await version())
    await client.command({ query: 'DROP TABLE memory_versioned SYNC' })
    expect(await version()).not.toBe(last)
  })

  it('recreates the tables of an earlier version, empty', async () => {
    await client.command({
      query: `CREATE TABLE memory_earlier (tenant String, id UUID, text String, vector Array(Float32))
ENGINE = MergeTree ORDER BY (tenant, id)`,
    })
    await client.command({ query: "INSERT INTO memory_earlier SELECT 'acme', generateUUIDv4(), 'as it was', [1, 0]" })
    const store = await openClickHouseStore({ client, collection: 'earlier', dimension: DIMENSION })
    expect(await store.count('acme', {})).toBe(0)
    await store.upsert([pointOf('m1', 'as it is')])
    expect(await store.count('acme', {})).toBe(1)
  })

  it('keeps the points of a collection from before there were tags, and adds its tags', async () => {
    const before = await openClickHouseStore({ client, collection: 'untagged', dimension: DIMENSION })
    const id = await before.identity()
    await before.upsert([pointOf('faq', 'an otter', { in: 'knowledge', kind: 'source', actor: 'faq' })])
    await client.command({ query: 'DROP TABLE memory_untagged_tags SYNC' })
    expect(await before.identity()).toBe(id)
    expect(await before.tagsOf('acme', ['faq'])).toEqual(new Map([['faq', [[]]]]))
    expect(await before.count('acme', {})).toBe(1)
    await expect(before.count('acme', { tags: [['a=b']] })).rejects.toMatchObject({ code: 'index_filling' })

    const store = await openClickHouseStore({ client, collection: 'untagged', dimension: DIMENSION })
    expect(await store.identity()).toBe(id)
    await store.setTags([{ tenant: 'acme', actor: 'faq', seq: 1, tags: { a: 'b' } }])
    expect(await store.count('acme', { tags: [['a=b']] })).toBe(1)
  })

  it('keeps term counts correct when points are overwritten and removed', async () => {
    const changed = await openClickHouseStore({ client, collection: 'changed', dimension: DIMENSION })
    const plain = await openClickHouseStore({ client, collection: 'plain', dimension: DIMENSION })
    const lasting = [pointOf('a', 'a parcel from Oslo'), pointOf('b', 'a letter from Bergen')]
    await plain.upsert(lasting)
    await changed.upsert([pointOf('a', 'parcel parcel parcel'), pointOf('c', 'another parcel', { actor: 'c9' })])
    await changed.upsert(lasting)
    await changed.deleteBy('acme', { actor: 'c9' })
    const scores = async (store: VectorStore): Promise<readonly (number | null)[]> =>
      (await store.search({ tenant: 'acme', filter: {}, terms: ['parcel', 'letter'], limit: 5 }))
        .sort((a, b) => a.source.localeCompare(b.source))
        .map(({ keyword }) => keyword)
    expect(await scores(changed)).toEqual(await scores(plain))
  })

  it('finds points of an earlier version and points without counts, with the same scores', async () => {
    const points = [...TEXTS.en, ...TEXTS.zh].map((text, index) => pointOf(`m${index}`, text))
    const [now, before] = [
      await openClickHouseStore({ client, collection: 'counted', dimension: DIMENSION }),
      await openClickHouseStore({ client, collection: 'uncounted', dimension: DIMENSION }),
    ]
    await now.upsert(points)
    await before.upsert(points)
    for (const [index, { id, tenant: _tenant, vector: _vector, ...text }] of points.entries()) {
      const { counts, length } = CURRENT_CUTTER.count(text.text)
      const terms = index % 2 === 0 ? Object.fromEntries(counts) : {}
      await client.command({
        query: 'ALTER TABLE memory_uncounted UPDATE hit = {hit:String} WHERE id = {id:UUID}',
        query_params: { id, hit: JSON.stringify({ ...text, terms, length }) },
        clickhouse_settings: { mutations_sync: '2' },
      })
    }
    await expectSameScores(now, before)
  })

  it('stores vectors as bfloat16, rounded to the nearest', () => {
    const bytes = [...brainFloats(Float32Array.of(1, -0.5, 0, 1 + 2 ** -8, 1 + 3 * 2 ** -8))]
    expect(bytes).toEqual([0x80, 0x3f, 0x00, 0xbf, 0, 0, 0x80, 0x3f, 0x82, 0x3f])
  })

  it('finds at least 0.97 of the ten nearest points by its index, also in a small tenant beside a large one', async () => {
    const dimension = 64
    const store = await openClickHouseStore({ client, collection: 'recall', dimension, exactPointsMax: 500 })
    const exact = await openClickHouseStore({ client, collection: 'recall', dimension, exactPointsMax: 1e9 })
    const points = Array.from({ length: 6_000 }, (_, index) =>
      pointOf(`m${index}`, `text ${index}`, { tenant: index % 6 === 0 ? 'small' : 'large', vector: vectorOf(`text ${index}`, dimension) }),
    )
    for (let from = 0; from < points.length; from += 1_500) await store.upsert(points.slice(from, from + 1_500))
    const mutations = async (): Promise<number> => {
      const query = "SELECT count() AS left FROM system.mutations WHERE table = 'memory_recall' AND NOT is_done"
      const result = await client.query({ query, format: 'JSONEachRow' })
      return Number((await result.json<{ left: string }>())[0]?.left)
    }
    await expect.poll(mutations, { timeout: 60_000 }).toBe(0)
    const explained = await client.query({
      query: 'EXPLAIN indexes = 1 SELECT id FROM memory_recall ORDER BY cosineDistance(vector, {vector:Array(Float32)}) LIMIT 10',
      query_params: { vector: [...vectorOf('any', dimension)] },
      format: 'TabSeparatedRaw',
    })
    expect(await explained.text()).toContain('nearest')

    const nearest = (hits: readonly StoreHit[]): string[] =>
      [...hits]
        .sort((a, b) => (b.similarity ?? 0) - (a.similarity ?? 0))
        .slice(0, 10)
        .map(({ id }) => id)
    for (const tenant of ['large', 'small']) {
      let found = 0
      for (let index = 0; index < 30; index++) {
        const question = { tenant, filter: {}, vector: vectorOf(`question ${index}`, dimension), limit: 50 }
        const truth = new Set(nearest(await exact.search(question)))
        expect(truth.size).toBe(10)
        found += nearest(await store.search(question)).filter((id) => truth.has(id)).length
      }
      expect(found / 300, tenant).toBeGreaterThanOrEqual(0.97)
    }
  })
})
