import { enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { VECTOR_SIZE } from '../../../schemas/catalogue-events.ts'
import {
  ALL_TOPICS,
  moodSchema,
  POST_KIND,
  SOCIAL_LIMITS,
  TOPIC_KIND,
  topicGrown,
  type TopicJoined,
  topicJoined,
  topicOpened,
  TOPICS_KIND,
  weightedKeywords,
} from '../../../schemas/social-events.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { send } from '../../definition/send-action.ts'
import { decodeVector, encodeBytes } from '../../recommending/item-vector.ts'
import { weighedKeywords } from '../../social/topic-index.ts'

/** A topic tells where it is at so many times the posts of before. */
const GROWTH = 4

const contextSchema = z.object({
  id: z.string(),
  posts: z.int().nonnegative(),
  keywords: weightedKeywords.meta({ description: 'With their weights in its posts, the heaviest first' }),
  /** The sum of the vectors of its posts; null without vectors. */
  sum: z.array(z.int()).length(VECTOR_SIZE).nullable(),
  model: z.string().nullable(),
  mood: moodSchema,
})
type Context = z.infer<typeof contextSchema>

const kind = defineKind({
  name: TOPIC_KIND,
  version: 1,
  context: contextSchema,
  events: { 'topic.joined': topicJoined },
  sentBy: { 'topic.joined': [POST_KIND] },
  emits: { 'topic.opened': topicOpened, 'topic.grown': topicGrown },
  tasks: {},
  label: ({ posts, keywords, mood }) => ({
    posts,
    keywords: titleOf(keywords).join(', '),
    positive: mood.positive,
    negative: mood.negative,
  }),
})

const titleOf = (keywords: Context['keywords']): string[] => keywords.slice(0, SOCIAL_LIMITS.keywordsMax).map(([word]) => word)
const isPowerOfGrowth = (posts: number): boolean => Number.isInteger(Math.log(posts) / Math.log(GROWTH))

/** The keywords with those of another post. Where there are too many, the rarest make room. */
function withKeywords(before: Context['keywords'], more: readonly string[]): Context['keywords'] {
  const known = new Map(before)
  const isNew = (word: string): boolean => !known.has(word)
  const words = [...new Set(more)]
  const counts = new Map(
    before.filter(([word], rank) => rank < SOCIAL_LIMITS.topicKeywordsMax - words.filter(isNew).length || words.includes(word)),
  )
  for (const [word, weight] of weighedKeywords(words)) counts.set(word, (known.get(word) ?? 0) + weight)
  return [...counts].sort(([, one], [, other]) => other - one).slice(0, SOCIAL_LIMITS.topicKeywordsMax)
}

function joined(context: Context, { keywords, sentiment, vector, model }: TopicJoined): Context {
  const added = vector === undefined || (context.model !== null && context.model !== model) ? undefined : decodeVector(vector)
  return {
    ...context,
    posts: context.posts + 1,
    keywords: withKeywords(context.keywords, keywords),
    sum: added === undefined ? context.sum : Array.from(added, (value, at) => value + (context.sum?.[at] ?? 0)),
    model: added === undefined ? context.model : (model ?? null),
    mood: { ...context.mood, [sentiment]: context.mood[sentiment] + 1 },
  }
}

/** The kind `topic`: what a tenant's posts are about. It tells the index where it is now and then, so that few records tell it. */
export const topicKind = kind.with(
  setup({
    ...kind.xstate,
    actions: {
      join: enqueueActions(({ context, event, enqueue }) => {
        const now = joined(context, event.data)
        const { id: topic, posts, keywords, sum, model, mood } = now
        enqueue.assign(now)
        if (posts === 1) enqueue.emit({ type: 'topic.opened', data: { keywords: titleOf(keywords), language: event.data.language } })
        if (!isPowerOfGrowth(posts)) return
        if (posts > 1) enqueue.emit({ type: 'topic.grown', data: { ...mood, posts, keywords: titleOf(keywords) } })
        const place = sum === null || model === null ? {} : { vector: encodeBytes(sum), model }
        enqueue(send({ kind: TOPICS_KIND, id: ALL_TOPICS, type: 'topic.placed', data: { topic, posts, keywords, ...place } }))
      }),
    },
  }).createMachine({
    id: TOPIC_KIND,
    context: ({ input: { id } }) => ({
      id,
      posts: 0,
      keywords: [],
      sum: null,
      model: null,
      mood: { positive: 0, neutral: 0, negative: 0 },
    }),
    initial: 'open',
    states: { open: { on: { 'topic.joined': { actions: 'join' } } } },
  }),
)
