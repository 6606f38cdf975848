import { expect, test } from 'vitest'
import { groupByMeaning } from '../../../pipeline/understanding/meaning-groups.ts'

const groupsOf = (texts: readonly string[], vectors?: readonly Float32Array[]): string[][] =>
  groupByMeaning(texts, vectors).map((group) => group.map((index) => texts[index] ?? '').sort())

test('texts with the same words are one group, in Chinese and in English, and a lonely one is its own', () => {
  const groups = groupsOf([
    '怎么开发票',
    'cancel my gym membership',
    '请问怎么开发票呀',
    'I want to cancel my membership at the gym',
    '开发票怎么弄',
    'please cancel the gym membership',
    'lost luggage',
  ])
  expect(groups[0]).toHaveLength(3)
  expect(groups).toContainEqual(['怎么开发票', '开发票怎么弄', '请问怎么开发票呀'].sort())
  expect(groups).toContainEqual(['lost luggage'])
})

test('vectors of meaning group texts without a word in common', () => {
  const vectors = [
    [1, 0],
    [0, 1],
    [0.98, 0.2],
  ].map((values) => Float32Array.from(values))
  expect(groupsOf(['car', 'soup', 'automobile'], vectors)).toEqual([['automobile', 'car'], ['soup']])
})

test('every text is in one group, whatever it is', () => {
  const texts = ['', '   ', '😀', 'a', 'a', '长'.repeat(5_000), 'x'.repeat(100_000)]
  expect(groupByMeaning(texts).flat().sort()).toEqual([...texts.keys()])
  expect(groupByMeaning([])).toEqual([])
})
