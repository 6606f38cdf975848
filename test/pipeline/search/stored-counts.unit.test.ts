import { describe, expect, it } from 'vitest'
import { createScore } from '../../../pipeline/search/bm25.ts'
import { packCounts, STORED_TERMS_MAX, unpackCounts } from '../../../pipeline/search/stored-counts.ts'
import { CURRENT_CUTTER } from '../../../pipeline/search/term-cutter.ts'

const TEXTS = [
  'Where is my order? The order was shipped on Monday, in two parcels: C# and C++.',
  '我的订单什么时候发货？订单已经付款，退货需要发票。含税价格。',
  'Café 退款 refund 123 👩‍👩‍👧',
  '!!!',
  '',
]

describe('stored counts', () => {
  it('give the count of each term of a text, and none for any other term', () => {
    for (const text of TEXTS) {
      const { counts } = CURRENT_CUTTER.count(text)
      const stored = unpackCounts(packCounts({ counts, length: 1 }) ?? 'absent')
      for (const [term, count] of counts) expect(stored.get(term), term).toBe(count)
      for (const other of ['parcels', '貨', 'nobody', '']) if (!counts.has(other)) expect(stored.get(other), other).toBeUndefined()
    }
  })

  it('score a text as its own terms do', () => {
    const textsWith = new Map(['order', '订单', '.税', 'refund', 'csharp', 'absent'].map((term, index) => [term, index * 3]))
    const score = createScore({ texts: 100, averageLength: 9.5, textsWith })
    for (const text of TEXTS) {
      const counted = CURRENT_CUTTER.count(text)
      expect(score({ counts: unpackCounts(packCounts(counted) ?? 'absent'), length: counted.length })).toEqual(score(counted))
    }
  })

  it('are bounded: a text with more terms, or a term more often than a byte can say, has none', () => {
    const numbered = (count: number) => new Map(Array.from({ length: count }, (_, index) => [`term${index}`, 1]))
    const packed = packCounts({ counts: numbered(STORED_TERMS_MAX), length: 1 })
    expect(packed?.length).toBeLessThanOrEqual(28_000)
    expect(unpackCounts(packed ?? '').get('term4000')).toBe(1)
    expect(packCounts({ counts: numbered(STORED_TERMS_MAX + 1), length: 1 })).toBeUndefined()
    expect(packCounts({ counts: new Map([['a', 255]]), length: 255 })).toBeDefined()
    expect(packCounts({ counts: new Map([['a', 256]]), length: 256 })).toBeUndefined()
  })

  it('have the same form for ever', () => {
    expect(packCounts(CURRENT_CUTTER.count('parcel parcel 订单'))).toMatchInlineSnapshot(`"o4R5Z4jPqnEG6km5Xj/p4QEBAQI="`)
  })
})
