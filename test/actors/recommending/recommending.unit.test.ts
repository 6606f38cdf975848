import { describe, expect, test } from 'vitest'
import { indexOf, type ItemIndex } from '../../../actors/recommending/item-index.ts'
import { indexChangesOf } from '../../../actors/recommending/item-index-changes.ts'
import { encodeVector } from '../../../actors/recommending/item-vector.ts'
import { createNeighbourTable, NEIGHBOURS_MAX, type NeighbourTable, ROW_MAX } from '../../../actors/recommending/neighbours.ts'
import { recommend, recommendFrom } from '../../../actors/recommending/recommend.ts'
import { topicsIn } from '../../../actors/recommending/topics-in-text.ts'
import { decodeIndex, encodeIndex } from '../../../pipeline/recommending/saved-indexes.ts'
import { STRATEGIES, type Visitor, visitorSchema } from '../../../schemas/recommendation-query.ts'

const AT = '2026-01-01T00:00:00.000Z'
const visitor = (about: Partial<Visitor> = {}): Visitor => ({ ...visitorSchema.parse({ topics: [], without: [], count: 5 }), ...about })
const shop = (): ItemIndex =>
  indexOf([
    { item: 'oolong', topics: ['tea', 'gifts'] },
    { item: 'kettle', topics: ['tea', 'kitchen'] },
    { item: 'pan', topics: ['kitchen'] },
    { item: 'lamp', topics: ['light'] },
  ])
const itemsOf = (list: ReturnType<typeof recommend>): string[] => list.map(({ item }) => item)

test.each(STRATEGIES)('what a visitor refuses, by topic or by name, is given by no strategy: %s', (strategy) => {
  const index = shop()
  index.apply(1, [
    {
      type: 'paired',
      item: 'pan',
      others: [
        ['kettle', 1],
        ['lamp', 1],
      ],
    },
  ])
  const about = {
    topics: [
      ['tea', 2],
      ['light', 1],
    ] as [string, number][],
    recent: [['pan', 1, 1]] as Visitor['recent'],
  }
  const given = itemsOf(recommend(index, visitor({ ...about, refuses: ['tea', 'lamp'] }), strategy))
  expect(given).not.toContain('kettle')
  expect(given).not.toContain('oolong')
  expect(given).not.toContain('lamp')
})

