import { describe, expect, test } from 'vitest'
import { topicKind } from '../../../../actors/kinds/topic/topic-kind.ts'
import { topicsKind } from '../../../../actors/kinds/topic/topics-kind.ts'
import { encodeVector } from '../../../../actors/recommending/item-vector.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given } from '../../../../actors/testkit/scenario.ts'
import type { TopicJoined } from '../../../../schemas/social-events.ts'

const JOINED: TopicJoined = { post: 'weibo-1', author: 'ann', language: 'en', sentiment: 'positive', keywords: ['battery', 'phone'] }
const story = () => given(topicKind, { id: 'battery-1' })

describe('a topic', () => {
  test('opens with its first post, and tells where it is at 4, 16, 64 posts', () => {
    let now = story()
      .when('topic.joined', JOINED)
      .thenEmitted('topic.opened', { keywords: ['battery', 'phone'], language: 'en' })
    for (let post = 2; post <= 20; post++) now = now.when('topic.joined', { ...JOINED, sentiment: 'negative', keywords: ['battery'] })
    const placed = now.records.flatMap(({ sent = [] }) => sent.map(({ data }) => data['posts']))
    expect(placed).toEqual([1, 4, 16])
    now.thenLabel({ posts: 20, keywords: 'battery, phone', positive: 1, negative: 19 })
  })

  test('keeps the centre of its vectors, of one model', () => {
    const vector = encodeVector(Float32Array.from({ length: 8 }, (_, at) => at))
    const now = story()
      .when('topic.joined', { ...JOINED, vector, model: 'm' })
      .when('topic.joined', { ...JOINED, vector, model: 'other' })
    now.thenContext({ model: 'm' })
    story()
      .when('topic.joined', { ...JOINED, vector, model: 'm' })
      .thenSent('topics', 'all', 'topic.placed', { topic: 'battery-1', posts: 1, vector, model: 'm' })
  })

  test('keeps twenty-four keywords', () => {
    let now = story()
    for (let post = 0; post < 100; post++) now = now.when('topic.joined', { ...JOINED, keywords: ['battery', `w${post}`] })
    expect(now.context.keywords).toHaveLength(24)
    expect(now.context.keywords[0]).toEqual(['battery', 500])
    expect(now.context.keywords.at(-1)?.[0]).toBe('w99')
  })
})

test('ten thousand topics leave the state of the list small', () => {
  let now = given(topicsKind, { id: 'all' })
  for (let topic = 0; topic < 1_000; topic++) now = now.when('topic.placed', { topic: `t${topic}`, posts: 1, keywords: [['tea', 1]] })
  now.thenContext({ topics: 1_000, placed: 1_000 })
})

test('random walks of a topic find no fault, and its mood is that of all its posts', () => {
  const { unreached, ineffective } = explore(topicKind, {
    runs: 20,
    invariant: ({ context: { posts, mood } }) =>
      mood.positive + mood.neutral + mood.negative === posts ? undefined : `${posts} posts have the moods ${JSON.stringify(mood)}`,
  })
  expect({ unreached, ineffective }).toEqual({ unreached: [], ineffective: [] })
})

test('random walks of the list of topics find no fault, and no topic is there without being placed', () => {
  const { unreached, ineffective } = explore(topicsKind, {
    runs: 20,
    restingStates: ['listing'],
    invariant: ({ context: { topics, placed } }) => (topics <= placed ? undefined : `${topics} topics were placed ${placed} times`),
  })
  expect({ unreached, ineffective }).toEqual({ unreached: [], ineffective: [] })
})
