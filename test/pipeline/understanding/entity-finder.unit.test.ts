import { describe, expect, it } from 'vitest'
import { createEntityFinder } from '../../../pipeline/understanding/entities/entity-finder.ts'

const finder = createEntityFinder([
  { name: 'order', pattern: '[A-Z]{2}\\d{6}' },
  { name: 'amount', pattern: '\\d+(\\.\\d+)?\\s*(元|USD)' },
  { name: 'city', values: ['New York', 'York', 'café', { value: '北京', synonyms: ['北京市', '帝都', 'Beijing'] }] },
])
const found = (message: string): string[] => finder.find(message).map(({ name, value }) => `${name}=${value}`)

describe('entities', () => {
  it.each([
    ['我要从北京市出发', ['city=北京']],
    ['送到帝都，３０元', ['city=北京', 'amount=30元']],
    ['a flight to BEIJING please', ['city=北京']],
    ['where is ＡＢ１２３４５６?', ['order=AB123456']],
    ['Cafe\u0301 or CAFÉ', ['city=café', 'city=café']],
    ['from New York to York', ['city=New York', 'city=York']],
    ['Yorkshire, Newyork and xBeijing', []],
    ['住在Beijing附近', ['city=北京']],
    ['', []],
  ])('%s', (message, expected) => {
    expect(found(message)).toEqual(expected)
  })

  it('give their place in UTF-16 units', () => {
    const message = '😀Ｎｅｗ Ｙｏｒｋ, cafe\u0301!'
    for (const { text, start, end } of finder.find(message)) expect(message.slice(start, end)).toBe(text)
    expect(finder.find(message)).toEqual([
      { name: 'city', value: 'New York', text: 'Ｎｅｗ Ｙｏｒｋ', start: 2, end: 10 },
      { name: 'city', value: 'café', text: 'cafe\u0301', start: 12, end: 17 },
    ])
  })

  it('that overlap: the longest holds, then the earlier definition', () => {
    const overlapping = createEntityFinder([
      { name: 'a', values: ['上海'] },
      { name: 'b', values: ['上海浦东', '上海'] },
      { name: 'c', pattern: '浦东.*' },
    ])
    expect(overlapping.find('上海浦东').map(({ name }) => name)).toEqual(['b'])
    expect(overlapping.find('上海').map(({ name }) => name)).toEqual(['a'])
    expect(overlapping.find('上海浦东新区机场').map(({ name }) => name)).toEqual(['a', 'c'])
  })

  it('are looked for in the first characters of a long text only', () => {
    expect(found(`${'x '.repeat(500_000)}Beijing`)).toEqual([])
    expect(found(`Beijing ${'x '.repeat(500_000)}`)).toEqual(['city=北京'])
  })

  it('by a pattern that makes other engines hang', () => {
    const hard = createEntityFinder(['(a*)*b', '(x+x+)+y', '(a|aa)+$'].map((pattern, index) => ({ name: `p${index}`, pattern })))
    expect(hard.find(`${'a'.repeat(5_000)}${'x'.repeat(4_000)}!`)).toEqual([])
  })

  it('by a pattern that can match nothing, are never empty', () => {
    expect(
      createEntityFinder([{ name: 'digits', pattern: '\\d*' }])
        .find('a1b22')
        .map(({ text }) => text),
    ).toEqual(['1', '22'])
  })

  it.each([
    ['no pattern and no values', [{ name: 'x' }]],
    ['an empty list', [{ name: 'x', values: [] }]],
    ['no name', [{ name: ' ', values: ['a'] }]],
    ['an unknown field', [{ name: 'x', values: ['a'], regex: 'a' }]],
    ['a blank value', [{ name: 'x', values: [' '] }]],
    ['a value that is too long', [{ name: 'x', values: ['a'.repeat(101)] }]],
    ['a broken pattern', [{ name: 'x', pattern: '(' }]],
    ['a back reference', [{ name: 'x', pattern: '(a)\\1' }]],
    ['a look-ahead', [{ name: 'x', pattern: 'a(?=b)' }]],
    ['nested counts', [{ name: 'x', pattern: '((a{100}){100}){100}' }]],
    ['a long pattern', [{ name: 'x', pattern: 'a'.repeat(501) }]],
    [
      'one name twice',
      [
        { name: 'x', values: ['a'] },
        { name: 'x', values: ['b'] },
      ],
    ],
    ['too many entities', Array.from({ length: 201 }, (_, index) => ({ name: `e${index}`, values: ['a'] }))],
    ['too many values', [{ name: 'x', values: Array.from({ length: 20_001 }, (_, index) => `v${index}`) }]],
  ])('with %s are refused', (_, definitions) => {
    expect(() => createEntityFinder(definitions)).toThrow(expect.objectContaining({ code: 'bad_entity' }))
  })
})
