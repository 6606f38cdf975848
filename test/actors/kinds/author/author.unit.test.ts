import { describe, expect, test } from 'vitest'
import { authorKind } from '../../../../actors/kinds/author/author-kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given } from '../../../../actors/testkit/scenario.ts'
import { fails } from '../../../../actors/testkit/task-stubs.ts'

const story = () => given(authorKind, { id: 'ann' })
const credit = (now: string, more: object = {}) => ({
  post: 'weibo-1',
  isNew: true,
  topic: 'battery-1',
  likes: 2,
  comments: 1,
  shares: 0,
  weight: 4,
  at: Date.parse(now),
  ...more,
})

describe('an author', () => {
  test('gains influence by what others do with the posts, which fades by half in a week', () => {
    const now = story()
    const first = now.when('author.credited', credit(now.now)).thenLabel({ posts: 1, influence: 4, likes: 2, interest: 'battery-1' })
    const later = first.after('7d')
    later
      .when('author.credited', credit(later.now, { isNew: false, topic: null, weight: 1 }))
      .thenLabel({ posts: 1, influence: 3, likes: 4, interest: 'battery-1' })
  })

  test('has the same influence in any order of what is told', () => {
    const now = story()
    const [old, recent] = [credit('2026-01-01T00:00:00Z', { weight: 8 }), credit(now.now)]
    const one = now.when('author.credited', old).when('author.credited', recent).context.influence?.value
    expect(now.when('author.credited', recent).when('author.credited', old).context.influence?.value).toBeCloseTo(one ?? NaN, 6)
  })

  test('is interested in what it searches', () => {
    story()
      .task('analyse', { keywords: ['tea'], topic: 'tea-1' })
      .when('search.made', { text: 'green tea', platform: 'weibo' })
      .thenEmitted('search.analysed', { platform: 'weibo', topic: 'tea-1', keywords: ['tea'] })
      .thenLabel({ interest: 'tea-1' })
  })

  test('keeps sixteen interests and eight searches', () => {
    let now = story()
    for (let topic = 0; topic < 40; topic++) now = now.when('author.credited', credit(now.now, { topic: `t${topic}` }))
    for (let search = 0; search < 40; search++) now = now.when('search.made', { text: `search ${search}` })
    expect(now.context.interests).toHaveLength(16)
    expect(now.context.searches).toHaveLength(8)
    now.taskEnds('analyse', fails('down')).thenTask('analyse', { text: 'search 1' })
  })
})

test('random walks find no fault, no dead end and no unbounded context', () => {
  const { unreached, ineffective } = explore(authorKind, {
    invariant({ state, context: { searches, interests } }) {
      if ((state === 'searching') !== searches.length > 0) return `${searches.length} searches wait while it is ${state}`
      const isSorted = interests.every(([, weight], at) => weight <= (interests[at - 1]?.[1] ?? Infinity))
      return isSorted ? undefined : 'the strongest interest is not the first'
    },
    runs: 20,
    events: { 'search.made': [{ text: 'tea' }] },
    tasks: { analyse: [{ keywords: ['tea'], topic: 'tea-1' }] },
  })
  expect({ unreached, ineffective }).toEqual({ unreached: [], ineffective: [] })
})
