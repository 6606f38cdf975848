import { describe, expect, it } from 'vitest'
import { createHighlights } from '../../../pipeline/search/highlights.ts'
import { createDuplicateFinder } from '../../../pipeline/search/near-duplicates.ts'
import { CURRENT_CUTTER, cutterOf, type TermCutter } from '../../../pipeline/search/term-cutter.ts'

/** Whether a question has a term in common with a text. */
const finds = (question: string, text: string, { ask, count }: TermCutter = CURRENT_CUTTER): boolean => {
  const { counts } = count(text)
  return ask(question).some((term) => counts.has(term))
}
const first = cutterOf(1)

describe('the terms of the current cutter', () => {
  it.each([
    ['退貨', '退货政策'],
    ['退货', '退貨政策'],
    ['cafe', 'Le Café'],
    ['Café', 'the cafe'],
    ['RÉSUMÉS', 'my resume'],
    ['strasse', 'Straße 5'],
    ['税', '含税价格'],
    ['稅', '含税价格'],
    ['C#', '用C#写的'],
    ['c++', 'Ｃ＋＋17 is out'],
    ['notepad', 'Notepad++'],
    ['thé', 'un thé vert'],
  ])('of %s are among those of %s', (question, text) => {
    expect(finds(question, text)).toBe(true)
  })

  it.each([
    ['C#', 'I write C.'],
    ['C', 'I write C# and C++.'],
    ['C++', 'I write C and C#.'],
    ['C#', 'C++'],
    ['税', '价格'],
    ['йод', 'иод'],
  ])('of %s are not among those of %s', (question, text) => {
    expect(finds(question, text)).toBe(false)
  })

  it('count each Han character without making the text longer', () => {
    const { counts, length } = CURRENT_CUTTER.count('退货退款政策')
    expect(counts.get('.退')).toBe(2)
    expect(counts.get('退货')).toBe(1)
    expect(length).toBe(first?.count('退货退款政策').length)
  })

  it('are those of version 1 for a question in simplified Chinese, so that its answers stay as they were', () => {
    for (const question of ['请问退货的运费由谁承担？', '有茶吗', '我的订单 where is it', '怎么开发票']) {
      expect(CURRENT_CUTTER.ask(question)).toEqual(first?.ask(question))
    }
    expect(CURRENT_CUTTER.ask('税')).toEqual(['.税'])
  })

  it('differ from those of version 1, which stay as they were', () => {
    expect(first?.ask('我想退货 with the C++ parcels of Café Müller')).toEqual(
      expect.arrayContaining(['想退', '退货', 'c', 'parcel', 'café', 'müller']),
    )
    expect(finds('cafe', 'Café', first)).toBe(false)
    expect(finds('退貨', '退货', first)).toBe(false)
    expect(finds('税', '含税价格表', first)).toBe(first?.ask('含税价格表').includes('税'))
    expect(cutterOf(3)).toBeUndefined()
  })
})

describe('highlights', () => {
  const marked = (question: string, text: string): string[] =>
    createHighlights(CURRENT_CUTTER)(CURRENT_CUTTER.ask(question))(text).map(([from, to]) => text.slice(from, to))

  it('mark the text as it is written, whatever the question is written in', () => {
    expect(marked('退貨', '如何退货？')).toEqual(['退货'])
    expect(marked('退货', '如何退貨？')).toEqual(['退貨'])
    expect(marked('cafe', 'Le Café noir')).toEqual(['Café'])
    expect(marked('C#', 'C, C# and C++')).toEqual(['C#'])
    expect(marked('C++', 'C, C# and C++')).toEqual(['C++'])
    expect(marked('税', '含税价格，稅率')).toEqual(['税', '稅'])
  })
})

describe('the finder of duplicates', () => {
  it('tells names apart that differ in their signs only', () => {
    const duplicateOf = createDuplicateFinder()
    expect(['I write C.', 'I write C#.', 'I write C++.', 'I write C!'].map((text) => duplicateOf(text))).toEqual([
      undefined,
      undefined,
      undefined,
      0,
    ])
  })
})
