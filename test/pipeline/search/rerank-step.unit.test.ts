import { describe, expect, it } from 'vitest'
import type { Reranker } from '../../../pipeline/reranking/reranker.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { createHybridSearch } from '../../../pipeline/search/hybrid-search.ts'
import { createRerankStep } from '../../../pipeline/search/rerank-step.ts'
import type { Search, SearchAnswer } from '../../../pipeline/search/search-answer.ts'
import type { SearchRequest } from '../../../pipeline/search/search-request.ts'
import { CURRENT_CUTTER } from '../../../pipeline/search/term-cutter.ts'
import type { StoreHit } from '../../../pipeline/search/vector-store.ts'
import { foundHit } from '../../support/found-hit.ts'
import { silent } from '../../support/test-system.ts'

const NOW_MS = Date.parse('2026-11-20T10:00:00Z')
const HOUR_MS = 3_600_000

/** Candidates by words alone, best first: h0, h1… */
const found = (count: number, more: (index: number) => Partial<StoreHit> = () => ({})): StoreHit[] =>
  Array.from({ length: count }, (_, index) =>
    foundHit(`h${index}`, {
      text: `text ${String.fromCharCode(97 + index).repeat(9)}`,
      keyword: 0.6 - index / 50,
      bm25: 20 - index,
      similarity: 0.9,
      ...more(index),
    }),
  )
/** Gives each text the score of its letter; default 0. */
const scoring =
  (scores: Readonly<Record<string, number>>): Reranker['rerank'] =>
  async (_question, texts) =>
    texts.map((text) => scores[text.at(-1) ?? ''] ?? 0)

function searchWith(rerank: Reranker['rerank'], candidates: readonly StoreHit[], options = {}) {
  const metrics = createMetrics()
  const reranker: Reranker = { name: 'judge', rerank, close: async () => undefined }
  const reranking = createRerankStep({ reranker, candidatesMax: 3, budgetMs: 60_000, log: silent, metrics, ...options })
  const search: Search = createHybridSearch({
    store: { cutter: CURRENT_CUTTER, search: async () => [...candidates] },
    embedder: { kind: 'semantic', embed: async () => [Float32Array.of(1)] },
    cosineScales: () => ({ unrelated: 0.9, related: 0.95, isKnown: true }),
    reranking,
    now: () => NOW_MS,
  })
  const ask = (more: Partial<SearchRequest> = {}): Promise<SearchAnswer> => search({ q: 'where is it', ...more })
  const outcomes = async (): Promise<Record<string, number>> =>
    Object.fromEntries((await metrics.reranked.get()).values.map(({ labels, value }) => [String(labels.outcome), value]))
  return { ask, outcomes }
}
const gist = ({ hits }: SearchAnswer) => hits.map(({ source, score }) => [source, score] as const)

