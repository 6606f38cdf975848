import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Item, loadCatalogue } from '../../../../actors/kinds/interest/catalogue.ts'
import { mergedSchema } from '../../../../actors/kinds/interest/interest-context.ts'
import { createInterest } from '../../../../actors/kinds/interest/kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { firstAttempt } from '../../../../actors/testkit/first-attempt.ts'
import { generates } from '../../../../actors/testkit/generation-stub.ts'
import { recordsLive } from '../../../../actors/testkit/live-recorder.ts'
import { builtInPrompts } from '../../../../actors/testkit/prompt-stub.ts'
import { placedAt } from '../../../../actors/testkit/queue-stub.ts'
import { recommendsFromCatalogue } from '../../../../actors/testkit/recommending-stub.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { fails } from '../../../../actors/testkit/task-stubs.ts'
import { evaluateByRules } from '../../../../pipeline/quality/evaluate-by-rules.ts'
import { LIMITS } from '../../../../schemas/limits.ts'
import { visitorSchema } from '../../../../schemas/recommendation-query.ts'
import { emptySearchIndex, understandByActs } from '../../../support/core-helpers.ts'
import { silent } from '../../../support/test-system.ts'

const kind = createInterest(loadCatalogue())
type Story = Scenario<typeof kind>

const DAY_MS = 86_400_000
const FIRST_DAY = Date.parse('2026-01-01T00:00:00Z')
const browsed = (from: Story, topic: string, attributes?: { time: string }): Story =>
  from.when('item.browsed', { item: 'some', topics: [topic] }, attributes)
const scores = ({ context }: Story): Map<string, number> => new Map(context.topics)
const ratio = (story: Story, a: string, b: string): number => (scores(story).get(a) ?? 0) / (scores(story).get(b) ?? 0)

describe('the score of a topic', () => {
  test('rises more with a purchase than with a like, and more with a like than with a look', () => {
    const story = given(kind)
      .when('item.browsed', { item: 'a', topics: ['tea'] })
      .when('item.liked', { item: 'b', topics: ['music'] })
      .when('item.bought', { item: 'c', topics: ['茶'] })
    expect(story.context.topics.map(([name]) => name)).toEqual(['茶', 'music', 'tea'])
    story.thenLabel({ favourite: '茶', bought: 1 })
  })

  test.each([
    [5, 4],
    [4, 2],
    [2, -2],
    [1, -4],
  ])('with %i stars is %i', (stars, score) => {
    expect(scores(given(kind).when('item.rated', { item: 'a', topics: ['tea'], stars })).get('tea')).toBe(score)
  })

  test('halves in a week', () => {
    expect(ratio(browsed(browsed(given(kind), 'old').after('7d'), 'new'), 'old', 'new')).toBeCloseTo(0.5, 9)
  })

  test('fades over years, through rescaling, as it does over days', () => {
    let story = browsed(given(kind), 'begin')
    for (let year = 0; year < 4; year++) story = browsed(story.after('365d'), `year ${year}`)
    expect(ratio(story, 'year 0', 'year 3') / 2 ** -((3 * 365) / 7)).toBeCloseTo(1, 6)
    for (const score of scores(story).values()) expect(Number.isFinite(score)).toBe(true)
  })

  test('counts a late signal from when it happened, and one from the future from now', () => {
    const story = browsed(browsed(browsed(given(kind), 'now'), 'late', { time: '2025-12-25T00:00:00Z' }), 'early', {
      time: '2027-01-01T00:00:00Z',
    })
    expect(ratio(story, 'late', 'now')).toBeCloseTo(0.5, 9)
    expect(ratio(story, 'early', 'now')).toBeCloseTo(1, 6)
  })

  test('refuses a signal with 10,000 topics or without the name of an item', () => {
    const topics = Array.from({ length: 10_000 }, (_, number) => `topic ${number}`)
    given(kind).when('item.liked', { item: 'a', topics }).thenRejected('bad_data')
    given(kind)
      .when('item.liked', { item: '', topics: ['茶'] })
      .thenRejected('bad_data')
  })

  test('works for a topic named like a property of JavaScript objects', () => {
    expect(scores(browsed(given(kind), 'constructor')).get('constructor')).toBe(1)
    given(kind)
      .when('item.browsed', { item: 'a', topics: ['__proto__'] })
      .thenRejected('bad_data')
  })
})

