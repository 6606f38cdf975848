import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type Logger, pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { obtainLexicalModel } from '../../../infra/servers/models/lexical-model.ts'
import type { LocalEmbedder } from '../../../pipeline/embedding/embedder.ts'
import { type VerifiedIndex, verifyIndex } from '../../../pipeline/index-check/verify-index.ts'
import { createCanaries } from '../../../pipeline/indexer/canaries.ts'
import type { AuditPosition } from '../../../pipeline/indexer/index-auditor.ts'
import { startIndexer } from '../../../pipeline/indexer/indexer.ts'
import { createCheckpoints } from '../../../pipeline/jetstream/checkpoints.ts'
import type { TypedKey } from '../../../pipeline/jetstream/typed-kv.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { type Stage, startStage } from '../../../pipeline/runtime/stage.ts'
import { openClickHouseStore } from '../../../pipeline/search/clickhouse/clickhouse-store.ts'
import { openQdrantStore } from '../../../pipeline/search/qdrant/qdrant-store.ts'
import type { StoredPoint, VectorStore } from '../../../pipeline/search/vector-store.ts'
import { OPENAPI } from '../../support/qdrant-openapi.ts'
import { type FakeQdrant, startFakeQdrant } from '../../support/qdrant-server.ts'
import { caughtUp as systemCaughtUp, publishAll } from '../../support/system-assertions.ts'
import { openEmbedder } from '../../support/test-embedder.ts'
import { silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { pointOf, vectorOf } from '../../support/vector-store-contract.ts'

const TAGS = { product: 'otter', lang: 'en' }
const WAIT = { timeout: 30_000, interval: 50 }
let folder: string
let system: System
let lexical: LocalEmbedder
let qdrant: FakeQdrant | undefined

beforeAll(async () => {
  folder = await temporaryFolder()
  system = await startSystem({ settings: { ROLES: 'host,dispatch,serve' } })
  lexical = await openEmbedder({ model: await obtainLexicalModel(folder, silent) })
  qdrant = existsSync(OPENAPI) ? await startFakeQdrant() : undefined
  const long = 'A parcel goes from Oslo to Bergen, over the mountains and along the fjords. '.repeat(60)
  await publishAll(system, [
    ...['Where is my order?', '我的订单在哪里？', long, '   '].map((text, index) => ({
      subject: `in.acme.support.c${index}`,
      body: { type: 'message.received', id: `m${index}`, history: true, data: { role: 'user', text } },
    })),
    // A lost record that is its actor's last is decided again; this one makes the first record of c1 another than the last.
    { subject: 'in.acme.support.c1', body: { type: 'message.received', id: 'm-last', history: true, data: { role: 'user', text: '   ' } } },
    {
      subject: 'in.acme.source.faq',
      body: { type: 'source.taught', data: { revision: 'r1', chunks: ['Opens at nine.', 'Closed on Sunday.'] } },
    },
    {
      subject: 'in.acme.source.faq',
      body: { type: 'source.taught', data: { revision: 'r2', chunks: ['Opens at ten.', 'Closed on Sunday.'] } },
    },
    { subject: 'in.acme.source.tagged', body: { type: 'source.taught', data: { chunks: ['An otter swims.', 'It dives.'], tags: TAGS } } },
    { subject: 'in.acme.source.gone', body: { type: 'source.taught', data: { chunks: ['Never.'], tags: TAGS } } },
    { subject: 'in.acme.source.gone', body: { type: 'source.forgotten', data: {} } },
  ])
  await systemCaughtUp(system)
})
afterAll(async () => {
  await lexical.close()
  await system.stop()
  await qdrant?.stop()
  await rm(folder, { recursive: true, force: true })
})

function memoryKey(): TypedKey<AuditPosition> {
  let value: AuditPosition = { verified: 0 }
  return {
    get: async () => ({ value, revision: 1 }),
    async put(next) {
      value = next
    },
    compareAndSet: async () => 1,
    deleteAt: async () => undefined,
  }
}

/** Starts an indexer whose auditor looks all the time. */
const start = (store: VectorStore, more: { watchMs?: number; log?: Logger } = {}): Promise<Stage> => {
  const { jetstream, kv } = system.running
  return startStage(
    'embed',
    async () => {
      const collection = await store.prepare()
      return startIndexer({
        jetstream,
        collection,
        checkpoints: createCheckpoints(kv, `audit-${collection}`),
        canaries: createCanaries({ kv, reader: `audit-${collection}`, store, log: silent }),
        audit: { position: memoryKey(), pauseMsMin: 10, share: 1, sliceMax: 3 },
        watchMs: 50,
        embedder: lexical,
        store,
        recordsMax: 64,
        bytesMax: 1024 * 1024,
        batchRecordsMax: 16,
        batchMs: 20,
        log: silent,
        metrics: createMetrics(),
        ...more,
      })
    },
    more.log ?? silent,
  )
}

async function verified(store: VectorStore, tenant?: string): Promise<VerifiedIndex> {
  const { jetstream } = system.running
  const { state } = await jetstream.jsm.streams.info('LOG')
  return verifyIndex({ jetstream, reader: store, storedTo: state.last_seq, tenant, sliceMax: 5, signal: new AbortController().signal })
}

async function pointsOf(store: VectorStore): Promise<StoredPoint[]> {
  const points: StoredPoint[] = []
  for await (const page of store.scan({ from: 0, to: Number.MAX_SAFE_INTEGER })) points.push(...page)
  return points.sort((a, b) => (a.id < b.id ? -1 : 1))
}

interface Place {
  readonly open: (collection: string) => Promise<VectorStore>
  /** Deletes a collection as somebody else would. */
  readonly drop: (collection: string) => Promise<unknown>
}
const places: Readonly<Record<string, Place>> = {
  ClickHouse: {
    open: (collection) => openClickHouseStore({ client: client(), collection, dimension: lexical.dimension }),
    drop: (collection) => client().command({ query: `DROP TABLE memory_${collection} SYNC` }),
  },
  'a simulated Qdrant': {
    open: (collection) => openQdrantStore({ url: qdrant?.url ?? '', collection, dimension: lexical.dimension }),
    drop: async (collection) => qdrant?.drop(`colloquy_${collection}`),
  },
}
const client = () => {
  if (system.running.client === undefined) throw new Error('this system has no ClickHouse')
  return system.running.client
}

for (const [name, { open, drop }] of Object.entries(places)) {
  describe.skipIf(name.includes('Qdrant') && !existsSync(OPENAPI))(`the search index in ${name}`, () => {
    it('matches LOG after the indexer has read it; every kind of difference is found, and named', async () => {
      const store = await open('verified')
      const stage = await start(store)
      await expect.poll(() => stage.status().lag, WAIT).toBe(0)
      await stage.stop()
      const sound = await verified(store)
      expect(sound).toMatchObject({ differences: 0, unproven: 0, found: [] })
      expect(sound.points).toBe((await pointsOf(store)).length)
      const [question, chunk] = [
        (await pointsOf(store)).find(({ text }) => text === 'Where is my order?'),
        (await pointsOf(store)).find(({ chunk: number, in: area }) => number === 2 && area === 'messages'),
      ]
      const known = (await pointsOf(store)).find(({ text }) => text === 'Opens at ten.')
      if (question === undefined || chunk === undefined || known === undefined) throw new Error('a point is missing')
      const vector = vectorOf('any', lexical.dimension)
      const foreign = pointOf('foreign', 'not in the log', { seq: question.seq, vector })

      await store.remove([question.id])
      expect((await verified(store)).found).toMatchObject([{ kind: 'missing', in: 'messages', seq: question.seq }])
      expect((await verified(store, 'other')).differences).toBe(0)
      await store.upsert([{ ...question, text: 'another text', vector }])
      expect((await verified(store)).found.map(({ kind }) => kind).sort()).toEqual(['different', 'missing'])
      await store.upsert([{ ...question, vector }, foreign, { ...foreign, id: pointOf('late', '').id, seq: 1e9 }])
      const twoForeign = await verified(store)
      expect(twoForeign).toMatchObject({ differences: 2, found: [{ kind: 'unexpected', id: foreign.id }] })
      await store.remove([foreign.id, pointOf('late', '').id, chunk.id])
      expect((await verified(store)).found).toMatchObject([{ kind: 'missing', seq: chunk.seq }])
      await store.upsert([{ ...chunk, vector }])
      await store.remove([known.id])
      expect((await verified(store)).found).toMatchObject([{ kind: 'missing', in: 'knowledge', actor: 'acme/source/faq' }])
      await store.upsert([
        { ...known, vector },
        { ...known, id: pointOf('old', '').id, text: 'Opens at nine.', vector },
      ])
      expect((await verified(store)).found).toMatchObject([{ kind: 'unexpected', in: 'knowledge' }])
      await store.remove([pointOf('old', '').id])

      const source = { tenant: 'acme', actor: 'tagged', seq: 1e6 }
      for (const tags of [{}, { ...TAGS, lang: 'zh' }]) {
        await store.setTags([{ ...source, tags }])
        const { differences, found } = await verified(store)
        expect(differences).toBe(1)
        expect(found).toMatchObject([{ kind: 'different', in: 'knowledge', actor: 'acme/source/tagged' }])
      }
      await store.setTags([
        { ...source, tags: TAGS },
        { tenant: 'acme', actor: 'faq', seq: 1e6, tags: TAGS },
      ])
      expect((await verified(store)).found).toMatchObject([{ kind: 'different', in: 'knowledge', actor: 'acme/source/faq' }])
    })

    it('has the tags of sources again after they were changed by others, and after the points with them were removed', async () => {
      const store = await open('retagged')
      const stage = await start(store)
      await expect.poll(() => stage.status().lag, WAIT).toBe(0)
      const filter = { tags: [['product=otter'], ['lang=en']] }
      expect(await store.count('acme', filter)).toBe(2)
      await store.setTags([{ tenant: 'acme', actor: 'tagged', seq: 0, tags: { product: 'beaver' } }])
      await store.remove((await pointsOf(store)).filter(({ actor, chunk }) => actor === 'tagged' && chunk === 0).map(({ id }) => id))
      await expect.poll(() => store.count('acme', filter), WAIT).toBe(2)
      await expect.poll(() => stage.status(), WAIT).toMatchObject({ ok: true, detail: expect.stringContaining('running, with') as string })
      expect((await verified(store)).differences).toBe(0)
      await stage.stop()
    })

    it('is repaired while in use: points that were deleted, changed or added by others', async () => {
      const store = await open('repaired')
      const stage = await start(store)
      await expect.poll(() => stage.status().lag, WAIT).toBe(0)
      const before = await pointsOf(store)
      const vector = vectorOf('any', lexical.dimension)
      const texts = before.filter((_, index) => index % 3 === 0)
      await store.remove(texts.map(({ id }) => id))
      const changed = before.find(({ in: area }, index) => area === 'messages' && index % 3 !== 0)
      if (changed === undefined) throw new Error('there are too few points')
      await store.upsert([{ ...changed, source: 'changed by hand', vector }])
      await store.upsert(
        Array.from({ length: 300 }, (_, index) => pointOf(`foreign${index}`, `foreign ${index}`, { seq: index % 9, vector })),
      )
      await store.upsert([pointOf('beyond', 'beyond the log', { seq: 1e9, vector })])
      await expect.poll(async () => await pointsOf(store), WAIT).toEqual(before)
      await expect.poll(() => stage.status(), WAIT).toMatchObject({ ok: true, detail: expect.stringContaining('running, with') as string })
      expect((await verified(store)).differences).toBe(0)
      await stage.stop()
    })

    it('is created and filled again when its collection is deleted while in use, without waiting for a text', async () => {
      const store = await open('deleted')
      const stage = await start(store)
      await expect.poll(() => stage.status().lag, WAIT).toBe(0)
      const before = await pointsOf(store)
      await drop('deleted')
      await expect.poll(() => pointsOf(store), WAIT).toEqual(before)
      await expect
        .poll(() => stage.status(), WAIT)
        .toMatchObject({ ok: true, lag: 0, detail: expect.stringContaining('running, with') as string })
      expect((await verified(store)).differences).toBe(0)
      await stage.stop()
    })
  })
}

it('names the true cause where a table of the collection was dropped, before the watch has looked', async () => {
  const logged: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => logged.push(line) })
  const store = await openClickHouseStore({ client: client(), collection: 'postings', dimension: lexical.dimension })
  const stage = await start(store, { watchMs: 3_600_000, log })
  await expect.poll(() => stage.status().lag, WAIT).toBe(0)
  const before = await pointsOf(store)
  await client().command({ query: 'DROP TABLE memory_postings_postings SYNC' })

  await expect.poll(() => logged.length, WAIT).toBeGreaterThan(0)
  await expect.poll(() => pointsOf(store), WAIT).toEqual(before)
  await expect.poll(() => stage.status(), WAIT).toMatchObject({ ok: true, lag: 0 })
  await stage.stop()

  expect(logged[0]).toContain('one of its tables was')
  expect(logged.join()).not.toContain('had no effect')
})

// Last, because it removes a record of LOG.
it('points of records that LOG has lost are kept, and counted apart', async () => {
  const usable = Object.entries(places).filter(([name]) => qdrant !== undefined || !name.includes('Qdrant'))
  const filled = await Promise.all(
    usable.map(async ([, { open }]) => {
      const store = await open('unproven')
      const stage = await start(store)
      await expect.poll(() => stage.status().lag, WAIT).toBe(0)
      return { store, stage, before: await pointsOf(store) }
    }),
  )
  const lost = filled[0]?.before.find(({ text }) => text === '我的订单在哪里？')
  await system.running.jetstream.jsm.streams.deleteMessage('LOG', lost?.seq ?? 0)
  for (const { store, stage, before } of filled) {
    expect(await verified(store)).toMatchObject({ differences: 0, unproven: 1 })
    await store.remove(before.filter(({ text }) => text === 'Opens at ten.').map(({ id }) => id))
    await expect.poll(() => pointsOf(store), WAIT).toEqual(before)
    await stage.stop()
  }
})
