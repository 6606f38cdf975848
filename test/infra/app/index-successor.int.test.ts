import { rm } from 'node:fs/promises'
import { createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectToRunningClickHouse } from '../../../infra/app/connect-to-running.ts'
import { fillCollection } from '../../../infra/app/fill-collection.ts'
import { readIndexModel } from '../../../infra/app/index-model.ts'
import { readStatus, waitUntilCaughtUp } from '../../../infra/app/system-status.ts'
import { verifySearchIndex } from '../../../infra/app/verify-search-index.ts'
import { obtainLexicalModel } from '../../../infra/servers/models/lexical-model.ts'
import { openClickHouseStore } from '../../../pipeline/search/clickhouse/clickhouse-store.ts'
import { createSearchClient } from '../../../pipeline/search/search-client.ts'
import { CURRENT_CUTTER, cutterOf } from '../../../pipeline/search/term-cutter.ts'
import { publishAll } from '../../support/system-assertions.ts'
import { openEmbedder } from '../../support/test-embedder.ts'
import { silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

const MESSAGES = 400
const said = ['如何退货？', '發票可以重新開嗎？', 'The Café is closed.', 'I write C.', 'I write C#.', 'I write C++.', '含税价格是多少']

let dataDir: string
let system: System
let fingerprint: string

const publish = (texts: readonly string[], from: number): Promise<unknown> =>
  publishAll(
    system,
    texts.map((text, index) => ({
      subject: `in.acme.support.c${(from + index) % 7}`,
      body: { type: 'message.received', id: `m${from + index}`, history: true, data: { role: 'user', text } },
    })),
  )
const keywordHits = async (q: string): Promise<string[]> => {
  const { hits } = await createSearchClient({ url: system.running.http?.url ?? '' })({ tenant: 'acme', q, mode: 'keyword' })
  return hits.map(({ text }) => text).sort()
}
const version = (): number | undefined => system.running.searchIndex?.current().store.cutter.version

/** Starts on data whose index was filled by the version of this program that had only the first cutter. */
beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir, settings: { ROLES: 'host,dispatch,project' } })
  await publish([...said, ...Array.from({ length: MESSAGES }, (_, index) => `parcel number ${index} is late`)], 0)
  await waitUntilCaughtUp(system.settings, 60_000)
  const cutter = cutterOf(1)
  const client = createClient(await connectToRunningClickHouse(system.settings, 'colloquy'))
  const embedder = await openEmbedder({ model: await obtainLexicalModel(system.settings.CACHE_DIR, silent) })
  fingerprint = embedder.fingerprint
  const store = await openClickHouseStore({ client, collection: fingerprint, dimension: embedder.dimension, ...(cutter && { cutter }) })
  const { jetstream, kv } = system.running
  await fillCollection(
    { settings: system.settings, jetstream, kv, collection: { embedder, store }, log: silent, signal: new AbortController().signal },
    { records: () => undefined, waits: () => undefined },
    () => Promise.resolve(),
  )
  await kv.put('memory-model', JSON.stringify({ settings: {}, fingerprint, store: 'clickhouse' }))
  await embedder.close()
  await client.close()
  await system.stop()
  system = await startSystem({ dataDir, settings: { EMBED_BATCH_MS: '10', EMBED_BATCH_RECORDS_MAX: '8' } })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true, force: true })
})

describe('an index whose words an earlier version cut', () => {
  it('serves while the new one is built beside it, and status says so', async () => {
    const { stages } = await readStatus(system.settings)
    expect(stages.embed).toMatchObject({
      ok: true,
      detail: expect.stringContaining('of an earlier version; building the new index') as string,
    })
    expect(version()).toBe(1)
    expect(await keywordHits('café')).toEqual(['The Café is closed.'])
    expect(await keywordHits('cafe')).toEqual([])
    await publish(['a late Café'], 1_000)
  })

  it('is replaced when the new one is complete, with what was said meanwhile', async () => {
    await expect.poll(version, { timeout: 60_000, interval: 50 }).toBe(CURRENT_CUTTER.version)
    await waitUntilCaughtUp(system.settings, 60_000)
    // The status may still be that of the other collection, for which nothing lags.
    await expect.poll(() => keywordHits('cafe'), { timeout: 30_000 }).toEqual(['The Café is closed.', 'a late Café'])
    expect(await keywordHits('退貨')).toEqual(['如何退货？'])
    expect(await keywordHits('发票')).toEqual(['發票可以重新開嗎？'])
    expect(await keywordHits('C#')).toEqual(['I write C#.'])
    expect(await keywordHits('C++')).toEqual(['I write C++.'])
    expect(await keywordHits('税')).toEqual(['含税价格是多少'])
    const detail = async (): Promise<string | undefined> => (await readStatus(system.settings)).stages.embed?.detail
    await expect.poll(detail, { timeout: 30_000 }).toMatch(/^running/)
    expect(await detail()).not.toContain('earlier version')
    expect(await readIndexModel(system.running.kv)).toMatchObject({ fingerprint, cutter: CURRENT_CUTTER.version })
    expect(await system.running.searchIndex?.current().store.count('acme', {})).toBe(said.length + MESSAGES + 1)
  })

  it('is proved: verify reads the new one', async () => {
    const client = createClient(await connectToRunningClickHouse(system.settings, 'colloquy'))
    const { signal } = new AbortController()
    const verify = () => verifySearchIndex(system.settings, system.running.jetstream, client, { tablesTo: 0, signal })
    await expect.poll(verify, { timeout: 30_000 }).toMatchObject({ differences: 0, points: said.length + MESSAGES + 1 })
    await client.close()
  })
})