test('signals of a week give the same profile in any order', () => {
  const signals = fc.array(fc.record({ topic: fc.constantFrom('tea', '茶', 'music'), day: fc.integer({ min: 0, max: 7 }) }), {
    minLength: 1,
    maxLength: 12,
  })
  const twice = signals.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })))
  fc.assert(
    fc.property(twice, ([all, shuffled]) => {
      const profile = (signals: typeof all): number[] => {
        let story = given(kind, { at: '2026-01-09T00:00:00Z' })
        for (const { topic, day } of signals) story = browsed(story, topic, { time: new Date(FIRST_DAY + day * DAY_MS).toISOString() })
        const last = browsed(story, 'last')
        return ['tea', '茶', 'music'].map((topic) => ratio(last, topic, 'last'))
      }
      for (const [index, value] of profile(all).entries()) expect(profile(shuffled)[index]).toBeCloseTo(value, 9)
    }),
    { numRuns: 30 },
  )
})

describe('bounds', () => {
  test('keep the strongest 32 interests and dislikes, and the 64 newest purchases', () => {
    let story = given(kind)
      .when('item.liked', { item: 'a', topics: ['strong'] })
      .when('item.rated', { item: 'b', topics: ['disliked'], stars: 1 })
    for (let index = 0; index < 70; index++) story = story.when('item.bought', { item: `item ${index}`, topics: [`topic ${index}`] })
    expect(story.context.topics).toHaveLength(32)
    expect(story.context.bought).toHaveLength(64)
    expect(story.context.bought[0]).toBe('item 6')
    story.thenLabel({ bought: 64 })
  })

  test('keep the largest profile far below the limit of a state', () => {
    let story = given(kind)
    for (let index = 0; index < 70; index++) {
      story = story.when(
        'item.bought',
        { item: `${index}`.padStart(64, '鹭'), topics: [`${index}`.padStart(32, '茶')] },
        { time: new Date(index).toISOString() },
      )
    }
    expect(Buffer.byteLength(JSON.stringify(story.records.at(-1)?.state))).toBeLessThan(LIMITS.stateBytesMax / 2)
  })
})

describe('recommendations', () => {
  const found: { item: string; score: number }[] = [
    { item: 'brook-kettle', score: 3 },
    { item: '云雾绿茶', score: 2 },
  ]
  const fond = given(kind).when('item.liked', { item: 'x', topics: ['tea'] })

  test('go to the visitor who asked, from the profile', () => {
    fond
      .task('recommend', found)
      .when('recommendations.asked', { count: 2 }, { id: 'q-1' })
      .thenTask('recommend', { topics: [['tea', 3]], without: [], count: 2 })
      .thenEmitted('recommendations.given', { replyTo: 'q-1', items: found })
      .thenState('listening')
  })

  test('exclude purchases, also those made while the task ran', () => {
    fond
      .when('recommendations.asked', {})
      .when('item.bought', { item: 'brook-kettle', topics: ['tea'] })
      .thenState('recommending')
      .taskEnds('recommend', found)
      .thenEmitted('recommendations.given', { items: [{ item: '云雾绿茶', score: 2 }] })
      .when('recommendations.asked', {})
      .thenTask('recommend', { without: ['brook-kettle'] })
  })

  test('are given in the order of the questions, while signals are still learnt', () => {
    fond
      .when('recommendations.asked', {}, { id: 'q-1' })
      .when('recommendations.asked', { count: 1 }, { id: 'q-2' })
      .when('item.browsed', { item: 'y', topics: ['音响'] })
      .taskEnds('recommend', found)
      .thenEmitted('recommendations.given', { replyTo: 'q-1' })
      .thenTask('recommend', {
        count: 1,
        topics: [
          ['tea', 3],
          ['音响', 1],
        ],
      })
      .taskEnds('recommend', [])
      .thenEmitted('recommendations.given', { replyTo: 'q-2', items: [] })
      .thenState('listening')
  })

  test('are empty, with the problem, where the task fails or too many questions wait', () => {
    fond
      .task('recommend', fails('down'))
      .when('recommendations.asked', {}, { id: 'q-1' })
      .thenEmitted('recommendations.given', { replyTo: 'q-1', items: [], problem: 'unavailable' })
    let story = fond
    for (let index = 0; index < 8; index++) story = story.when('recommendations.asked', {}).thenNotEmitted()
    story
      .when('recommendations.asked', {}, { id: 'q-9' })
      .thenEmitted('recommendations.given', { replyTo: 'q-9', items: [], problem: 'busy' })
      .taskExpires('recommend')
      .thenEmitted('recommendations.given', { problem: 'unavailable' })
      .thenState('recommending')
  })
})

