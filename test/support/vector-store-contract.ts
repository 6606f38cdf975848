import { hash } from 'node:crypto'
import { expect, it } from 'vitest'
import { createHybridSearch } from '../../pipeline/search/hybrid-search.ts'
import { CURRENT_CUTTER } from '../../pipeline/search/term-cutter.ts'
import type { IndexFilter, IndexPoint, StoredPoint, StoreHit, VectorStore } from '../../pipeline/search/vector-store.ts'
import type { TagFilter } from '../../schemas/tags.ts'

export const DIMENSION = 16

/** A UUID derived from a name. */
export function idOf(name: string): string {
  const hex = hash('sha256', name)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** A vector of length 1 whose direction derives from a seed. */
export function vectorOf(seed: string, dimension = DIMENSION): Float32Array {
  const bytes = Buffer.concat(Array.from({ length: Math.ceil(dimension / 16) }, (_, index) => hash('sha256', `${seed}/${index}`, 'buffer')))
  const vector = Float32Array.from({ length: dimension }, (_, index) => bytes.readInt16LE((index * 2) % (bytes.length - 1)))
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

/** A vector of length 1 along some axes, most along the first. */
function axis(...axes: readonly number[]): Float32Array {
  const vector = new Float32Array(DIMENSION)
  for (const [index, at] of axes.entries()) vector[at] = axes.length - index
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

export const pointOf = (name: string, text: string, more: Partial<IndexPoint> = {}): IndexPoint => ({
  id: idOf(`${more.tenant ?? 'acme'}/${name}`),
  tenant: 'acme',
  in: 'messages',
  kind: 'support',
  actor: 'c1',
  source: name,
  chunk: 0,
  lang: 'en',
  at: '2026-11-20T10:00:00.123Z',
  seq: 1,
  text,
  vector: vectorOf(text),
  ...more,
})

/** Texts of two languages, of which some questions find several. */
export const TEXTS = {
  en: ['Where is my order? The order was shipped.', 'I want my money back for order 7', 'an invoice in C#, the order of Café', 'nothing'],
  zh: ['我的订单什么时候发货？订单已付款。', '如何退貨？退货需要发票', '含税价格，订单', '你好'],
} as const

/**
 * Asks two stores with the same points in both languages, and expects the same hits with the same scores. Expects that the check of the
 * index reads the same points.
 */
export async function expectSameScores(one: VectorStore, other: VectorStore): Promise<void> {
  const points = async (store: VectorStore): Promise<StoredPoint[]> => {
    const all: StoredPoint[] = []
    for await (const page of store.scan({ from: 0, to: 100 })) all.push(...page)
    return all.sort((a, b) => a.source.localeCompare(b.source))
  }
  expect(await points(other)).toEqual(await points(one))
  for (const question of ['order shipped', 'order of a cafe in C#', '订单发货', '退貨發票', '税', 'order 订单']) {
    const query = { tenant: 'acme', filter: {}, terms: CURRENT_CUTTER.ask(question), vector: vectorOf(question), limit: 20 }
    const hits = async (store: VectorStore): Promise<StoreHit[]> =>
      (await store.search(query)).sort((a, b) => a.source.localeCompare(b.source))
    const found = await hits(one)
    expect(found.filter(({ keyword }) => (keyword ?? 0) > 0).length, question).toBeGreaterThan(0)
    expect(await hits(other)).toEqual(found)
  }
}

const sourcesOf = (hits: readonly StoreHit[], by: 'similarity' | 'keyword'): string[] =>
  [...hits].sort((a, b) => (b[by] ?? 0) - (a[by] ?? 0)).map(({ source }) => source)

/** Tests that every store must pass. `open` opens the collection of that name and creates it if it is missing. */
export function storeContract(open: (collection: string, dimension?: number) => Promise<VectorStore>): void {
  it('finds points by vector and by terms, returns both scores for each, and returns the stored properties', async () => {
    const store = await open('contract-find')
    const order = pointOf('order', 'Where is my order? It was shipped on Monday.', { lang: null, seq: 7, chunk: 2 })
    await store.upsert([order, pointOf('refund', 'I want my money back'), pointOf('zh', '我的订单什么时候发货？', { lang: 'zh' })])
    const byTerms = await store.search({ tenant: 'acme', filter: {}, terms: CURRENT_CUTTER.ask('orders shipping shipped'), limit: 10 })
    expect(byTerms.map(({ source }) => source)).toEqual(['order'])
    expect(byTerms[0]?.keyword).toBeGreaterThan(0.2)
    const { vector: _vector, ...stored } = order
    expect(byTerms[0]).toMatchObject({ ...stored, similarity: null })
    const chinese = await store.search({ tenant: 'acme', filter: {}, terms: CURRENT_CUTTER.ask('订单'), limit: 10 })
    expect(chinese.map(({ source }) => source)).toEqual(['zh'])
    const vector = vectorOf('I want my money back')
    const both = await store.search({ tenant: 'acme', filter: {}, terms: CURRENT_CUTTER.ask('order'), vector, limit: 10 })
    expect(sourcesOf(both, 'similarity')[0]).toBe('refund')
    expect(sourcesOf(both, 'keyword')[0]).toBe('order')
    expect(both.find(({ source }) => source === 'refund')).toMatchObject({ similarity: expect.closeTo(1, 2) as number, keyword: 0 })
    expect(both.find(({ source }) => source === 'order')?.similarity).toBeLessThan(0.99)
  })

  it('gives hybrid search the same order and scores as any other store', async () => {
    const store = await open('contract-order')
    const texts = ['a parcel from Oslo', 'a letter from Oslo', 'my parcel to Bergen', 'a tram', 'opening hours', '订单已发货']
    await store.upsert(texts.map((text, index) => pointOf(`m${index}`, text, { vector: axis(index) })))
    const embedder = { kind: 'semantic', embed: () => Promise.resolve([axis(0, 2, 1, 3)]) } as const
    const search = createHybridSearch({ store, embedder, now: Date.now })
    const { hits } = await search({ tenant: 'acme', q: 'parcel from Oslo', limit: 4 })
    expect(hits.map(({ source }) => source)).toEqual(['m0', 'm2', 'm1', 'm3'])
    expect(hits[0]?.dense).toBeCloseTo(0.73, 2)
    expect(hits.map(({ score }) => score)).toEqual(hits.map(({ score }) => score).toSorted((a, b) => b - a))
  })

  it('returns the vectors of the points of a tenant', async () => {
    const store = await open('contract-vectors')
    const [own, other] = [pointOf('own', 'a'), pointOf('other', 'b', { tenant: 'globex' })]
    await store.upsert([own, other])
    const found = await store.vectorsOf('acme', [own.id, other.id, idOf('nobody')])
    expect([...found.keys()]).toEqual([own.id])
    // A store may keep vectors as bfloat16, which has three significant digits.
    for (const [index, value] of [...(found.get(own.id) ?? [])].entries()) expect(value).toBeCloseTo(own.vector[index] ?? NaN, 2)
  })

  it('finds words in either Chinese script, without accents, with the signs of names, and by one Han character', async () => {
    const store = await open('contract-words')
    const texts = { t: '如何退貨？', s: '如何开发票？含税。', cafe: 'The Café', c: 'in C', sharp: 'in C#', plus: 'in C++' }
    await store.upsert(Object.entries(texts).map(([name, text]) => pointOf(name, text)))
    const found = async (q: string): Promise<string[]> => {
      const hits = await store.search({ tenant: 'acme', filter: {}, terms: store.cutter.ask(q), limit: 10 })
      return hits.map(({ source, text, keyword }) => {
        expect(text).toBe(Object.entries(texts).find(([name]) => name === source)?.[1])
        expect(keyword).toBeGreaterThan(0)
        return source
      })
    }
    expect(await found('退货')).toEqual(['t'])
    expect(await found('發票')).toEqual(['s'])
    expect(await found('税')).toEqual(['s'])
    expect(await found('cafe')).toEqual(['cafe'])
    expect(await found('C')).toEqual(['c'])
    expect(await found('c#')).toEqual(['sharp'])
    expect(await found('C++')).toEqual(['plus'])
  })

  it('never returns points of another tenant, whatever the name of a tenant', async () => {
    const store = await open('contract-tenants')
    const hostile = ['acme', 'other', '" OR 1=1 --', "' OR tenant != '", '{"tenant":"acme"}', '租户', 'a'.repeat(128)]
    await store.upsert(hostile.map((tenant) => pointOf('secret', 'the secret plan', { tenant })))
    for (const tenant of hostile) {
      const hits = await store.search({
        tenant,
        filter: {},
        terms: CURRENT_CUTTER.ask('secret plan'),
        vector: vectorOf('the secret plan'),
        limit: 50,
      })
      expect(hits.map((hit) => hit.tenant)).toEqual([tenant])
      expect(hits[0]?.id).toBe(idOf(`${tenant}/secret`))
    }
    await store.deleteBy("' OR tenant != '", {})
    expect(await store.count('acme', {})).toBe(1)
    expect(await store.count("' OR tenant != '", {})).toBe(0)
    expect(await store.search({ tenant: 'nobody', filter: {}, terms: ['secret'], vector: vectorOf('x'), limit: 10 })).toEqual([])
  })

  it('overwrites a point with the same id, and reports which ids are stored', async () => {
    const store = await open('contract-overwrite')
    const before = pointOf('m1', 'the old wording')
    await store.upsert([before])
    await store.upsert([{ ...before, text: 'the new phrase', vector: vectorOf('the new phrase') }])
    expect(await store.count('acme', {})).toBe(1)
    expect(await store.search({ tenant: 'acme', filter: {}, terms: CURRENT_CUTTER.ask('old wording'), limit: 10 })).toEqual([])
    expect(await store.search({ tenant: 'acme', filter: {}, terms: CURRENT_CUTTER.ask('new phrase'), limit: 10 })).toMatchObject([
      { text: 'the new phrase' },
    ])
    expect(await store.existing([before.id, idOf('nothing')])).toEqual(new Set([before.id]))
    const others = Array.from({ length: 300 }, (_, index) => idOf(`nothing/${index}`))
    await store.upsert([pointOf('m2', 'another phrase')])
    await store.remove([...others, before.id])
    expect(await store.search({ tenant: 'acme', filter: {}, terms: CURRENT_CUTTER.ask('phrase'), limit: 10 })).toMatchObject([
      { source: 'm2' },
    ])
    await store.remove([])
  })

  it('applies every filter to searches, counts and deletions', async () => {
    const store = await open('contract-filters')
    const text = 'a parcel from Oslo'
    await store.upsert([
      pointOf('plain', text),
      pointOf('learned', text, { in: 'knowledge', kind: 'source', actor: 'faq' }),
      pointOf('german', text, { lang: 'de' }),
      pointOf('other', text, { actor: 'c2' }),
      pointOf('late', text, { at: '2026-11-21T00:00:00.000Z' }),
      pointOf('early', text, { at: '2025-01-01T00:00:00.000Z', seq: 9 }),
    ])
    const found = async (filter: Parameters<VectorStore['count']>[1]): Promise<string[]> => {
      const hits = await store.search({ tenant: 'acme', filter, terms: CURRENT_CUTTER.ask('parcel'), vector: vectorOf(text), limit: 10 })
      expect(await store.count('acme', filter)).toBe(hits.length)
      return hits.map(({ source }) => source).sort()
    }
    expect(await found({ in: 'knowledge' })).toEqual(['learned'])
    expect(await found({ kind: 'source' })).toEqual(['learned'])
    expect(await found({ actor: 'c2' })).toEqual(['other'])
    expect(await found({ source: 'german' })).toEqual(['german'])
    expect(await found({ lang: 'de', in: 'messages' })).toEqual(['german'])
    expect(await found({ since: '2026-11-21T00:00:00Z' })).toEqual(['late'])
    expect(await found({ until: '2025-06-01T00:00:00+02:00' })).toEqual(['early'])
    await store.rollbackTo(8)
    expect(await found({})).toEqual(['german', 'late', 'learned', 'other', 'plain'])
    await store.deleteBy('acme', { in: 'knowledge', source: 'learned' })
    expect(await found({})).toEqual(['german', 'late', 'other', 'plain'])
  })

  it('filters by the tags of sources, which change without their points', async () => {
    const store = await open('contract-tags')
    const text = 'a parcel from Oslo'
    const learned = (actor: string, more: Partial<IndexPoint> = {}): IndexPoint =>
      pointOf(actor, text, { in: 'knowledge', kind: 'source', actor, ...more })
    await store.upsert([
      learned('otter-en'),
      learned('otter-zh'),
      learned('beaver'),
      learned('plain'),
      learned('otter-en', { id: idOf('globex'), tenant: 'globex', source: 'foreign' }),
      // A conversation may have the id of a source.
      pointOf('said', text, { actor: 'otter-en' }),
    ])
    const tag = (actor: string, seq: number, tags: Readonly<Record<string, string>>) => ({ tenant: 'acme', actor, seq, tags })
    await store.setTags([
      tag('otter-en', 2, { product: 'otter', lang: 'en' }),
      tag('otter-zh', 3, { product: 'otter', lang: 'zh', formula: 'a=b=c', 产品: '水獭' }),
      tag('beaver', 4, { product: 'beaver', lang: 'zh' }),
      tag('nobody', 5, { product: 'otter' }),
    ])
    const found = async (tags: TagFilter, more: IndexFilter = {}): Promise<string[]> => {
      const filter = { ...more, tags }
      const hits = await store.search({ tenant: 'acme', filter, terms: CURRENT_CUTTER.ask('parcel'), vector: vectorOf(text), limit: 10 })
      const byWords = await store.search({ tenant: 'acme', filter, terms: CURRENT_CUTTER.ask('parcel'), limit: 10 })
      expect(byWords.length).toBe(hits.length)
      expect(await store.count('acme', filter)).toBe(hits.length)
      return hits.map(({ source }) => source).sort()
    }
    expect(await found([['product=otter']])).toEqual(['otter-en', 'otter-zh'])
    expect(await found([['product=otter'], ['lang=zh']])).toEqual(['otter-zh'])
    expect(await found([['product=otter', 'product=beaver'], ['lang=zh']])).toEqual(['beaver', 'otter-zh'])
    expect(await found([['formula=a=b=c', 'formula=a=b=c']])).toEqual(['otter-zh'])
    expect(await found([['产品=水獭']])).toEqual(['otter-zh'])
    for (const nothing of ['product=ott', 'product=Otter', 'product=', "product=otter' OR 1=1 --", 'otter']) {
      expect(await found([[nothing]])).toEqual([])
    }
    expect(await found([['product=otter']], { in: 'messages' })).toEqual([])
    expect(await found([['product=otter']], { in: 'knowledge', source: 'otter-zh' })).toEqual(['otter-zh'])
    expect(await found([])).toHaveLength(5)
    expect(await store.tagsOf('acme', ['otter-zh', 'plain'])).toEqual(
      new Map([
        ['otter-zh', [['formula=a=b=c', 'lang=zh', 'product=otter', '产品=水獭']]],
        ['plain', [[]]],
      ]),
    )

    await store.setTags([tag('otter-zh', 7, { product: 'beaver' }), tag('otter-en', 8, {})])
    expect(await found([['product=otter']])).toEqual([])
    expect(await found([['product=beaver']])).toEqual(['beaver', 'otter-zh'])
    expect((await store.tagsOf('acme', ['otter-en'])).get('otter-en')).toEqual([[]])
    // A point of the same source, and its tags set again, as after a crash.
    await store.upsert([learned('otter-zh', { id: idOf('second'), source: 'second' })])
    await store.setTags([tag('otter-zh', 7, { product: 'beaver' })])
    expect(await found([['product=beaver']])).toEqual(['beaver', 'otter-zh', 'second'])
    await store.rollbackTo(6)
    expect(await found([['product=beaver']])).toEqual(['beaver'])
    await store.setTags([])
    await store.deleteBy('acme', { tags: [['product=beaver']] })
    expect(await store.count('acme', {})).toBe(5)
  })

  it('sets and reads the tags of 2,000 sources in bounded requests', async () => {
    const store = await open('contract-many-tags')
    const actors = Array.from({ length: 2_000 }, (_, index) => `s${index}`)
    await store.upsert(actors.map((actor) => pointOf(actor, `about ${actor}`, { in: 'knowledge', kind: 'source', actor })))
    await store.setTags(actors.map((actor, seq) => ({ tenant: 'acme', actor, seq, tags: { group: String(seq % 10) } })))
    expect(await store.count('acme', { tags: [['group=3']] })).toBe(200)
    const tags = await store.tagsOf('acme', actors)
    expect(tags.size).toBe(2_000)
    expect(tags.get('s1234')).toEqual([['group=4']])
  })

  it('stores texts of any kind and size', async () => {
    const store = await open('contract-texts')
    const texts = [
      '👩‍👩‍👧 🎉',
      'مرحبا بالعالم',
      'zero\u200bwidth\u200djoined',
      "'); DROP TABLE x; --",
      '\\N \t \n "quoted"',
      '\u{1f1f3}\u{1f1f4}',
      'a'.repeat(100_000),
      '字'.repeat(50_000),
    ]
    await store.upsert(texts.map((text, index) => pointOf(`t${index}`, text)))
    for (const [index, text] of texts.entries()) {
      const query = { tenant: 'acme', filter: {}, vector: vectorOf(text), terms: CURRENT_CUTTER.ask(text).slice(0, 5), limit: 3 }
      const [best] = (await store.search(query)).sort((a, b) => (b.similarity ?? 0) - (a.similarity ?? 0))
      expect(best?.source).toBe(`t${index}`)
      expect(best?.text).toBe(text)
    }
    await store.upsert([])
    expect(await store.existing([])).toEqual(new Set())
  })

  it('bounds every request, whatever it is given: 4,000 points, 16,000 ids, texts of 250,000 characters', async () => {
    const store = await open('contract-bounds')
    const small = Array.from({ length: 4_000 }, (_, index) => pointOf(`s${index}`, `parcel number ${index}`, { seq: index + 1 }))
    const large = Array.from({ length: 12 }, (_, index) => pointOf(`l${index}`, `${index} word`.repeat(40_000), { seq: 5_000 + index }))
    await store.upsert([...small, ...large])
    expect(await store.count('acme', {})).toBe(4_012)
    const others = Array.from({ length: 12_000 }, (_, index) => idOf(`nothing/${index}`))
    expect((await store.existing([...others, ...small.map(({ id }) => id)])).size).toBe(4_000)
    const many = Array.from({ length: 8_192 }, (_, index) => `term${index}`)
    expect(await store.search({ tenant: 'acme', filter: {}, terms: [...many, 'parcel'], limit: 5 })).toEqual([])
    await store.remove([...others, ...small.map(({ id }) => id)])
    expect(await store.count('acme', {})).toBe(12)
  })

  it('scans the points of a range of sequences, of one tenant or all, without a vector', async () => {
    const store = await open('contract-scan')
    const points = Array.from({ length: 300 }, (_, seq) =>
      pointOf(`p${seq}`, `text ${seq}`, { seq, tenant: seq % 2 === 0 ? 'acme' : 'other', lang: seq % 3 === 0 ? null : 'en' }),
    )
    await store.upsert(points)
    const scan = async (range: Parameters<VectorStore['scan']>[0]): Promise<StoredPoint[]> => {
      const found: StoredPoint[] = []
      for await (const page of store.scan(range)) found.push(...page)
      return found.sort((a, b) => a.seq - b.seq)
    }
    expect(await scan({ from: 0, to: 1_000 })).toEqual(points.map(({ vector: _vector, ...stored }) => stored))
    expect((await scan({ from: 10, to: 19 })).map(({ seq }) => seq)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    expect((await scan({ from: 10, to: 14, tenant: 'acme' })).map(({ seq }) => seq)).toEqual([10, 12, 14])
    expect(await scan({ from: 301, to: Number.MAX_SAFE_INTEGER })).toEqual([])
  })

  it('refuses vectors of another dimension, and a collection with such vectors', async () => {
    const store = await open('contract-dimension')
    await expect(store.upsert([pointOf('m', 'x', { vector: vectorOf('x', 8) })])).rejects.toMatchObject({ code: 'other_dimension' })
    await expect(open('contract-dimension', 8)).rejects.toMatchObject({ code: 'other_dimension' })
    const again = await open('contract-dimension')
    expect(await again.identity()).toBe(await store.identity())
    expect(await again.prepare()).toBe(await store.identity())
  })
}