describe('re-ranking', () => {
  it('orders the best by the re-ranker and leaves the others below, with scores that never rise', async () => {
    const { ask, outcomes } = searchWith(scoring({ a: 0.2, b: 0.1, c: 0.9, e: 1 }), found(5))
    const answer = await ask({ limit: 5 })
    expect(gist(answer)).toEqual([
      ['h2', 0.9],
      ['h0', 0.2],
      ['h1', 0.1],
      ['h3', 0.1],
      ['h4', 0.1],
    ])
    expect(answer.reranked).toMatchObject({ model: 'judge', texts: 3 })
    expect(await outcomes()).toEqual({ done: 1 })
    expect(gist(await ask({ limit: 1 }))).toEqual([['h2', 0.9]])
    const plain = await ask({ rerank: false, limit: 5 })
    expect(plain.hits.map(({ source }) => source)).toEqual(['h0', 'h1', 'h2', 'h3', 'h4'])
    expect(plain).not.toHaveProperty('reranked')
  })

  it('reads no near-duplicates, and counts those of its hits', async () => {
    const read: string[] = []
    const rerank: Reranker['rerank'] = async (_question, texts) => {
      read.push(...texts)
      return texts.map(() => 0.5)
    }
    const { ask } = searchWith(rerank, [...found(2), ...found(200, () => ({ text: 'the same text again', keyword: 0.1, bm25: 1 }))])
    const { hits, duplicates } = await ask()
    expect(read).toHaveLength(3)
    expect(hits).toHaveLength(3)
    expect(duplicates).toBe(199)
  })

  it('takes age into account, and keeps the order of equal scores', async () => {
    const aged = found(3, (index) => ({ at: new Date(NOW_MS - (index === 0 ? 48 * HOUR_MS : 0)).toISOString() }))
    const { ask } = searchWith(scoring({ a: 0.8, b: 0.5, c: 0.5 }), aged)
    expect(gist(await ask())[0]).toEqual(['h0', 0.8])
    expect(gist(await ask({ halfLifeHours: 24 }))).toEqual([
      ['h1', 0.5],
      ['h2', 0.5],
      ['h0', 0.2],
    ])
  })

  it.each([
    ['late', 'does not answer in its budget', (_q: string, _t: readonly string[], signal: AbortSignal) => rejectedBy(signal)],
    ['failed', 'throws', () => Promise.reject(new Error('no'))],
    ['failed', 'gives too few scores', async () => [1]],
    ['failed', 'gives NaN', async (_q: string, texts: readonly string[]) => texts.map(() => NaN)],
    ['failed', 'gives more than 1', async (_q: string, texts: readonly string[]) => texts.map(() => 7)],
  ] as const)('is left out and said (%s) where the re-ranker %s', async (skipped, _what, rerank) => {
    const { ask, outcomes } = searchWith(rerank, found(5), { budgetMs: skipped === 'late' ? 1 : 60_000 })
    const answer = await ask()
    expect(answer.hits.map(({ source }) => source)).toEqual(['h0', 'h1', 'h2', 'h3', 'h4'])
    expect(answer.reranked).toEqual({ model: 'judge', skipped })
    expect(await outcomes()).toEqual({ [skipped]: 1 })
    expect(gist(answer)).toEqual(gist(await ask({ rerank: false })))
  })

  it('is not asked without any hit', async () => {
    const { ask, outcomes } = searchWith(() => Promise.reject(new Error('asked')), [])
    expect(await ask()).toMatchObject({ hits: [] })
    expect(await outcomes()).toEqual({})
  })
})

describe('the least score', () => {
  it('leaves out hits below it, and counts them', async () => {
    const { ask } = searchWith(scoring({ a: 0.2, c: 0.9 }), found(5))
    expect(await ask({ scoreMin: 0.2, limit: 4 })).toMatchObject({ hits: [{ source: 'h2' }, { source: 'h0' }], belowMin: 2 })
    expect(await ask({ scoreMin: 1 })).toMatchObject({ hits: [], belowMin: 5 })
    expect(await ask()).not.toHaveProperty('belowMin')
    await expect(ask({ scoreMin: 1.1 })).rejects.toMatchObject({ code: 'bad_query' })
  })
})

