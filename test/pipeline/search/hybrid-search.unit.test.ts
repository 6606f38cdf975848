import { describe, expect, it } from 'vitest'
import { createHybridSearch } from '../../../pipeline/search/hybrid-search.ts'
import type { Search } from '../../../pipeline/search/search-answer.ts'
import type { SearchRequest } from '../../../pipeline/search/search-request.ts'
import { CURRENT_CUTTER } from '../../../pipeline/search/term-cutter.ts'
import type { IndexFilter, StoreHit } from '../../../pipeline/search/vector-store.ts'
import { foundHit } from '../../support/found-hit.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.parse('2026-11-20T10:00:00Z')

/** A search over these candidates, by a model of meaning. */
const searchOver = (found: readonly StoreHit[], kind: 'semantic' | 'lexical' = 'semantic'): Search =>
  createHybridSearch({
    store: { cutter: CURRENT_CUTTER, search: () => Promise.resolve([...found]) },
    embedder: { kind, embed: () => Promise.resolve([Float32Array.of(1)]) },
    cosineScales: () => ({ unrelated: 0.9, related: 0.95, isKnown: true }),
    now: () => NOW_MS,
  })
const ask = async (found: readonly StoreHit[], more: Partial<SearchRequest> = {}) =>
  (await searchOver(found)({ q: 'where is it', all: true, ...more })).hits.map(({ source, score }) => [source, score] as const)
const order = async (found: readonly StoreHit[], more: Partial<SearchRequest> = {}): Promise<string[]> =>
  (await ask(found, more)).map(([source]) => source)

/** The cosines of a model whose cosines are all above 0.9; only the first is an answer. */
const NARROW = [0.95, ...Array.from({ length: 30 }, (_, index) => 0.9 + index / 2_000)]
const narrow = (more: Partial<StoreHit> = {}): StoreHit[] =>
  NARROW.map((similarity, index) => foundHit(`h${index}`, { similarity, ...(index === 1 && more) }))

describe('the tags of a search', () => {
  it('reach the store in a group for each key, and are refused by name where they are none', async () => {
    const asked: IndexFilter[] = []
    const search = createHybridSearch({
      store: {
        cutter: CURRENT_CUTTER,
        async search({ filter }) {
          asked.push(filter)
          return []
        },
      },
      embedder: { kind: 'lexical', embed: () => Promise.resolve([Float32Array.of(1)]) },
      now: () => NOW_MS,
    })
    await search({ q: 'x', tag: 'product=otter' })
    await search({ q: 'x', tag: ['product=otter', 'product=海狸', 'formula=a=b'] })
    expect(asked.map(({ tags }) => tags)).toEqual([[['product=otter']], [['product=otter', 'product=海狸'], ['formula=a=b']]])
    await expect(search({ q: 'x', tag: 'novalue' })).rejects.toMatchObject({
      code: 'bad_query',
      message: 'tag: must be key=value: has no "="',
    })
    const many = Array.from({ length: 17 }, (_, index) => `k=${index}`)
    await expect(search({ q: 'x', tag: many })).rejects.toMatchObject({
      code: 'bad_query',
      message: 'tag: must be at most 16 tags, and is 17',
    })
  })
})

describe('hybrid search, fused by evidence', () => {
  it('lets vectors decide where words say little, and words where vectors say little, also with cosines above 0.9', async () => {
    expect((await order(narrow({ keyword: 0.05, bm25: 1 })))[0]).toBe('h0')
    const flat = narrow({ keyword: 0.6, bm25: 20 }).map((hit) => ({ ...hit, similarity: Math.min(0.915, hit.similarity ?? 0) }))
    expect((await order(flat))[0]).toBe('h1')
  })

  it('uses fixed weights where one is given, and refuses one that would have no effect', async () => {
    const found = narrow({ keyword: 0.6, bm25: 20 })
    expect((await ask(found, { denseWeight: 0 }))[0]).toEqual(['h1', 0.6])
    expect((await ask(found, { denseWeight: 1 }))[0]).toEqual(['h0', 0.95])
    expect(await ask(found, { fusion: 'weights' })).toEqual(await ask(found, { denseWeight: 0.7 }))
    await expect(searchOver(found)({ q: 'x', fusion: 'auto', denseWeight: 0.5 })).rejects.toMatchObject({
      code: 'bad_query',
      message: expect.stringContaining('denseWeight') as string,
    })
  })

  it('shows by its score that nothing is related, with a model whose cosines are all above 0.9', async () => {
    const [answer, none] = [
      await ask(narrow()),
      await ask(
        narrow().map((hit) => ({ ...hit, similarity: 0.905 })),
        { limit: 100 },
      ),
    ]
    expect(answer[0]?.[1]).toBeGreaterThan(0.69)
    expect(none[0]?.[1]).toBeLessThan(0.1)
    expect(none).toHaveLength(NARROW.length)
  })

  it('takes one candidate, none, equal ones in the order of their sequence, and those without any word or vector', async () => {
    expect(await order([])).toEqual([])
    expect(await order([foundHit('only', { similarity: 0.9 })])).toEqual(['only'])
    const equal = [1, 3, 2].map((seq) => foundHit(`s${seq}`, { similarity: 0.9 + seq * 1e-9, keyword: 0.2, bm25: 3, seq }))
    expect(await order(equal)).toEqual(['s3', 's2', 's1'])
    expect(await order([0.1, 0.3].map((cosine) => foundHit(`c${cosine}`, { similarity: cosine })))).toEqual(['c0.3', 'c0.1'])
    expect(await order([1, 5].map((bm25) => foundHit(`b${bm25}`, { similarity: null, keyword: 0.1, bm25 })))).toEqual(['b5', 'b1'])
    expect(await order([foundHit('nothing', {})])).toEqual([])
  })

  it('answers with numbers alone where a store holds vectors that are not finite', async () => {
    const found = [
      foundHit('broken', { similarity: NaN, keyword: 0.1, bm25: 1 }),
      foundHit('far', { similarity: 0.92, keyword: 0.1, bm25: 1, seq: 2 }),
      foundHit('whole', { similarity: 0.94, keyword: 0.1, bm25: 1 }),
    ]
    for (const more of [{}, { fusion: 'weights' }, { fusion: 'rrf' }] as const) {
      const { hits } = await searchOver(found)({ q: 'x', all: true, ...more })
      expect(hits.map(({ source, dense }) => [source, dense])).toEqual([
        ['whole', 0.94],
        ['far', 0.92],
        ['broken', null],
      ])
      for (const { score } of hits) expect(score).toBeGreaterThan(0)
    }
    expect((await searchOver(found)({ q: 'x', mode: 'dense' })).hits.map(({ source }) => source)).toEqual(['whole', 'far'])
  })

  it('takes age into account, and counts duplicates of which there are hundreds', async () => {
    const at = (days: number): string => new Date(NOW_MS - days * DAY_MS).toISOString()
    const aged = [foundHit('old', { similarity: 0.95, at: at(10) }), foundHit('new', { similarity: 0.94, at: at(0) })]
    expect(await order(aged)).toEqual(['old', 'new'])
    expect(await order(aged, { halfLifeHours: 24 })).toEqual(['new', 'old'])
    const same = Array.from({ length: 200 }, (_, seq) => foundHit(`d${seq}`, { text: 'the same text', similarity: 0.94, seq }))
    const { hits, duplicates } = await searchOver([...same, foundHit('other', { similarity: 0.91 })])({ q: 'x' })
    expect(hits.map(({ source }) => source)).toEqual(['d199', 'other'])
    expect(duplicates).toBe(199)
  })
})
