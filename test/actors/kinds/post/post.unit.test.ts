import { describe, expect, test } from 'vitest'
import { postKind } from '../../../../actors/kinds/post/post-kind.ts'
import { NO_SPREAD, withShare } from '../../../../actors/kinds/post/spread.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { fails } from '../../../../actors/testkit/task-stubs.ts'
import type { Analysis } from '../../../../schemas/social-events.ts'

type Story = Scenario<typeof postKind>
const FOUND: Analysis = { language: 'en', sentiment: 'positive', score: 0.8, keywords: ['battery', 'phone'], topic: 'battery-1' }
const POST = { author: 'ann', platform: 'weibo', text: 'A great battery' }
const story = (): Story => given(postKind, { id: 'weibo-1' })
const analysed = (): Story => story().task('analyse', FOUND).when('post.published', POST)
const credits = (from: Story): unknown[] =>
  from.records.flatMap(({ sent = [] }) => sent.filter(({ type }) => type === 'author.credited').map(({ data }) => data))

describe('a post', () => {
  test('is analysed, joins its topic, and tells its author', () => {
    story()
      .when('post.published', POST)
      .thenTask('analyse', { text: 'A great battery' })
      .taskEnds('analyse', FOUND)
      .thenEmitted('post.analysed', { author: 'ann', sentiment: 'positive', topic: 'battery-1', excerpt: 'A great battery' })
      .thenSent('topic', 'battery-1', 'topic.joined', { post: 'weibo-1', author: 'ann', keywords: ['battery', 'phone'] })
      .thenSent('author', 'ann', 'author.credited', { isNew: true, likes: 0, topic: 'battery-1' })
      .thenContext({ text: null })
      .thenLabel({ author: 'ann', topic: 'battery-1', sentiment: 'positive' })
  })

  test('without words joins no topic', () => {
    const none = story()
      .task('analyse', { ...FOUND, keywords: [], topic: null })
      .when('post.published', { ...POST, text: '😀😀' })
      .thenEmitted('post.analysed', { topic: null, keywords: [] })
    expect(none.records.flatMap(({ sent = [] }) => sent).map(({ type }) => type)).toEqual(['author.credited'])
  })

  test('tells its author once of all that happens within ten seconds', () => {
    let now = analysed()
    for (let account = 0; account < 20; account++) now = now.when('post.liked', { by: `reader-${account}` })
    now = now.when('post.shared', { by: 'bob' }).after('10s')
    expect(credits(now)).toMatchObject([
      { isNew: true, likes: 0, shares: 0 },
      { isNew: false, likes: 20, comments: 0, shares: 1 },
    ])
    const told = now.records.length
    expect(now.after('1h').records).toHaveLength(told)
  })

  test('that is liked before it is published counts the like, and tells of it with the post', () => {
    const liked = story().when('post.liked', { by: 'bob' }).when('post.commented', { by: 'bob', text: 'great' }).after('1h')
    expect(credits(liked)).toEqual([])
    const now = liked
      .task('analyse', FOUND)
      .task('hear', { positive: 1, neutral: 0, negative: 0 })
      .when('post.published', POST)
      .after('10s')
    expect(credits(now)).toMatchObject([{ isNew: true, likes: 1, comments: 1 }])
    now.thenEmitted('comments.analysed', { positive: 1 })
  })

  test('counts the like of an account once, and takes it back', () => {
    const now = analysed().when('post.liked', { by: 'bob' }).when('post.liked', { by: 'bob' }).thenLabel({ likes: 1 })
    const back = now.when('post.unliked', { by: 'bob' }).when('post.unliked', { by: 'bob' }).thenLabel({ likes: 0 })
    expect(credits(back.after('10s')).at(-1)).toMatchObject({ likes: 0, weight: 0 })
    back.when('post.liked', { by: 'bob' }).thenLabel({ likes: 1 })
  })

  test('hears the comments of ten seconds together, and no more than sixteen', () => {
    let now = analysed()
    for (let comment = 0; comment < 20; comment++) now = now.when('post.commented', { by: 'bob', text: 'good '.repeat(1_000) })
    const heard = now.after('10s').thenTask('hear')
    expect(heard.context.waiting).toHaveLength(16)
    heard
      .when('post.commented', { by: 'eve', text: 'late' })
      .taskEnds('hear', { positive: 10, neutral: 4, negative: 2 })
      .thenLabel({ comments: 21, liked_comments: 10, disliked_comments: 2 })
      .thenContext({ waiting: [] })
    now.task('hear', fails('down')).after('10s').thenContext({ waiting: [] }).thenState('others.quiet')
  })

  test('measures how it spreads', () => {
    analysed()
      .when('post.shared', { by: 'a' })
      .thenNotEmitted('post.spread')
      .after('30m')
      .when('post.shared', { by: 'b', from: 'a' })
      .thenEmitted('post.spread', { size: 2, depth: 2, perHour: 2 })
      .when('post.shared', { by: 'c', from: 'b' })
      .thenNotEmitted('post.spread')
      .when('post.shared', { by: 'd', from: 'nobody' })
      .thenEmitted('post.spread', { size: 4, depth: 3 })
      .thenLabel({ shares: 4, depth: 3 })
  })

  test('counts a share from its author as one of the post itself, and refuses a share of the own share', () => {
    analysed()
      .when('post.shared', { by: 'a', from: 'ann' })
      .thenLabel({ shares: 1, depth: 1 })
      .when('post.shared', { by: 'b', from: 'ann' })
      .thenEmitted('post.spread', { size: 2, depth: 1 })
      .when('post.shared', { by: 'b', from: 'b' })
      .thenRejected('bad_data')
      .thenLabel({ shares: 2, depth: 1 })
      .when('post.shared', { by: 'c', from: 'b' })
      .thenLabel({ shares: 3, depth: 2 })
  })

  test('that is edited is refused, in any language; an analysis that failed may get another text', () => {
    analysed()
      .when('post.published', { ...POST, text: 'A bad battery' })
      .thenRejected('bad_data')
    story()
      .task('analyse', FOUND)
      .when('post.published', { ...POST, text: '电池很好' })
      .when('post.published', { ...POST, text: '电池很差' })
      .thenRejected('bad_data')
      .when('post.published', { ...POST, text: '电池很好' })
      .thenNothing()
    story()
      .task('analyse', fails('down'))
      .when('post.published', POST)
      .task('analyse', FOUND)
      .when('post.published', { ...POST, text: 'A bad battery' })
      .thenEmitted('post.analysed', { excerpt: 'A bad battery' })
  })

  test('of version 1, whose text nobody knows any more, takes it again without a change', () => {
    const { textHash: _, ...context } = analysed().context
    const migrated = postKind.migrate[1]?.({ value: { text: 'analysed', others: 'quiet' }, context })
    expect(migrated?.context).toEqual({ ...context, textHash: null })
    expect(
      postKind.refuse(
        { ...analysed().context, textHash: null },
        { type: 'post.published', source: 'nats', data: POST },
        { tenant: 't', kind: 'post', id: 'p' },
      ),
    ).toBeUndefined()
  })

  test('of another platform or author with the same id is refused; the same post again changes nothing', () => {
    analysed()
      .when('post.published', { ...POST, platform: 'x' })
      .thenRejected('bad_data')
    analysed()
      .when('post.published', { ...POST, author: 'eve' })
      .thenRejected('bad_data')
    analysed().when('post.published', POST).thenNothing()
  })

  test('is analysed again where the analysis failed', () => {
    story()
      .task('analyse', fails('down'))
      .when('post.published', POST)
      .thenState('text.failed')
      .task('analyse', FOUND)
      .when('post.published', POST)
      .thenEmitted('post.analysed')
  })

  test('of a clock that is ahead counts as of now', () => {
    const now = story()
      .task('analyse', FOUND)
      .when('post.published', POST, { time: '2099-01-01T00:00:00Z' })
      .when('post.liked', { by: 'bob' }, { time: '2099-01-01T00:00:00Z' })
      .after('10s')
    for (const credit of credits(now) as { at: number }[]) expect(credit.at).toBeLessThanOrEqual(Date.parse(now.now))
  })

  test('of a megabyte is refused', () => {
    story()
      .when('post.published', { ...POST, text: 'x'.repeat(20_001) })
      .thenRejected('bad_data')
    story()
      .whenRaw({ type: 'post.published', data: { ...POST, text: 'x'.repeat(1_000_000) } })
      .thenRejected('too_large')
  })
})

