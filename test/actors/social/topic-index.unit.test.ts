import { describe, expect, test } from 'vitest'
import { encodeVector } from '../../../actors/recommending/item-vector.ts'
import { createTopicIndex } from '../../../actors/social/topic-index.ts'

const at = (...values: number[]): { vector: string; model: string; keywords: string[] } => ({
  vector: encodeVector(Float32Array.from(values)),
  model: 'm',
  keywords: ['x'],
})

describe('the index of topics', () => {
  test('finds a topic by its keywords', () => {
    const index = createTopicIndex()
    index.place({ topic: 'tea', posts: 1, keywords: [['tea', 5], ['green', 2], ['cup', 1]] }) // prettier-ignore
    expect(index.nearest({ keywords: ['tea', 'morning'] })).toBe('tea')
    expect(index.nearest({ keywords: ['cup', 'world', 'football'] })).toBeUndefined()
    expect(index.nearest({ keywords: [] })).toBeUndefined()
  })

  test('finds a topic by meaning, of the same model only', () => {
    const index = createTopicIndex()
    const { vector, model } = at(1, 0, 0)
    index.place({ topic: 'tea', posts: 1, keywords: [['tea', 1]], vector, model })
    expect(index.nearest(at(1, 0.1, 0))).toBe('tea')
    expect(index.nearest(at(-1, 0.1, 0))).toBeUndefined()
    expect(index.nearest({ ...at(1, 0, 0), model: 'other' })).toBeUndefined()
  })

  test('has a new topic at once, and as LOG tells it afterwards', () => {
    const index = createTopicIndex()
    index.propose('tea', { keywords: ['tea', 'cup'] })
    expect(index.nearest({ keywords: ['tea'] })).toBe('tea')
    index.place({ topic: 'tea', posts: 1, keywords: [['tea', 4], ['kettle', 3]] }) // prettier-ignore
    expect(index.nearest({ keywords: ['kettle'] })).toBe('tea')
    expect(index.size).toBe(1)
  })

  test('leaves out a topic that another process opened at the same moment where one is', () => {
    const index = createTopicIndex()
    index.place({ topic: 'tea-1', posts: 1, keywords: [['tea', 1], ['cup', 1]] }) // prettier-ignore
    index.place({ topic: 'tea-2', posts: 1, keywords: [['tea', 1], ['cup', 1]] }) // prettier-ignore
    expect(index.size).toBe(1)
    index.place({ topic: 'tea-1', posts: 1, keywords: [['coffee', 1]] })
    expect(index.nearest({ keywords: ['coffee'] })).toBe('tea-1')
  })

  test('of 10,000 topics keeps those that were placed last', () => {
    const index = createTopicIndex(100)
    for (let topic = 0; topic < 10_000; topic++) index.place({ topic: `t${topic}`, posts: 1, keywords: [[`w${topic}`, 1]] })
    expect(index.size).toBe(100)
    expect(index.nearest({ keywords: ['w9999'] })).toBe('t9999')
    expect(index.nearest({ keywords: ['w1'] })).toBeUndefined()
  })

  test('drops topics of a few posts before large ones, and old large ones before too many', () => {
    const index = createTopicIndex(100)
    index.place({ topic: 'large', posts: 64, keywords: [['large', 1]] })
    for (let topic = 0; topic < 1_000; topic++) index.place({ topic: `t${topic}`, posts: 1, keywords: [[`w${topic}`, 1]] })
    expect(index.nearest({ keywords: ['large'] })).toBe('large')
    for (let topic = 0; topic < 1_000; topic++) index.place({ topic: `l${topic}`, posts: 4, keywords: [[`l${topic}`, 1]] })
    expect(index.size).toBe(100)
    expect(index.nearest({ keywords: ['large'] })).toBeUndefined()
    expect(index.nearest({ keywords: ['w999'] })).toBe('t999')
  })
})
