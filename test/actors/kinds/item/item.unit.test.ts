import { describe, expect, test } from 'vitest'
import { keywordsOf } from '../../../../actors/kinds/item/keywords.ts'
import { createItem } from '../../../../actors/kinds/item/kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given } from '../../../../actors/testkit/scenario.ts'
import { fails } from '../../../../actors/testkit/task-stubs.ts'

const kind = createItem()
const TEA = { title: 'Green tea', topics: ['tea'] }

describe('an item', () => {
  test('is listed from the moment it is offered, and with its vector when a task has described it', () => {
    given(kind)
      .when('item.offered', TEA)
      .thenEmitted('item.listed', { title: 'Green tea', topics: ['tea'] })
      .thenTask('describe', { title: 'Green tea', text: '' })
      .taskEnds('describe', { topics: ['green'], vector: 'AAAA', vectorModel: 'm' })
      .thenEmitted('item.listed', { topics: ['tea'], vector: 'AAAA', vectorModel: 'm' })
      .thenState('offered.described')
  })

  test('gets topics from its text where none are given', () => {
    given(kind)
      .task('describe', { topics: ['speaker'] })
      .when('item.offered', { title: 'A speaker' })
      .thenEmitted('item.listed', { topics: ['speaker'] })
      .thenLabel({ title: 'A speaker', topics: 'speaker' })
  })

  test('may have an id of any script, which its producer states', () => {
    given(kind)
      .when('item.offered', { ...TEA, item: '云雾绿茶' })
      .thenEmitted('item.listed', { item: '云雾绿茶' })
  })

  test('stays offered where it cannot be described, and is described again after a change', () => {
    given(kind)
      .task('describe', fails('down'))
      .when('item.offered', TEA)
      .thenState('offered.undescribed')
      .task('describe', { topics: ['green'] })
      .when('item.changed', { price: 3 })
      .thenState('offered.described')
      .thenLabel({ price: 3, topics: 'tea' })
  })

  test('is unlisted when it is withdrawn, and changes nothing until it is offered again', () => {
    given(kind)
      .when('item.offered', TEA)
      .when('item.withdrawn', {})
      .thenEmitted('item.unlisted', {})
      .when('item.changed', { title: 'Other' })
      .thenNotEmitted()
      .when('item.offered', { title: 'Black tea' })
      .thenEmitted('item.listed', { title: 'Black tea', topics: [] })
  })

  test('with 10,000 topics or without a title is refused', () => {
    const topics = Array.from({ length: 10_000 }, (_, number) => `topic ${number}`)
    given(kind).when('item.offered', { title: 'All', topics }).thenRejected('bad_data')
    given(kind).when('item.offered', { title: '' }).thenRejected('bad_data')
  })
})

test('random walks find no fault, no dead end and no unbounded context', () => {
  const { unreached, ineffective } = explore(kind, {
    runs: 50,
    events: { 'item.offered': [TEA, { title: '茶具', text: '青瓷' }], 'item.changed': [{ title: 'Other' }, { topics: ['x'] }] },
    tasks: { describe: [{ topics: [] }, { topics: ['tea'] }] },
  })
  expect({ unreached, ineffective }).toEqual({ unreached: [], ineffective: [] })
})

test('keywords are the words that an item says most, in Chinese and English', () => {
  expect(keywordsOf('Kettle for green tea', 'The kettle boils tea. 12 cups.')).toEqual(['kettle', 'tea', 'green', 'boils', 'cups'])
  expect(keywordsOf('青瓷茶具', '')).not.toEqual([])
  // As the texts of posts are cut: traditional characters as simplified ones, no addresses, no common words.
  expect(keywordsOf('手機電池', 'see https://example.com/battery 的时候')).toEqual(expect.arrayContaining(['手机', '电池']))
  expect(keywordsOf("The brewer's kettle", 'http://example.com')).toEqual(['brewer', 'kettle'])
})