test('a post that 10,000 accounts like and share stays small', () => {
  let spread = NO_SPREAD
  for (let account = 0; account < 10_000; account++)
    spread = withShare(spread, `a${account}`, account === 0 ? undefined : `a${account - 1}`, account)
  expect(spread).toMatchObject({ size: 10_000, depth: 10_000 })
  expect(JSON.stringify(spread).length).toBeLessThan(1_500)
})

test('random walks find no fault, no dead end and no unbounded context', () => {
  const { unreached, ineffective } = explore(postKind, {
    invariant({ context: { author, found, text, comments, mood } }) {
      if (found !== null && (author === null || text !== null)) return 'what is analysed has an author, and its text is gone'
      return mood.positive + mood.neutral + mood.negative > 0 && comments === 0 ? 'a mood of no comments' : undefined
    },
    runs: 30,
    restingStates: ['text.unknown', 'text.analysed', 'text.failed', 'others.quiet'],
    events: { 'post.published': [POST], 'post.shared': [{ by: 'a' }, { by: 'b', from: 'a' }], 'post.liked': [{ by: 'a' }, { by: 'b' }] },
    tasks: { analyse: [FOUND], hear: [{ positive: 1, neutral: 0, negative: 0 }] },
  })
  expect({ unreached, ineffective }).toEqual({ unreached: [], ineffective: [] })
})