describe('strategies', () => {
  test('find by topic, also by those of recent items and of searches, and say which', () => {
    expect(recommend(shop(), visitor({ topics: [['light', 2]] }), 'topics')).toEqual([
      { item: 'lamp', score: 2, why: { by: 'topic', of: 'light' } },
    ])
    expect(itemsOf(recommend(shop(), visitor({ recent: [['pan', 1, 1]] }), 'topics'))).toEqual(['kettle', 'pan'])
    expect(itemsOf(recommend(shop(), visitor({ searches: ['a LIGHT for the desk'] }), 'topics'))).toEqual(['lamp'])
  })

  test('find what goes together, stronger pairs first', () => {
    const index = shop()
    index.apply(1, [
      {
        type: 'paired',
        item: 'oolong',
        others: [
          ['lamp', 1],
          ['pan', 0.5],
        ],
      },
    ])
    expect(recommend(index, visitor({ recent: [['oolong', 1, 0]] }), 'together').map(({ item, why }) => [item, why])).toEqual([
      ['lamp', { by: 'together', of: 'oolong' }],
      ['pan', { by: 'together', of: 'oolong' }],
    ])
  })

  test('find what is similar by vectors of one model', () => {
    const index = shop()
    const vector = (...values: number[]): string => encodeVector(Float32Array.from(values))
    const listed = (item: string, text: string) => ({ type: 'listed' as const, item, topics: [], vector: text, vectorModel: 'm' })
    index.apply(1, [listed('oolong', vector(1, 0, 0)), listed('kettle', vector(0.9, 0.1, 0)), listed('lamp', vector(-1, 0, 0.1))])
    expect(recommend(index, visitor({ recent: [['oolong', 1, 0]], without: ['oolong'] }), 'similar')[0]).toMatchObject({
      item: 'kettle',
      why: { by: 'similar', of: 'oolong' },
    })
    index.apply(2, [{ ...listed('pan', vector(1)), vectorModel: 'other' }])
    expect(recommend(index, visitor({ recent: [['oolong', 1, 0]] }), 'similar')).toEqual([])
  })

  test('start with what is popular in the segment, or among all', () => {
    const index = shop()
    const signal = (item: string, segment: string | undefined, weight = 1) =>
      ({ type: 'signal', item, weight, topics: [], segment, at: AT }) as const
    index.apply(1, [signal('lamp', undefined, 3), signal('pan', 'cooks')])
    expect(recommend(index, visitor({ segment: 'cooks' }), 'fused')[0]).toMatchObject({ item: 'pan', why: { by: 'popular', of: 'cooks' } })
    expect(itemsOf(recommend(index, visitor({ segment: 'unknown', count: 2 }), 'fused'))).toEqual(['lamp', 'pan'])
  })

  test('leave out what is bought and withdrawn, and give what was seen last', () => {
    const index = shop()
    index.apply(1, [{ type: 'unlisted', item: 'kettle' }])
    const fond = visitor({
      topics: [
        ['tea', 1],
        ['kitchen', 1],
        ['light', 0.1],
      ],
      recent: [['pan', 1, 0]],
      without: ['oolong'],
    })
    expect(itemsOf(recommend(index, fond, 'fused'))).toEqual(['lamp', 'pan'])
  })

  test.each(STRATEGIES)('%s gives nothing for an empty index, and unknown items do no harm', (strategy) => {
    expect(recommend(indexOf([]), visitor({ recent: [['x', 1, 1]], topics: [['y', 1]], without: ['z'] }), strategy)).toEqual([])
  })
})

describe('an index', () => {
  const liked = (data: Record<string, unknown>, at = AT) =>
    indexChangesOf({ outcome: 'committed', input: { id: 'i', source: 's', time: at, type: 'item.liked', data }, emitted: [], at })

  test('does not change by 10,000 topics, and is not harmed by a withdrawal of an unknown item', () => {
    const topics = Array.from({ length: 10_000 }, (_, number) => `topic ${number}`)
    expect(liked({ item: 'lamp', topics })).toEqual([])
    const index = shop()
    index.apply(1, [{ type: 'unlisted', item: '没有' }])
    index.apply(2, liked({ item: '没有', topics: ['light'] }))
    expect(itemsOf(recommend(index, visitor({ topics: [['light', 1]], count: 1 }), 'fused'))).toEqual(['lamp'])
  })

  test.each(['popular', 'fused'] as const)('fill a list of a new shop with what nobody has chosen (%s)', (strategy) => {
    const list = recommend(shop(), visitor({ count: 3 }), strategy)
    expect(list.map(({ score }) => score)).toEqual([0, 0, 0])
    expect(itemsOf(list).toSorted()).toEqual(['kettle', 'lamp', 'pan'])
  })

  test('keeps its popularity finite and in order where a clock was far ahead, or behind', () => {
    const index = shop()
    for (const [seq, at] of [AT, '2300-01-01T00:00:00.000Z', AT, '1971-01-01T00:00:00.000Z'].entries()) {
      index.apply(seq + 1, liked({ item: 'pan' }, at))
      index.apply(seq + 1, liked({ item: 'lamp' }, AT))
    }
    const list = recommend(index, visitor({ count: 2 }), 'popular')
    expect(itemsOf(list)[0]).toBe('pan')
    expect(list.every(({ score }) => Number.isFinite(score) && score >= 0)).toBe(true)
  })
})

test('the topics of recent items are told, so that the visitor keeps them', () => {
  const { learnt } = recommendFrom(shop(), {
    visitor: visitor({
      recent: [
        ['pan', 1, 1],
        ['lamp', 1, 0],
        ['x', 1, 1],
      ],
    }),
    strategy: 'fused',
  })
  expect(learnt).toEqual([['pan', ['kitchen']]])
})