describe('the explanation', () => {
  it('has for each hit both scores, places, parts, age and what lifted and what lowered it, and for the answer the rest', async () => {
    const odd = [{ similarity: 0.85 }, { similarity: 0.99 }, {}, { keyword: 0, bm25: 0 }]
    const candidates = found(4, (index) => odd[index] ?? {})
    const { ask } = searchWith(scoring({ c: 0.9, a: 0.3, b: 0.3 }), candidates)
    const { hits, explanation } = await ask({ explain: true, kind: 'support', scoreMin: 0.01 })
    expect(hits.map(({ source, explain }) => [source, explain?.lifted, explain?.lowered])).toEqual([
      ['h2', ['rerank'], []],
      ['h1', [], ['rerank']],
      ['h0', ['words'], ['vectors']],
    ])
    expect(hits[1]?.explain).toMatchObject({
      dense: { score: 0.99, place: 1 },
      keyword: { score: 0.58, place: 2, bm25: 19 },
      fused: { place: 1, parts: { keyword: 7.6 } },
      decay: 1,
      rerank: { score: 0.3, placeBefore: 1 },
    })
    expect(explanation).toEqual({
      model: 'semantic',
      fusion: 'auto',
      weights: { dense: 2, keyword: 0.4 },
      candidates: 4,
      scoreMin: 0.01,
      filters: { kind: 'support' },
    })
    expect((await ask()).hits[0]).not.toHaveProperty('explain')
  })

  it('tells what lifted and what lowered each hit: a search with a negative part never lifts', async () => {
    const odd = [{ similarity: 0.5 }, { similarity: 0.99 }, { similarity: 0.7 }, { keyword: 0, bm25: 0, similarity: 0.8 }]
    const { ask } = searchWith(
      scoring({}),
      found(4, (index) => odd[index] ?? {}),
    )
    const { hits } = await ask({ explain: true, rerank: false })
    for (const { explain } of hits) {
      const parts = explain?.fused.parts
      if ((parts?.dense ?? 0) < 0) expect(explain).toMatchObject({ lowered: expect.arrayContaining(['vectors']) as string[] })
      if ((parts?.dense ?? 0) <= 0) expect(explain?.lifted).not.toContain('vectors')
    }
    expect(hits.map(({ source, explain }) => [source, explain?.lifted, explain?.lowered])).toEqual([
      ['h1', ['vectors'], []],
      ['h2', ['words'], ['vectors']],
      ['h0', ['words'], ['vectors']],
      ['h3', ['vectors'], ['words']],
    ])
  })

  it('tells that newer texts passed a hit, and which one passed older ones', async () => {
    const at = (hours: number) => ({ at: new Date(NOW_MS - hours * HOUR_MS).toISOString() })
    const { ask } = searchWith(
      scoring({}),
      found(2, (index) => at(index === 0 ? 1_000 : 0)),
    )
    const { hits } = await ask({ explain: true, rerank: false, halfLifeHours: 10, fusion: 'weights' })
    expect(hits.map(({ source, explain }) => [source, explain?.lifted.includes('age'), explain?.lowered.includes('age')])).toEqual([
      ['h1', true, false],
      ['h0', false, true],
    ])
  })

  it('has the score before re-ranking beside the new one, in any answer that was re-ranked', async () => {
    const { ask } = searchWith(scoring({ a: 0.2, b: 0.1, c: 0.9 }), found(5))
    const plain = new Map((await ask({ rerank: false })).hits.map(({ source, score }) => [source, score]))
    const { hits } = await ask()
    expect(hits.map(({ source, fused }) => [source, fused])).toEqual(hits.map(({ source }) => [source, plain.get(source)]))
    expect((await ask({ rerank: false })).hits[0]).not.toHaveProperty('fused')
  })

  it('tells the k of rrf, which changes how much the first places stand out', async () => {
    const { ask } = searchWith(scoring({}), found(4))
    const spread = async (rrfK: number): Promise<number> => {
      const { hits, explanation } = await ask({ fusion: 'rrf', rrfK, rerank: false, explain: true })
      expect(explanation).toMatchObject({ fusion: 'rrf', k: rrfK, weights: { dense: 0.7, keyword: 0.3 } })
      return (hits[0]?.score ?? NaN) - (hits[3]?.score ?? NaN)
    }
    expect(await spread(1)).toBeGreaterThan(10 * (await spread(100)))
    await expect(ask({ fusion: 'rrf', rrfK: 0 })).rejects.toMatchObject({ code: 'bad_query' })
    await expect(ask({ rrfK: 10 })).rejects.toMatchObject({ code: 'bad_query' })
  })
})

/** Rejects when the signal aborts. */
const rejectedBy = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')))
  })