describe('signals of an item', () => {
  test('without topics count when the index tells them', () => {
    given(kind)
      .task('recommend', { items: [], strategy: 'fused', indexSeq: 7, learnt: [['kettle', ['tea']]] })
      .when('item.liked', { item: 'kettle' })
      .thenLabel({ favourite: null })
      .when('recommendations.asked', {})
      .thenLabel({ favourite: 'tea' })
      .thenEmitted('recommendations.given', { items: [], strategy: 'fused', indexSeq: 7 })
  })

  test('can be taken back: a like takes its own weight, also later, and without a like nothing changes', () => {
    const liked = given(kind)
      .when('item.browsed', { item: 'a', topics: ['tea'] })
      .after('7d')
      .when('item.liked', { item: 'a', topics: ['tea'] })
    const later = liked.after('7d').when('item.unliked', { item: 'a', topics: ['tea'] })
    expect(scores(later).get('tea')).toBeCloseTo(1, 9)
    expect(scores(later.when('item.unliked', { item: 'a', topics: ['tea'] })).get('tea')).toBeCloseTo(1, 9)
  })

  test('exclude what was refused or returned, until it is liked or bought again', () => {
    const without = (story: Story): unknown =>
      visitorSchema.parse(story.when('recommendations.asked', {}).records.at(-1)?.started[0]?.input).without
    const bought = given(kind).when('item.bought', { item: 'a' })
    expect(without(bought.when('item.returned', { item: 'a' }))).toEqual(['a'])
    expect(bought.when('item.returned', { item: 'a' }).context.bought).toEqual([])
    expect(without(given(kind).when('item.disliked', { item: 'b' }))).toEqual(['b'])
    expect(without(given(kind).when('item.disliked', { item: 'b' }).when('item.liked', { item: 'b' }))).toEqual([])
  })

  test('are paired with the items of before, once, and not where they speak against an item', () => {
    given(kind)
      .when('item.browsed', { item: 'a' })
      .thenNotEmitted()
      .when('item.browsed', { item: 'b' })
      .thenEmitted('items.paired', { item: 'b', others: [['a', 1]] })
      .when('item.liked', { item: 'b' })
      .thenNotEmitted()
      .when('item.disliked', { item: 'c' })
      .thenNotEmitted()
  })

  test('tell when the interests turn', () => {
    const fond = given(kind).when('item.liked', { item: 'a', topics: ['tea'] })
    fond
      .when('item.liked', { item: 'b', topics: ['music'] })
      .thenNotEmitted('interest.changed')
      .when('item.bought', { item: 'b', topics: ['music'] })
      .thenEmitted('interest.changed', { before: 'tea', now: 'music' })
  })
})

describe('lists', () => {
  const made = (...items: string[]) => ({
    items: items.map((item) => ({ item, score: 1, why: { by: 'popular' as const, of: '' } })),
    strategy: 'fused' as const,
    indexSeq: 9,
    learnt: [],
  })

  test('are credited with the clicks and purchases that follow', () => {
    given(kind)
      .task('recommend', made('x', 'y'))
      .when('recommendations.asked', {}, { id: 'q-1' })
      .when('item.clicked', { item: 'y', list: 'q-1' })
      .thenEmitted('recommendation.clicked', { list: 'q-1', item: 'y', rank: 2, strategy: 'fused' })
      .when('item.clicked', { item: 'y', list: 'other' })
      .thenNotEmitted('recommendation.clicked')
      .when('item.bought', { item: 'x' })
      .thenEmitted('recommendation.bought', { list: 'q-1', item: 'x', rank: 1 })
  })

  test('are kept fresh where that was asked: one new list for many signals', () => {
    const asked = given(kind).when('recommendations.asked', { count: 3, keepFresh: true }, { id: 'q-1' }).taskEnds('recommend', made('x'))
    let story = asked
    for (const item of ['a', 'b', 'c']) story = story.when('item.browsed', { item }).thenState('settling')
    story
      .after('2s')
      .thenState('refreshing')
      .thenTask('recommend', { count: 3 })
      .taskEnds('recommend', made('z'))
      .thenEmitted('recommendations.given', { replyTo: 'q-1', list: 'q-1~2' })
      .thenState('listening')
    asked.after('2h').when('item.browsed', { item: 'a' }).thenState('listening')
  })

  test('use the searches and the segment of the visitor', () => {
    given(kind)
      .when('item.searched', { text: 'green tea', segment: 'gardeners' })
      .when('recommendations.asked', {})
      .thenTask('recommend', { searches: ['green tea'], segment: 'gardeners' })
  })
})

