import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeRandomBert } from '../../../bench/scenarios/embed/random-bert.ts'
import { obtainLexicalModel } from '../../../infra/servers/models/lexical-model.ts'
import type { LocalEmbedder } from '../../../pipeline/embedding/embedder.ts'
import { verifyIndex } from '../../../pipeline/index-check/verify-index.ts'
import { createCanaries } from '../../../pipeline/indexer/canaries.ts'
import { startIndexer } from '../../../pipeline/indexer/indexer.ts'
import { createCheckpoints } from '../../../pipeline/jetstream/checkpoints.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { type Stage, startStage } from '../../../pipeline/runtime/stage.ts'
import { createRemoteSearch, serveSearch } from '../../../pipeline/search/search-service.ts'
import type { IndexPoint, IndexReader, IndexWriter } from '../../../pipeline/search/vector-store.ts'
import { createTenantSearches } from '../../../pipeline/task-runner/tenant-search.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import type { Tags } from '../../../schemas/tags.ts'
import { caughtUp as systemCaughtUp, publishAll } from '../../support/system-assertions.ts'
import { dot, openEmbedder } from '../../support/test-embedder.ts'
import { silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

/** A store in memory that can be made to fail: this file tests the stage, not the stores. */
function createMemoryStore() {
  const points = new Map<string, IndexPoint>()
  const tags = new Map<string, Tags>()
  let written = 0
  let isFailing = false
  const answer = async (): Promise<void> => {
    if (isFailing) throw new Error('the store fails')
  }
  const store: IndexReader & IndexWriter = {
    identity: async () => 'memory',
    prepare: async () => 'memory',
    async *scan({ from, to }) {
      await answer()
      yield [...points.values()].filter(({ seq }) => seq >= from && seq <= to)
    },
    async upsert(some) {
      await answer()
      written += some.length
      for (const point of some) points.set(point.id, point)
    },
    async existing(ids) {
      await answer()
      return new Set(ids.filter((id) => points.has(id)))
    },
    async remove(ids) {
      await answer()
      for (const id of ids) points.delete(id)
    },
    tagsOf: async () => new Map(),
    async setTags(sources) {
      await answer()
      for (const { actor, tags: own } of sources) tags.set(actor, own)
    },
    async rollbackTo(seq) {
      await answer()
      for (const [id, point] of points) if (point.seq > seq) points.delete(id)
    },
  }
  return {
    store,
    points,
    tags,
    texts: () => [...points.values()].sort((a, b) => a.seq - b.seq || a.chunk - b.chunk).map(({ text }) => text),
    get written() {
      return written
    },
    set isFailing(value: boolean) {
      isFailing = value
    },
  }
}

let folder: string
let system: System
let lexical: LocalEmbedder

beforeAll(async () => {
  folder = await temporaryFolder()
  system = await startSystem({ settings: { ROLES: 'host,dispatch' } })
  lexical = await openEmbedder({ model: await obtainLexicalModel(folder, silent) })
})
afterAll(async () => {
  await lexical.close()
  await system.stop()
  await rm(folder, { recursive: true, force: true })
})

const start = (reader: string, store: IndexReader & IndexWriter, embedder = lexical): Promise<Stage> => {
  const { jetstream, kv } = system.running
  return startStage(
    'embed',
    () =>
      startIndexer({
        jetstream,
        checkpoints: createCheckpoints(kv, reader),
        canaries: createCanaries({ kv, reader, store, log: silent }),
        embedder,
        store,
        collection: 'memory',
        watchMs: 100,
        recordsMax: 64,
        bytesMax: 1024 * 1024,
        batchRecordsMax: 16,
        batchMs: 20,
        log: silent,
        metrics: createMetrics(),
      }),
    silent,
  )
}

let published = 0
/** Publishes each text as a message of a new conversation. History inputs, so that the machine does not answer. */
const publishTexts = async (...texts: readonly string[]): Promise<void> => {
  await publishAll(
    system,
    texts.map((text) => ({
      subject: `in.acme.support.e${published++}`,
      body: { type: 'message.received', id: `m${published}`, history: true, data: { role: 'user', text } },
    })),
  )
  await systemCaughtUp(system)
}

async function caughtUp(stage: Stage): Promise<void> {
  const { state } = await system.running.jetstream.jsm.streams.info('LOG')
  await expect.poll(() => stage.status().position, { interval: 20 }).toBe(state.last_seq)
}

describe('the indexer', () => {
  it('stores messages in both languages, long texts in chunks, and embeds nothing again after a restart', async () => {
    const memory = createMemoryStore()
    const long = '这是一个很长的句子，说的是订单和退款的事情。'.repeat(40)
    await publishTexts('Where is my order?', '我的订单在哪里？', long, '   ')
    const stage = await start('t1', memory.store)
    await caughtUp(stage)
    await stage.stop()

    const points = [...memory.points.values()]
    expect(memory.texts().slice(0, 2)).toEqual(['Where is my order?', '我的订单在哪里？'])
    const chunks = points.filter(({ text }) => long.includes(text) && text.length > 50)
    expect(chunks.length).toBeGreaterThan(3)
    expect(new Set(chunks.map(({ chunk }) => chunk)).size).toBe(chunks.length)
    expect(points.find(({ lang, chunk }) => lang === 'zh' && chunk === 0)).toMatchObject({
      tenant: 'acme',
      kind: 'support',
      in: 'messages',
    })
    const [question] = await lexical.embed(['where is my order'], 'query')
    expect(dot(question, points.find(({ text }) => text.startsWith('Where'))?.vector)).toBeGreaterThan(0.95)

    const before = memory.written
    const restarted = await start('t1', memory.store)
    await caughtUp(restarted)
    expect(memory.written).toBe(before)
    await restarted.stop()
    // Without its checkpoint it reads all of LOG, and embeds only texts that the store lacks.
    const withoutCheckpoint = await start('t1-lost', memory.store)
    await caughtUp(withoutCheckpoint)
    expect(memory.written).toBe(before)
    await withoutCheckpoint.stop()
  })

  it('lags while the store fails, and catches up when the store works again', async () => {
    const memory = createMemoryStore()
    const stage = await start('t2', memory.store)
    await caughtUp(stage)
    memory.isFailing = true
    const before = memory.points.size
    await publishTexts('sent while the store failed', '商店不在的时候说的')
    await expect.poll(() => stage.status().ok).toBe(false)
    expect(stage.status()).toMatchObject({ detail: 'the store fails' })
    expect(memory.points.size).toBe(before)
    memory.isFailing = false
    await caughtUp(stage)
    expect(memory.texts()).toEqual(expect.arrayContaining(['sent while the store failed', '商店不在的时候说的']))
    expect(stage.status()).toMatchObject({ ok: true, lag: 0, detail: 'running, with the model lexical: by words, not by meaning' })
    await stage.stop()
  })

  it('publishes a text that the model fails on to DEAD once, and continues', async () => {
    const shape = { layers: 1, hidden: 16, heads: 1, feedForward: 16, positions: 64, dtype: 'fp32' } as const
    const model = await writeRandomBert(join(folder, 'poisoned'), shape, 'poison')
    const poisoned = await openEmbedder({ model })
    await publishTexts('before it', 'this is poison', 'after it')
    for (const reader of ['t3', 't3-again']) {
      const memory = createMemoryStore()
      const stage = await start(reader, memory.store, poisoned)
      await caughtUp(stage)
      await stage.stop()
      expect(memory.texts()).toEqual(expect.arrayContaining(['before it', 'after it']))
      expect(memory.texts()).not.toContain('this is poison')
    }
    await poisoned.close()
    const { state } = await system.running.jetstream.jsm.streams.info('DEAD', { subjects_filter: 'dead.embed_failed.>' })
    expect(Object.values(state.subjects ?? {})).toEqual([1])
    const [subject = ''] = Object.keys(state.subjects ?? {})
    const deadLetter = await system.running.jetstream.jsm.streams.getMessage('DEAD', { last_by_subj: subject })
    expect(deadLetter?.json()).toMatchObject({ text: 'this is poison' })
    expect(deadLetter?.header.get('Colloquy-Error')).toContain('fails on this text')
  })

  it('publishes a text that the store refuses to DEAD, stores the others of its batch, and continues', async () => {
    const memory = createMemoryStore()
    const picky: typeof memory.store = {
      ...memory.store,
      async upsert(points) {
        if (points.some(({ text }) => text.includes('unstorable'))) throw new ColloquyError('index_refused', 'the store refuses a point')
        await memory.store.upsert(points)
      },
    }
    await publishTexts(...Array.from({ length: 20 }, (_, index) => `storable ${index}`), 'this is unstorable', 'after all of them')
    const stage = await start('t6', picky)
    await caughtUp(stage)
    expect(stage.status().ok).toBe(true)
    await stage.stop()
    expect(memory.texts().filter((text) => text.startsWith('storable'))).toHaveLength(20)
    expect(memory.texts()).toContain('after all of them')
    expect(memory.texts()).not.toContain('this is unstorable')
    const { jetstream } = system.running
    const { state } = await jetstream.jsm.streams.info('LOG')
    const found = await verifyIndex({ jetstream, reader: picky, storedTo: state.last_seq, signal: new AbortController().signal })
    // Its dead letter says why it has no point.
    expect(found).toMatchObject({ differences: 0, unembeddable: 1 })
  })

  it('has the present chunks of each source, also after it reads all of LOG again', async () => {
    const memory = createMemoryStore()
    const stage = await start('t5', memory.store)
    await caughtUp(stage)
    const before = new Set(memory.points.keys())
    const known = (points = memory.points): string[] =>
      [...points]
        .filter(([id]) => !before.has(id))
        .map(([, { text }]) => text)
        .sort()
    const upload = async (...inputs: readonly (readonly [id: string, type: string, data: object])[]): Promise<void> => {
      await publishAll(
        system,
        inputs.map(([id, type, data]) => ({ subject: `in.acme.source.${id}`, body: { type: `source.${type}`, data } })),
      )
      await systemCaughtUp(system)
      await caughtUp(stage)
    }
    await upload(
      ['faq', 'taught', { revision: 'r1', chunks: ['Opens at nine.', '九点开门。'] }],
      ['other', 'taught', { chunks: ['Closed on Sundays.'] }],
    )
    expect(known()).toEqual(['Closed on Sundays.', 'Opens at nine.', '九点开门。'])
    const chinese = [...memory.points.values()].find(({ text }) => text === '九点开门。')
    expect(chinese).toMatchObject({ in: 'knowledge', source: 'faq', kind: 'source', actor: 'faq', lang: 'zh', chunk: 1 })
    const written = memory.written
    await upload(['faq', 'taught', { revision: 'r2', chunks: ['Opens at ten.', '九点开门。'] }])
    expect(known()).toEqual(['Closed on Sundays.', 'Opens at ten.', '九点开门。'])
    expect(memory.written).toBe(written + 1)
    await upload(['faq', 'taught', { revision: 'r3', part: 1, parts: 2, chunks: ['Never.'] }])
    expect(known()).toContain('九点开门。')
    await upload(['faq', 'taught', { revision: 'r1', chunks: ['Opens at nine.', '九点开门。'] }], ['other', 'forgotten', {}])
    expect(known()).toEqual(['Opens at nine.', '九点开门。'])
    await stage.stop()

    const empty = createMemoryStore()
    const refilling = await start('t5-again', empty.store)
    await caughtUp(refilling)
    expect(known(empty.points)).toEqual(known())
    await refilling.stop()

    // LOG looks truncated: a lost record had removed a chunk that a remaining record added.
    const { kv, jetstream } = system.running
    const { created, state } = await jetstream.jsm.streams.info('LOG')
    const checkpoints = createCheckpoints(kv, 't5')
    await checkpoints.save(0, [{ created, seq: state.last_seq + 10, ts: new Date().toISOString() }, ...(await checkpoints.load(0))])
    for (const [id, { text }] of memory.points) if (text === '九点开门。') memory.points.delete(id)
    const resumed = await start('t5', memory.store)
    await caughtUp(resumed)
    expect(known()).toEqual(['Opens at nine.', '九点开门。'])
    await resumed.stop()
  })

  it('has the tags of the last record of each source, also if a write fails in between and after it reads all of LOG again', async () => {
    const memory = createMemoryStore()
    let failures = 0
    const failing: typeof memory.store = {
      ...memory.store,
      async setTags(sources) {
        if (failures++ < 2) throw new Error('the store fails')
        await memory.store.setTags(sources)
      },
    }
    const taught = (id: string, revision: string, tags?: Tags) => ({
      subject: `in.tags.source.${id}`,
      body: { type: 'source.taught', data: { revision, chunks: ['An otter swims.'], ...(tags && { tags }) } },
    })
    const otter = { product: 'otter', lang: 'zh' }
    await publishAll(system, [taught('a', 'r1', otter), taught('b', 'r1', { product: 'beaver' }), taught('c', 'r1')])
    await publishAll(system, [taught('b', 'r2', otter), taught('a', 'r2')])
    await publishAll(system, [{ subject: 'in.tags.source.b', body: { type: 'source.forgotten', data: {} } }, taught('d', 'r1', otter)])
    await systemCaughtUp(system)
    const stage = await start('t8', failing)
    await caughtUp(stage)
    await stage.stop()
    const known = new Map(Object.entries({ a: {}, b: {}, d: otter }))
    expect(failures).toBeGreaterThan(2)
    expect(memory.tags).toEqual(known)
    expect([...memory.points.values()].filter(({ tenant }) => tenant === 'tags').map(({ actor }) => actor)).toEqual(['a', 'c', 'd'])
    const again = await start('t8-again', memory.store)
    await caughtUp(again)
    await again.stop()
    expect(memory.tags).toEqual(known)
  })

  it('answers searches over NATS; without it a search fails with `no_memory`', async () => {
    const search = createRemoteSearch(system.running.jetstream.nc, 0)
    const message = expect.stringContaining('embed or serve') as string
    await expect(search({ tenant: 'acme', q: 'order' })).rejects.toMatchObject({ code: 'no_memory', message })
    const searches = createTenantSearches(system.running.jetstream, search)
    const ownTenant = searches.of({ tenant: 'acme', kind: 'support', id: 'c1' })
    expect(await ownTenant.knowledgeVersion()).toMatch(/^log-\d+$/)
    expect(await searches.of({ tenant: 'nobody', kind: 'support', id: 'c1' }).knowledgeVersion()).toBeUndefined()
    await expect(ownTenant.search({ q: 'order', limit: 1 })).rejects.toMatchObject({ code: 'no_memory' })
    searches.stop()
  })

  it('waits for a process with a search index that is starting', async () => {
    const { nc } = system.running.jetstream
    const answer = createRemoteSearch(nc)({ tenant: 'acme', q: 'order' })
    await expect(createRemoteSearch(nc, 0)({ tenant: 'acme', q: 'order' })).rejects.toMatchObject({ code: 'no_memory' })
    const found = { model: 'lexical' as const, hits: [], duplicates: 0 }
    const service = serveSearch(nc, async () => found)
    expect(await answer).toEqual(found)
    service.stop()
  })

  it('removes the points of records that a truncated LOG lost', async () => {
    const memory = createMemoryStore()
    const { kv, jetstream } = system.running
    const stage = await start('t4', memory.store)
    await caughtUp(stage)
    await stage.stop()
    const { created, state } = await jetstream.jsm.streams.info('LOG')
    const checkpoints = createCheckpoints(kv, 't4')
    // LOG looks truncated: the checkpoint is ten records ahead of its end.
    await checkpoints.save(0, [{ created, seq: state.last_seq + 10, ts: new Date().toISOString() }, ...(await checkpoints.load(0))])
    const [any] = memory.points.values()
    if (any === undefined) throw new Error('nothing was stored')
    memory.points.set('lost', { ...any, id: 'lost', seq: state.last_seq + 5 })
    const before = memory.points.size
    const resumed = await start('t4', memory.store)
    await caughtUp(resumed)
    expect(memory.points.has('lost')).toBe(false)
    expect(memory.points.size).toBe(before - 1)
    await resumed.stop()
  })

  it('refills a store that was emptied or restored to an older state, and embeds only what is missing', async () => {
    const memory = createMemoryStore()
    const catchUp = async (): Promise<void> => {
      const stage = await start('t5', memory.store)
      await caughtUp(stage)
      await stage.stop()
    }
    await catchUp()
    const older = new Map(memory.points)
    await publishTexts('这句话后来丢了', 'this came later')
    await catchUp()
    const all = memory.texts()
    expect(all.length).toBeGreaterThan(older.size)

    for (const left of [new Map<string, IndexPoint>(), older]) {
      memory.points.clear()
      for (const [id, point] of left) memory.points.set(id, point)
      const before = memory.written
      await catchUp()
      expect(memory.texts()).toEqual(all)
      expect(memory.written - before).toBe(all.length - left.size)
    }
  })

  it('refills a store that is emptied, or restored to an older state, while it runs and no text arrives', async () => {
    const memory = createMemoryStore()
    await publishTexts('an older text')
    const stage = await start('t7', memory.store)
    await caughtUp(stage)
    const older = new Map(memory.points)
    await publishTexts('a newer text')
    await caughtUp(stage)
    const all = memory.texts()
    for (const left of [new Map<string, IndexPoint>(), older]) {
      memory.points.clear()
      for (const [id, point] of left) memory.points.set(id, point)
      await expect.poll(() => memory.texts(), { interval: 20 }).toEqual(all)
      await caughtUp(stage)
    }
    await stage.stop()
  })
})
