import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { fadedBy } from '../../../actors/social/fading.ts'
import { UTC } from '../questions/ask-question.ts'
import type { Trend } from '../trends/hourly-series.ts'
import { trendOf, trendsOf, WEEKS_MAX } from '../trends/trends-of.ts'

/** Whose posts, and of which time. */
export interface SocialScope {
  readonly tenant: string
  readonly from: Date
  readonly to: Date
  readonly tz?: string | undefined
}

const HOUR_MS = 3_600_000
const WEEK_HOURS = 168
/** Rows of a list. */
const ROWS_MAX = 15
/** Topics whose trend is looked for: those with the most posts of the period. */
const TRENDS_MAX = 30
/** Hours that are forecast. */
const AHEAD_HOURS = 24

const count = z.coerce.number()
const schemas = {
  totals: z.object({ posts: count, authors: count, comments: count, likes: count, unlikes: count, shares: count, searches: count }),
  moods: z.object({ platform: z.string(), language: z.string(), positive: count, neutral: count, negative: count }),
  topics: z.object({ topic: z.string(), keywords: z.string(), posts: count, positive: count, negative: count }),
  authors: z.object({ author: z.string(), influence: z.number(), at: z.string(), posts: count, interest: z.string() }),
  spreads: z.object({ post: z.string(), excerpt: z.string(), size: count, depth: count, per_hour: z.number() }),
  searches: z.object({ keyword: z.string(), searches: count }),
  hours: z.object({ topic: z.string(), at: z.string(), posts: count }),
} as const
type Part = keyof typeof schemas
type Row<Name extends Part> = z.infer<(typeof schemas)[Name]>

/** What a day was like. */
export interface SocialFigures {
  readonly totals: Row<'totals'>
  readonly moods: readonly Row<'moods'>[]
  readonly topics: readonly (Row<'topics'> & { readonly trend: Trend | undefined })[]
  readonly authors: readonly (Row<'authors'> & { readonly interestWords: string })[]
  readonly spreads: readonly Row<'spreads'>[]
  readonly searches: readonly Row<'searches'>[]
  /** Of all posts together; the forecast is that of the day after. */
  readonly trend: Trend
}

const PERIOD = 'tenant = {tenant:String} AND published_at >= {from:DateTime64(3)} AND published_at < {to:DateTime64(3)}'
const HAPPENED = "tenant = {tenant:String} AND time >= {from:DateTime64(3)} AND time < {to:DateTime64(3)} AND outcome = 'committed'"
const WORDS = `SELECT actor AS topic, JSONExtractString(label_raw, 'keywords') AS words
      FROM actors WHERE tenant = {tenant:String} AND kind = 'topic'`

const SQL: Readonly<Record<Part, string>> = {
  totals: `SELECT p.posts AS posts, p.authors AS authors, e.comments AS comments, e.likes AS likes,
    e.unlikes AS unlikes, e.shares AS shares, e.searches AS searches
    FROM (SELECT count() AS posts, uniqExact(author) AS authors FROM posts WHERE ${PERIOD}) AS p
    CROSS JOIN (SELECT countIf(type = 'post.commented') AS comments, countIf(type = 'post.liked') AS likes,
      countIf(type = 'post.unliked') AS unlikes, countIf(type = 'post.shared') AS shares, countIf(type = 'search.made') AS searches
      FROM events WHERE ${HAPPENED} AND idx = 0 AND kind IN ('post', 'author')) AS e`,
  moods: `SELECT platform, language, countIf(sentiment = 'positive') AS positive, countIf(sentiment = 'neutral') AS neutral,
    countIf(sentiment = 'negative') AS negative FROM posts WHERE ${PERIOD} GROUP BY platform, language
    ORDER BY count() DESC, platform, language LIMIT ${ROWS_MAX}`,
  topics: `SELECT t.topic AS topic, w.words AS keywords, t.posts AS posts, t.positive AS positive, t.negative AS negative
    FROM (SELECT topic, count() AS posts, countIf(sentiment = 'positive') AS positive, countIf(sentiment = 'negative') AS negative
      FROM posts WHERE ${PERIOD} AND topic != '' GROUP BY topic ORDER BY posts DESC, topic LIMIT ${TRENDS_MAX}) AS t
    LEFT JOIN (${WORDS}) AS w ON t.topic = w.topic ORDER BY posts DESC, topic`,
  authors: `SELECT a.actor AS author, JSONExtractFloat(a.label_raw, 'influence') AS influence,
    JSONExtractString(a.label_raw, 'influence_at') AS at, JSONExtractUInt(a.label_raw, 'posts') AS posts,
    JSONExtractString(a.label_raw, 'interest') AS interest
    FROM actors AS a WHERE a.tenant = {tenant:String} AND a.kind = 'author' AND influence > 0
    ORDER BY influence * exp2(dateDiff('second', parseDateTimeBestEffort(at), {to:DateTime64(3)}) / -604800) DESC, author
    LIMIT ${ROWS_MAX}`,
  spreads: `SELECT s.post AS post, p.excerpt AS excerpt, s.size AS size, s.depth AS depth, s.per_hour AS per_hour
    FROM (SELECT actor AS post, max(JSONExtractUInt(data_raw, 'size')) AS size, max(JSONExtractUInt(data_raw, 'depth')) AS depth,
      max(JSONExtractFloat(data_raw, 'perHour')) AS per_hour
      FROM events WHERE ${HAPPENED} AND type = 'post.spread' AND idx > 0 GROUP BY actor
      ORDER BY size DESC, post LIMIT ${ROWS_MAX}) AS s
    LEFT JOIN (SELECT actor, any(excerpt) AS excerpt FROM posts WHERE tenant = {tenant:String} GROUP BY actor) AS p ON p.actor = s.post
    ORDER BY size DESC, post`,
  searches: `SELECT arrayJoin(JSONExtract(data_raw, 'keywords', 'Array(String)')) AS keyword, count() AS searches
    FROM events WHERE ${HAPPENED} AND type = 'search.analysed' AND idx > 0 GROUP BY keyword
    ORDER BY searches DESC, keyword LIMIT ${ROWS_MAX}`,
  hours: `SELECT if(topic IN {topics:Array(String)}, topic, '') AS topic, toString(toStartOfHour(published_at)) AS at, count() AS posts
    FROM posts WHERE tenant = {tenant:String} AND published_at >= {start:DateTime64(3)} AND published_at < {to:DateTime64(3)}
    GROUP BY topic, at`,
}

