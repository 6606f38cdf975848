import { describe, expect, test } from 'vitest'
import { withSaid } from '../../../../actors/kinds/interest/said-topics.ts'
import { visitorSchema } from '../../../../schemas/recommendation-query.ts'

const visitor = visitorSchema.parse({
  topics: [
    ['cleaning', 4],
    ['travel', 1],
  ],
  without: [],
  count: 5,
  searches: ['lamp'],
})

describe('what a customer said', () => {
  test('counts likes as searches, and refusals against their topics, more than what was done', () => {
    const said = withSaid(visitor, [
      { about: 'likes', value: 'speakers' },
      { about: 'refuses', value: 'cleaning' },
      { about: 'name', value: 'travel' },
    ])
    expect(said.searches).toEqual(['lamp', 'speakers'])
    expect(said.topics).toEqual([
      ['travel', 1],
      ['cleaning', -8],
    ])
  })

  test('names topics in Chinese, too, and changes nothing where nothing was said', () => {
    expect(withSaid(visitor, [{ about: 'allergy', value: '宠物毛' }]).topics).toContainEqual(['宠物', -8])
    expect(withSaid(visitor, [{ about: 'home', value: 'Oslo' }])).toBe(visitor)
  })
})