describe('a row of neighbours', () => {
  const neighboursOf = (table: NeighbourTable, item: number): [number, number][] => {
    const found: [number, number][] = []
    table.each(item, (other, weight) => void found.push([other, weight]))
    return found
  }

  test('keeps the strongest when it is full', () => {
    const table = createNeighbourTable(ROW_MAX + 2)
    for (let round = 0; round < 3; round++) table.add(0, 1, 1)
    for (let id = 2; id <= ROW_MAX + 1; id++) table.add(0, id, 1)
    const found = neighboursOf(table, 0)
    expect(found).toHaveLength(NEIGHBOURS_MAX + 1)
    expect([found[0], table.totalOf(0), table.countOf(0)]).toEqual([[1, 3], ROW_MAX + 3, NEIGHBOURS_MAX + 1])
    // Of equal ones, the later stay.
    expect([found[1]?.[0], found.at(-1)?.[0]]).toEqual([ROW_MAX + 2 - NEIGHBOURS_MAX, ROW_MAX + 1])
  })

  test('keeps the proportions of weights of any size, and is restored exactly', () => {
    const table = createNeighbourTable(110_000)
    table.add(7, 109_999, 0.25)
    expect(neighboursOf(table, 7)).toEqual([[109_999, 0.25]])
    for (let round = 0; round < 3_000; round++)
      for (const [other, weight] of [
        [1, 1],
        [2, 0.5],
      ] as const)
        table.add(7, other, weight)
    expect(table.weightOf(7, 1) / table.weightOf(7, 2)).toBeCloseTo(2, 2)
    table.add(7, 3, Number.MAX_VALUE)
    expect(table.weightOf(7, 3)).toBeCloseTo(2 ** 32, -8)
    expect(table.weightOf(7, 4)).toBe(0)
    const restored = createNeighbourTable(110_000)
    restored.restore(7, table.rowOf(7))
    for (const one of [table, restored]) one.add(7, 5, 1)
    expect(restored.rowOf(7)).toEqual(table.rowOf(7))
  })
})

test('a saved index gives the same lists, and goes on in the same way', async () => {
  const index = shop()
  const change = (seq: number, item: string, other: string): void =>
    index.apply(seq, [
      { type: 'signal', item, weight: 1, topics: ['new'], segment: 'cooks', at: AT },
      { type: 'paired', item, others: [[other, 0.7]] },
    ])
  for (const [at, item] of ['pan', 'lamp', 'cup', 'pan'].entries()) change(at + 1, item, 'oolong')
  const place = { seq: index.seq, ts: AT }
  const { index: restored, place: found } = await decodeIndex(Buffer.concat([...encodeIndex(index, place)]))
  expect(found).toEqual(place)
  expect(restored.state().popularity).toEqual(index.state().popularity)
  expect([restored.seq, restored.items.length]).toEqual([4, 5])
  for (const one of [index, restored]) one.apply(5, [{ type: 'signal', item: 'cup', weight: 2, topics: [], segment: undefined, at: AT }])
  expect(restored.savedItems(0, 10)).toEqual(index.savedItems(0, 10))
  expect(restored.popularity.ranking('cooks')).toEqual(index.popularity.ranking('cooks'))
  const fond = visitor({ recent: [['oolong', 1, 1]], topics: [['new', 1]], segment: 'cooks' })
  for (const strategy of STRATEGIES) expect(recommend(restored, fond, strategy)).toEqual(recommend(index, fond, strategy))
})

test('topics are found in texts of both languages', () => {
  const topics = new Set(['smart home', 'tea', '茶', '厨房'])
  expect(topicsIn('Tea for a smart home', (phrase) => topics.has(phrase))).toEqual(['smart home', 'tea'])
  expect(topicsIn('我想买厨房用的刀', (phrase) => topics.has(phrase))).toEqual(['厨房'])
})
