import { describe, expect, it } from 'vitest'
import type { Caches } from '../../../pipeline/cache/caches.ts'
import { createCache } from '../../../pipeline/cache/two-level-cache.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { createCachedSearch, createSearchAnswers, type SearchAnswers } from '../../../pipeline/search/cached-search.ts'
import { createQueryVector, createQueryVectorCache } from '../../../pipeline/search/query-vectors.ts'
import type { SearchAnswer } from '../../../pipeline/search/search-answer.ts'
import type { SearchRequest } from '../../../pipeline/search/search-request.ts'

/** One level, without NATS. */
const caches: Caches = {
  create: ({ share, ...options }) =>
    createCache({ ...options, bytesMax: Math.floor(share * 1024 ** 2), eviction: 'lru', metrics: createMetrics() }),
  stop: () => Promise.resolve(),
}

/** A search over a collection with a version; each search that runs has another answer. */
function searching(more: Partial<SearchAnswer> = {}) {
  const state = { version: 'one' as string | undefined, searched: 0, versionsRead: 0, during: () => undefined as void }
  const answers = createSearchAnswers(caches)
  const searchWith = (setUp: readonly string[], shared: SearchAnswers = answers) =>
    createCachedSearch({
      answers: shared,
      setUp,
      async versionOf() {
        state.versionsRead += 1
        return state.version
      },
      async search() {
        state.searched += 1
        state.during()
        return { hits: [], duplicates: state.searched, model: 'lexical', ...more }
      },
    })
  return { state, searchWith, search: searchWith(['collection']) }
}
const Q: SearchRequest = { tenant: 'acme', q: 'where is it' }

describe('a cached search', () => {
  it('runs twice, and no more while the collection stays the same', async () => {
    const { state, search } = searching()
    const answers = []
    for (let asked = 0; asked < 5; asked++) answers.push((await search(Q)).duplicates)
    expect(answers).toEqual([1, 2, 2, 2, 2])
    // A question that is asked once costs no reading of the version.
    await search({ ...Q, q: 'once' })
    expect(state.versionsRead).toBe(5)
  })

  it('runs again after each change, and while the version cannot be told', async () => {
    const { state, search } = searching()
    for (let asked = 0; asked < 3; asked++) await search(Q)
    state.version = 'two'
    expect((await search(Q)).duplicates).toBe(3)
    expect((await search(Q)).duplicates).toBe(3)
    state.version = undefined
    expect((await search(Q)).duplicates).toBe(4)
    expect((await search(Q)).duplicates).toBe(5)
  })

  it('is not kept if the collection changes while it runs', async () => {
    const { state, search } = searching()
    let changes = 0
    state.during = () => {
      state.version = `changed ${changes++}`
    }
    for (let asked = 1; asked < 5; asked++) expect((await search(Q)).duplicates).toBe(asked)
  })

  it('is found by the same request alone: not by another field, tenant, or set-up', async () => {
    const { search, searchWith } = searching()
    for (let asked = 0; asked < 3; asked++) await search(Q)
    const others: SearchRequest[] = [
      { ...Q, tenant: 'other' },
      { ...Q, q: 'Where is it' },
      { ...Q, limit: 3 },
      { ...Q, mode: 'keyword' },
      { ...Q, tag: ['a=b'] },
      { ...Q, until: '2026-01-01T00:00:00Z' },
    ]
    for (const other of others) expect((await search(other)).duplicates).toBeGreaterThan(2)
    expect((await searchWith(['another collection'])(Q)).duplicates).toBeGreaterThan(2)
    // The defaults are part of the request, said or not.
    expect((await search({ ...Q, mode: 'hybrid', limit: 10 })).duplicates).toBe(2)
  })

  it('always runs where the answer depends on the time, or the question is long', async () => {
    const { state, search } = searching()
    for (const more of [{ halfLifeHours: 1 }, { q: 'x'.repeat(2_000) }]) {
      const before = state.searched
      for (let asked = 0; asked < 4; asked++) await search({ ...Q, ...more })
      expect(state.searched - before).toBe(4)
    }
  })

  it('is kept with a re-ranked answer, and not with one whose re-ranker was late', async () => {
    const late = searching({ reranked: { model: 'm', skipped: 'late' } })
    for (let asked = 1; asked < 5; asked++) expect((await late.search(Q)).duplicates).toBe(asked)
    const done = searching({ reranked: { model: 'm', texts: 3, tookMs: 9 } })
    for (let asked = 0; asked < 4; asked++) await done.search(Q)
    expect(done.state.searched).toBe(2)
  })

  it('refuses a bad request as the search does', async () => {
    await expect(searching().search({ q: '' })).rejects.toMatchObject({ code: 'bad_query' })
  })
})

describe('the vector of a question', () => {
  const embedderOf = (kind: 'semantic' | 'lexical', fingerprint = 'model-1') => {
    const embedded: string[] = []
    return {
      embedded,
      kind,
      fingerprint,
      dimension: 2,
      async embed(texts: readonly string[]) {
        embedded.push(...texts)
        return texts.map((text) => Float32Array.of(text.length, 1))
      },
    }
  }

  it('is computed once for a tenant and a model of meaning', async () => {
    const cache = createQueryVectorCache(caches)
    const [one, other] = [embedderOf('semantic'), embedderOf('semantic', 'model-2')]
    for (let asked = 0; asked < 3; asked++) {
      expect(await createQueryVector(one, cache)('acme', '退货')).toEqual(Float32Array.of(2, 1))
      await createQueryVector(one, cache)('beta', '退货')
      await createQueryVector(other, cache)('acme', '退货')
    }
    expect([one.embedded, other.embedded]).toEqual([['退货', '退货'], ['退货']])
  })

  it('is computed each time by a lexical model, without a cache, and for a long question', async () => {
    const cache = createQueryVectorCache(caches)
    const [lexical, uncached, long] = [embedderOf('lexical'), embedderOf('semantic'), embedderOf('semantic')]
    for (let asked = 0; asked < 2; asked++) {
      await createQueryVector(lexical, cache)('acme', 'q')
      await createQueryVector(uncached, undefined)('acme', 'q')
      await createQueryVector(long, cache)('acme', 'x'.repeat(2_000))
    }
    expect([lexical, uncached, long].map(({ embedded }) => embedded.length)).toEqual([2, 2, 2])
  })
})
