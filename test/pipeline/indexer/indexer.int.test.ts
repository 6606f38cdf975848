import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeRandomBert } from '../../../bench/scenarios/embed/random-bert.ts'
import { obtainLexicalModel } from '../../../infra/servers/models/lexical-model.ts'
import type { LocalEmbedder } from '../../../pipeline/embedding/embedder.ts'
import { createCanaries } from '../../../pipeline/indexer/canaries.ts'
import { startIndexer } from '../../../pipeline/indexer/indexer.ts'
import { createRemoteSearch } from '../../../pipeline/search/search-service.ts'
import type { IndexPoint, IndexWriter } from '../../../pipeline/search/vector-store.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { startStage, type Stage } from '../../../pipeline/runtime/stage.ts'
import { createCheckpoints } from '../../../pipeline/jetstream/checkpoints.ts'
import { createTenantSearches } from '../../../pipeline/task-runner/tenant-search.ts'
import { dot, openEmbedder } from '../../support/test-embedder.ts'
import { caughtUp as systemCaughtUp, publishAll } from '../../support/system-assertions.ts'
import { silent, startSystem, temporaryFolder, type System } from '../../support/test-system.ts'

/** A store in memory, in place of a real one: here it is the stage that is looked at, and what it does when a store fails. */
function createMemoryStore() {
  const points = new Map<string, IndexPoint>()
  let written = 0
  let isAway = false
  const answer = async (): Promise<void> => {
    if (isAway) throw new Error('the store is away')
  }
  const store: IndexWriter = {
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
    async removeAbove(seq) {
      await answer()
      for (const [id, point] of points) if (point.seq > seq) points.delete(id)
    },
  }
  return {
    store, points,
    said: () => [...points.values()].sort((a, b) => a.seq - b.seq || a.chunk - b.chunk).map(({ text }) => text),
    get written() { return written },
    set isAway(value: boolean) { isAway = value },
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

const begin = (reader: string, store: IndexWriter, embedder = lexical): Promise<Stage> => {
  const { jetstream, kv } = system.running
  return startStage('embed', () => startIndexer({
    jetstream, checkpoints: createCheckpoints(kv, reader), proofs: createCanaries({ kv, reader, store, log: silent }), embedder, store, recordsMax: 64, bytesMax: 1024 * 1024, batchRecordsMax: 16, batchMs: 20,
    log: silent, metrics: createMetrics(),
  }), silent)
}

let said = 0
/** Says something in a conversation of its own; only what is recorded as history stays without an answer. */
const say = async (...texts: readonly string[]): Promise<void> => {
  await publishAll(system, texts.map((text) => ({
    subject: `in.acme.support.e${said++}`, body: { type: 'message.received', id: `m${said}`, history: true, data: { role: 'user', text } },
  })))
  await systemCaughtUp(system)
}

async function caughtUp(stage: Stage): Promise<void> {
  const { state } = await system.running.jetstream.jsm.streams.info('LOG')
  await expect.poll(() => stage.status().position, { interval: 20 }).toBe(state.last_seq)
}

describe('the embedding stage', () => {
  it('stores what was said, in both languages, long texts in chunks, and the same once more when it begins anew', async () => {
    const memory = createMemoryStore()
    const long = '这是一个很长的句子，说的是订单和退款的事情。'.repeat(40)
    await say('Where is my order?', '我的订单在哪里？', long, '   ')
    const stage = await begin('t1', memory.store)
    await caughtUp(stage)
    await stage.stop()

    const points = [...memory.points.values()]
    expect(memory.said().slice(0, 2)).toEqual(['Where is my order?', '我的订单在哪里？'])
    const chunks = points.filter(({ text }) => long.includes(text) && text.length > 50)
    expect(chunks.length).toBeGreaterThan(3)
    expect(new Set(chunks.map(({ chunk }) => chunk)).size).toBe(chunks.length)
    expect(points.find(({ lang, chunk }) => lang === 'zh' && chunk === 0)).toMatchObject({ tenant: 'acme', kind: 'support', in: 'messages' })
    const [question] = await lexical.embed(['where is my order'], 'query')
    expect(dot(question, points.find(({ text }) => text.startsWith('Where'))?.vector)).toBeGreaterThan(0.95)

    const before = memory.written
    const again = await begin('t1', memory.store)
    await caughtUp(again)
    expect(memory.written).toBe(before)
    await again.stop()
    // Without its checkpoint it reads all again, and embeds nothing that the store has.
    const anew = await begin('t1-lost', memory.store)
    await caughtUp(anew)
    expect(memory.written).toBe(before)
    await anew.stop()
  })

  it('lags while the store is away, and catches up when it is back', async () => {
    const memory = createMemoryStore()
    const stage = await begin('t2', memory.store)
    await caughtUp(stage)
    memory.isAway = true
    const before = memory.points.size
    await say('said while the store was away', '商店不在的时候说的')
    await expect.poll(() => stage.status().ok).toBe(false)
    expect(stage.status()).toMatchObject({ detail: 'the store is away' })
    expect(memory.points.size).toBe(before)
    memory.isAway = false
    await caughtUp(stage)
    expect(memory.said()).toEqual(expect.arrayContaining(['said while the store was away', '商店不在的时候说的']))
    expect(stage.status()).toMatchObject({ ok: true, lag: 0, detail: 'running, with the model lexical: by words, not by meaning' })
    await stage.stop()
  })

  it('puts a text that the model fails on into DEAD, once, and goes on', async () => {
    const model = await writeRandomBert(join(folder, 'poisoned'), { layers: 1, hidden: 16, heads: 1, feedForward: 16, positions: 64, dtype: 'fp32' }, 'poison')
    const poisoned = await openEmbedder({ model })
    await say('before it', 'this is poison', 'after it')
    for (const reader of ['t3', 't3-again']) {
      const memory = createMemoryStore()
      const stage = await begin(reader, memory.store, poisoned)
      await caughtUp(stage)
      await stage.stop()
      expect(memory.said()).toEqual(expect.arrayContaining(['before it', 'after it']))
      expect(memory.said()).not.toContain('this is poison')
    }
    await poisoned.close()
    const { state } = await system.running.jetstream.jsm.streams.info('DEAD', { subjects_filter: 'dead.embed_failed.>' })
    expect(Object.values(state.subjects ?? {})).toEqual([1])
    const letter = await system.running.jetstream.jsm.streams.getMessage('DEAD', { last_by_subj: Object.keys(state.subjects ?? {})[0] ?? '' })
    expect(letter?.json()).toMatchObject({ text: 'this is poison' })
    expect(letter?.header.get('Colloquy-Error')).toContain('fails on this text')
  })

  it('keeps what sources say as it is now, whatever they said before, also when it reads all of LOG again', async () => {
    const memory = createMemoryStore()
    const stage = await begin('t5', memory.store)
    await caughtUp(stage)
    const before = new Set(memory.points.keys())
    const known = (points = memory.points): string[] => [...points].filter(([id]) => !before.has(id)).map(([, { text }]) => text).sort()
    const teach = async (...inputs: readonly (readonly [id: string, type: string, data: object])[]): Promise<void> => {
      await publishAll(system, inputs.map(([id, type, data]) => ({ subject: `in.acme.source.${id}`, body: { type: `source.${type}`, data } })))
      await systemCaughtUp(system)
      await caughtUp(stage)
    }
    await teach(['faq', 'taught', { revision: 'r1', chunks: ['Opens at nine.', '九点开门。'] }], ['other', 'taught', { chunks: ['Closed on Sundays.'] }])
    expect(known()).toEqual(['Closed on Sundays.', 'Opens at nine.', '九点开门。'])
    expect([...memory.points.values()].find(({ text }) => text === '九点开门。')).toMatchObject({ in: 'knowledge', source: 'faq', kind: 'source', actor: 'faq', lang: 'zh', chunk: 1 })
    const written = memory.written
    await teach(['faq', 'taught', { revision: 'r2', chunks: ['Opens at ten.', '九点开门。'] }])
    expect(known()).toEqual(['Closed on Sundays.', 'Opens at ten.', '九点开门。'])
    expect(memory.written).toBe(written + 1)
    await teach(['faq', 'taught', { revision: 'r3', part: 1, parts: 2, chunks: ['Never.'] }])
    expect(known()).toContain('九点开门。')
    await teach(['faq', 'taught', { revision: 'r1', chunks: ['Opens at nine.', '九点开门。'] }], ['other', 'forgotten', {}])
    expect(known()).toEqual(['Opens at nine.', '九点开门。'])
    await stage.stop()

    const anew = createMemoryStore()
    const again = await begin('t5-anew', anew.store)
    await caughtUp(again)
    expect(known(anew.points)).toEqual(known())
    await again.stop()

    // As if a power failure had taken records that let go what is known by those that are left.
    const { kv, jetstream } = system.running
    const { created, state } = await jetstream.jsm.streams.info('LOG')
    const checkpoints = createCheckpoints(kv, 't5')
    await checkpoints.save(0, [{ created, seq: state.last_seq + 10, ts: new Date().toISOString() }, ...await checkpoints.load(0)])
    for (const [id, { text }] of memory.points) if (text === '九点开门。') memory.points.delete(id)
    const healed = await begin('t5', memory.store)
    await caughtUp(healed)
    expect(known()).toEqual(['Opens at nine.', '九点开门。'])
    await healed.stop()
  })

  it('is asked over NATS by a process without a memory, which says so where none answers', async () => {
    await expect(createRemoteSearch(system.running.jetstream.nc)({ tenant: 'acme', q: 'order' })).rejects.toMatchObject({ code: 'no_memory', message: expect.stringContaining('embed or serve') as string })
    const memories = createTenantSearches(system.running.jetstream, createRemoteSearch(system.running.jetstream.nc))
    const mine = memories.of({ tenant: 'acme', kind: 'support', id: 'c1' })
    expect(await mine.knowledgeVersion()).toMatch(/^log-\d+$/)
    expect(await memories.of({ tenant: 'nobody', kind: 'support', id: 'c1' }).knowledgeVersion()).toBeUndefined()
    await expect(mine.search({ q: 'order', limit: 1 })).rejects.toMatchObject({ code: 'no_memory' })
    memories.stop()
  })

  it('removes what came from records that LOG has lost', async () => {
    const memory = createMemoryStore()
    const { kv, jetstream } = system.running
    const stage = await begin('t4', memory.store)
    await caughtUp(stage)
    await stage.stop()
    const { created, state } = await jetstream.jsm.streams.info('LOG')
    const checkpoints = createCheckpoints(kv, 't4')
    // As if LOG had had ten more records that a power failure took.
    await checkpoints.save(0, [{ created, seq: state.last_seq + 10, ts: new Date().toISOString() }, ...await checkpoints.load(0)])
    const [any] = memory.points.values()
    if (any === undefined) throw new Error('nothing was stored')
    memory.points.set('lost', { ...any, id: 'lost', seq: state.last_seq + 5 })
    const before = memory.points.size
    const healed = await begin('t4', memory.store)
    await caughtUp(healed)
    expect(memory.points.has('lost')).toBe(false)
    expect(memory.points.size).toBe(before - 1)
    await healed.stop()
  })
  it('fills a store again that was emptied, or put back to an older state, and embeds no more than what is missing', async () => {
    const memory = createMemoryStore()
    const restarted = async (): Promise<void> => {
      const stage = await begin('t5', memory.store)
      await caughtUp(stage)
      await stage.stop()
    }
    await restarted()
    const older = new Map(memory.points)
    await say('这句话后来丢了', 'this was said later')
    await restarted()
    const all = memory.said()
    expect(all.length).toBeGreaterThan(older.size)

    for (const left of [new Map<string, IndexPoint>(), older]) {
      memory.points.clear()
      for (const [id, point] of left) memory.points.set(id, point)
      const before = memory.written
      await restarted()
      expect(memory.said()).toEqual(all)
      expect(memory.written - before).toBe(all.length - left.size)
    }
  })
})
