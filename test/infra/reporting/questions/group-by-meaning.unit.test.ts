import { describe, expect, test } from 'vitest'
import { groupByMeaning } from '../../../../infra/reporting/questions/group-by-meaning.ts'
import { vectorOf } from '../../../support/vector-store-contract.ts'

const DIMENSION = 64

/** A vector of length 1 near that of a topic; `common` is a direction that all texts share, as with some models. */
function near(topic: string, wording: string, common = 0): Float32Array {
  const parts = [vectorOf(topic, DIMENSION), vectorOf(wording, DIMENSION), vectorOf('common', DIMENSION)]
  const sum = Float32Array.from({ length: DIMENSION }, (_, index) =>
    [1, 0.3, common].reduce((total, weight, part) => total + weight * (parts[part]?.[index] ?? 0), 0),
  )
  const length = Math.hypot(...sum)
  return sum.map((value) => value / length)
}

const row = (text_key: string, asked: number, last_at = '2026-11-20T10:00:00Z') => ({
  total: false,
  question: text_key,
  example: text_key,
  asked,
  wordings: 1,
  no_reply: 1,
  intent: null,
  last_at,
  text_key,
})
const total = { ...row('', 50), total: true, question: null, text_key: null, wordings: 10 }

const WORDINGS = [
  'refund a',
  'refund b',
  'refund c',
  'size a',
  'size b',
  'invoice a',
  'weather a',
  'delivery a',
  'delivery b',
  'password a',
]
const rows = [total, ...WORDINGS.map((wording, index) => row(wording, 10 - index))]

describe('questions', () => {
  test.each([0, 2])('that mean the same are one row, whatever the similarity of any two texts is (%d)', (common) => {
    const vectors = new Map(WORDINGS.map((wording) => [wording, near(wording.split(' ')[0] ?? '', wording, common)]))
    const [all, ...groups] = groupByMeaning(rows, vectors)
    expect(all).toEqual(total)
    expect(groups.map(({ example, asked, wordings }) => `${example} ${asked} ${wordings}`)).toEqual([
      'refund a 27 3',
      'size a 13 2',
      'invoice a 5 1',
      'delivery a 5 2',
      'weather a 4 1',
      'password a 1 1',
    ])
    expect(groups.reduce((sum, { no_reply: count }) => sum + count, 0)).toBe(WORDINGS.length)
  })

  test('without vectors stay as they are, and of few only those that say nearly the same are joined', () => {
    expect(groupByMeaning(rows, new Map())).toEqual(rows)
    const few = [row('one', 3, '2026-11-20T10:00:00Z'), row('two', 2, '2026-11-21T10:00:00Z'), row('three', 1)]
    const vectors = new Map([
      ['one', near('refund', 'x')],
      ['two', near('refund', 'x')],
      ['three', near('refund', 'y', 2)],
    ])
    expect(groupByMeaning(few, vectors)).toMatchObject([
      { question: 'one', asked: 5, wordings: 2, last_at: '2026-11-21T10:00:00Z' },
      { question: 'three', asked: 1 },
    ])
  })

  test('of 500 wordings are grouped in time', () => {
    const many = Array.from({ length: 500 }, (_, index) => row(`q${index}`, 1))
    const vectors = new Map(many.map(({ text_key }) => [text_key, vectorOf(text_key, 1024)]))
    const startedAt = performance.now()
    expect(groupByMeaning(many, vectors)).toHaveLength(500)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})
