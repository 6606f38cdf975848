import { describe, expect, it } from 'vitest'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { TAG_LIMITS, tagFilterSchema, tagLabels, tagSchema, tagsSchema } from '../../schemas/tags.ts'

const many = (count: number): Record<string, string> => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']))
const problemOf = (schema: typeof tagsSchema | typeof tagFilterSchema | typeof tagSchema, value: unknown): string => {
  const read = schema.safeParse(value, IN_WORDS)
  return read.success ? '' : zodProblem(read.error, 'tags')
}

describe('the tags of a source', () => {
  it('have short keys and values of any characters but control characters', () => {
    for (const tags of [{}, { product: 'otter', lang: 'zh' }, { 'a.b_c-D9': 'a=b=c 水獭 👩‍👩‍👧' }, { k: 'x'.repeat(256) }, many(32)]) {
      expect(tagsSchema.parse(tags)).toEqual(tags)
    }
  })

  it('are refused with the field and the bound', () => {
    expect(problemOf(tagsSchema, many(10_000))).toBe('tags: must have at most 32 tags, and has 10000')
    expect(problemOf(tagsSchema, { 'a b': 'x' })).toContain('the key "a b" must have 1 to 64 of')
    for (const key of ['', '产品', '_x', 'a=b', 'x'.repeat(65)]) expect(problemOf(tagsSchema, { [key]: 'x' })).toContain('the key')
    for (const value of ['', 'x'.repeat(257), 'a\nb', '\ud800'])
      expect(problemOf(tagsSchema, { k: value })).toContain('tags.k: must have 1 to 256')
    expect(problemOf(tagsSchema, { k: 7 })).toBe('tags.k: must be a text')
    expect(problemOf(tagsSchema, ['k=v'])).toBe('tags: must be a JSON object')
    const long = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, '字'.repeat(256)]))
    expect(problemOf(tagsSchema, long)).toContain(`at most ${TAG_LIMITS.sourceBytesMax} bytes as JSON`)
  })

  it('are the same texts in any order and in either form of Unicode', () => {
    expect(tagLabels({ b: 'caf\u00e9', a: '1' })).toEqual(tagLabels({ a: '1', b: 'cafe\u0301' }))
  })
})

describe('a tag as key=value', () => {
  it('ends its key at the first "="', () => {
    expect(tagSchema.parse('a=b=c')).toEqual(['a', 'b=c'])
    expect(tagSchema.parse('lang==')).toEqual(['lang', '='])
  })

  it('needs a key, a "=" and a value', () => {
    expect(problemOf(tagSchema, 'novalue')).toBe('tags: must be key=value: has no "="')
    expect(problemOf(tagSchema, '=x')).toContain('the key must have 1 to 64')
    expect(problemOf(tagSchema, 'x=')).toContain('the value must have 1 to 256 characters')
    expect(problemOf(tagSchema, '__proto__=x')).toContain('the key')
  })
})

describe('the tags of a search', () => {
  it('are one or several, in a group for each key', () => {
    expect(tagFilterSchema.parse('product=otter')).toEqual([['product=otter']])
    expect(tagFilterSchema.parse(['product=otter', 'lang=zh', 'product=海狸'])).toEqual([['product=otter', 'product=海狸'], ['lang=zh']])
    expect(tagFilterSchema.parse([])).toEqual([])
  })

  it('are refused with the bound', () => {
    expect(
      problemOf(
        tagFilterSchema,
        Array.from({ length: 10_000 }, () => 'a=b'),
      ),
    ).toBe('tags: must be at most 16 tags, and is 10000')
    expect(problemOf(tagFilterSchema, ['a=b', 'novalue'])).toBe('tags: must be key=value: has no "="')
    for (const other of [7, null, { a: 'b' }, [7]])
      expect(problemOf(tagFilterSchema, other)).toBe('tags: must be key=value, or a list of them')
  })
})