/** Reads the figures of a report. Nothing is read that the period or the weeks before it do not have. */
export async function readSocialFigures(clickhouse: ClickHouseClient, scope: SocialScope): Promise<SocialFigures> {
  const end = new Date(Math.floor(scope.to.getTime() / HOUR_MS) * HOUR_MS)
  const start = new Date(end.getTime() - WEEKS_MAX * WEEK_HOURS * HOUR_MS)
  const read = async <Row extends z.ZodType>(
    name: Part,
    schema: Row,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<z.output<Row>[]> => {
    const query_params = { tenant: scope.tenant, from: timeOf(scope.from), to: timeOf(scope.to), start: timeOf(start), ...more }
    const result = await clickhouse.query({ query: SQL[name], query_params, format: 'JSONEachRow' })
    return z.array(schema).parse(await result.json())
  }
  const [totals] = await read('totals', schemas.totals)
  const topics = await read('topics', schemas.topics)
  const hours = await read('hours', schemas.hours, { topics: topics.map(({ topic }) => topic) })
  const countsOf = (wanted: string | undefined): number[] => {
    const counts = new Array<number>(WEEKS_MAX * WEEK_HOURS).fill(0)
    for (const { topic, at, posts } of hours) {
      const index = Math.round((Date.parse(`${at.replace(' ', 'T')}Z`) - start.getTime()) / HOUR_MS)
      if ((wanted === undefined || topic === wanted) && index >= 0 && index < counts.length) counts[index] = (counts[index] ?? 0) + posts
    }
    return counts
  }
  const options = { zone: scope.tz ?? UTC, hours: AHEAD_HOURS }
  const trends = new Map(
    trendsOf(
      topics.map(({ topic }) => ({ name: topic, start, counts: countsOf(topic) })),
      options,
    ).map((trend) => [trend.name, trend]),
  )
  const words = new Map(topics.map(({ topic, keywords }) => [topic, keywords]))
  const authors = await read('authors', schemas.authors)
  return {
    totals: totals ?? { posts: 0, authors: 0, comments: 0, likes: 0, unlikes: 0, shares: 0, searches: 0 },
    moods: await read('moods', schemas.moods),
    topics: topics.map((topic) => ({ ...topic, trend: trends.get(topic.topic) })),
    authors: authors.map((one) => ({
      ...one,
      influence: one.influence * fadedBy(scope.to.getTime() - Date.parse(one.at)),
      interestWords: words.get(one.interest) ?? one.interest,
    })),
    spreads: await read('spreads', schemas.spreads),
    searches: await read('searches', schemas.searches),
    trend: trendOf({ name: 'posts', start, counts: countsOf(undefined) }, options),
  }
}

/** A time as a parameter of ClickHouse, in UTC. */
const timeOf = (at: Date): string => at.toISOString().replace('T', ' ').replace('Z', '')