test('a visitor who signs in hands the profile over', () => {
  const guest = given(kind)
    .when('item.liked', { item: 'a', topics: ['tea'] })
    .when('visitor.signed_in', { as: 'member' })
  const sent = guest.records.at(-1)?.sent?.[0]
  expect(sent).toMatchObject({ kind: 'interest', actor: 'member', type: 'profile.merged' })
  expect(guest.context.topics).toEqual([])
  const member = given(kind)
    .when('item.bought', { item: 'b', topics: ['tea'] })
    .when('profile.merged', mergedSchema.parse(sent?.data))
  expect(member.context).toMatchObject({
    topics: [['tea', 8]],
    bought: ['b'],
    recent: [
      ['a', 3, 0],
      ['b', 5, 0],
    ],
  })
})

test('random walks find no fault, no dead end and no unbounded context', () => {
  const items = loadCatalogue().slice(0, 6)
  const { unreached, ineffective } = explore(kind, {
    runs: 50,
    events: {
      'item.browsed': items,
      'item.liked': items,
      'item.bought': items,
      'item.clicked': [{ item: 'a' }],
      'item.unliked': items,
      'item.returned': items,
      'recommendations.asked': [{ count: 2 }, { count: 2, keepFresh: true }],
      'visitor.signed_in': [{ as: 'member' }],
      'item.rated': fc
        .record({ item: fc.constantFrom(...items), stars: fc.integer({ min: 1, max: 5 }) })
        .map(({ item, stars }) => ({ ...item, stars })),
    },
    tasks: { recommend: [[], [{ item: '云雾绿茶', score: 1 }]] },
  })
  expect({ unreached, ineffective }).toEqual({ unreached: [], ineffective: [] })
})

describe('the catalogue', () => {
  const topicsKind = createInterest(loadCatalogue(), { strategy: 'topics' })
  const recommend = async (topics: [string, number][], without: string[] = [], count = 20) => {
    const { recommend: task } = topicsKind.tasks
    const found = await task.run({
      input: task.input.parse({ topics, without, count }),
      ...firstAttempt,
      signal: new AbortController().signal,
      log: silent,
      actor: { tenant: 'acme', kind: 'interest', id: 'v1' },
      searchIndex: emptySearchIndex,
      memory: emptySearchIndex,
      understand: understandByActs,
      evaluate: evaluateByRules,
      live: recordsLive(),
      ...generates(),
      ...builtInPrompts(),
      ...placedAt(),
      ...recommendsFromCatalogue(),
    })
    return Array.isArray(found) ? found : found.items
  }

  test('is ranked by interest, without excluded or disliked items and those of no interest', async () => {
    expect(
      (
        await recommend([
          ['tea', 4],
          ['茶', 2],
          ['kitchen', -6],
        ])
      ).map(({ item }) => item),
    ).toEqual(['云雾绿茶', '岩骨乌龙', '青瓷茶具'])
    expect(await recommend([['tea', 4]], ['云雾绿茶'])).toEqual([{ item: 'brook-kettle', score: 2, why: { by: 'topic', of: 'tea' } }])
    expect(await recommend([['travel', 1]], [], 2)).toHaveLength(2)
    expect(await recommend([])).toEqual([])
  })

  test('lists every item once', () => {
    const names = loadCatalogue().map(({ item }: Item) => item)
    expect(new Set(names).size).toBe(names.length)
  })
})
