import { rm } from 'node:fs/promises'
import { createClient, type ClickHouseClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startClickHouse, type ClickHouse } from '../infra/clickhouse/start.ts'
import { openClickHouseStore } from '../pipeline/memory/clickhouse/store.ts'
import type { StoreHit } from '../pipeline/memory/store.ts'
import { DIMENSION, pointOf, storeContract, vectorOf } from './memory.ts'
import { silent, temporaryFolder } from './system.ts'

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
  storeContract((fingerprint, dimension = DIMENSION) => openClickHouseStore({ client, fingerprint, dimension }))

  it('finds by its index at least 0.97 of the ten nearest, in a small tenant beside a large one too', async () => {
    const dimension = 64
    const store = await openClickHouseStore({ client, fingerprint: 'recall', dimension, exactPointsMax: 500 })
    const exact = await openClickHouseStore({ client, fingerprint: 'recall', dimension, exactPointsMax: 1e9 })
    const points = Array.from({ length: 6_000 }, (_, index) => pointOf(`m${index}`, `text ${index}`, {
      tenant: index % 6 === 0 ? 'small' : 'large', vector: vectorOf(`text ${index}`, dimension),
    }))
    for (let from = 0; from < points.length; from += 1_500) await store.upsert(points.slice(from, from + 1_500))
    const mutations = async (): Promise<number> => {
      const result = await client.query({ query: "SELECT count() AS left FROM system.mutations WHERE table = 'memory_recall' AND NOT is_done", format: 'JSONEachRow' })
      return Number((await result.json<{ left: string }>())[0]?.left)
    }
    await expect.poll(mutations, { timeout: 60_000 }).toBe(0)
    const explained = await client.query({
      query: 'EXPLAIN indexes = 1 SELECT id FROM memory_recall ORDER BY cosineDistance(vector, {vector:Array(Float32)}) LIMIT 10',
      query_params: { vector: [...vectorOf('any', dimension)] }, format: 'TabSeparatedRaw',
    })
    expect(await explained.text()).toContain('nearest')

    const nearest = (hits: readonly StoreHit[]): string[] =>
      [...hits].sort((a, b) => (b.similarity ?? 0) - (a.similarity ?? 0)).slice(0, 10).map(({ id }) => id)
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
