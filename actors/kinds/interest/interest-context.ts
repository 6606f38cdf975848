import { z } from 'zod'
import { itemIdSchema, topicSchema } from '../../../schemas/catalogue-events.ts'
import { customerSchema } from '../../../schemas/profile-events.ts'
import { COUNT_MAX, recentSchema } from '../../../schemas/recommendation-query.ts'

/** Number of topics kept: those with the highest and lowest scores. */
export const TOPICS_MAX = 32
/** Number of purchases kept, newest first. These are never recommended; older ones may be recommended again. */
export const BOUGHT_MAX = 64
/** Numbers of the newest items, likes, dislikes, searches and lists kept. */
export const [RECENT_MAX, LIKED_MAX, DISLIKED_MAX, SEARCHES_MAX, SHOWN_MAX] = [32, 32, 32, 3, 2]
/** Questions that may wait. One more is answered at once with no items and the problem `busy`. */
export const ASKED_MAX = 8
/** UTF-16 units that are kept of a search. */
export const SEARCH_CHARS_MAX = 256

export const segmentSchema = z
  .string()
  .min(1)
  .max(64)
  .meta({ description: 'Group of visitors, such as a country; the last one named counts' })
const scoredTopics = z.array(z.tuple([topicSchema, z.number()])).max(TOPICS_MAX)
/** What is known of a visitor, apart from questions and lists: a visitor who signs in takes it along. */
export const profileShape = {
  landmark: z.string().meta({ description: 'The time at which a signal has its plain weight' }),
  topics: scoredTopics,
  bought: z.array(itemIdSchema).max(BOUGHT_MAX),
  recent: z.array(recentSchema).max(RECENT_MAX),
  liked: z
    .array(z.tuple([itemIdSchema, z.number()]))
    .max(LIKED_MAX)
    .meta({ description: 'Likes with their weights, to take them back' }),
  disliked: z.array(itemIdSchema).max(DISLIKED_MAX),
  segment: segmentSchema.nullable(),
}
/** What is known of a visitor, apart from questions and lists. */
export type Profile = z.infer<z.ZodObject<typeof profileShape>>

const askedSchema = z.object({ replyTo: z.string(), count: z.int(), segment: z.string().optional(), customer: customerSchema.optional() })
export const contextSchema = z.object({
  ...profileShape,
  searches: z.array(z.string().max(SEARCH_CHARS_MAX)).max(SEARCHES_MAX),
  favourite: topicSchema.nullable().meta({ description: 'The topic that leads, as last told by interest.changed' }),
  asked: z.array(askedSchema).max(ASKED_MAX),
  shown: z.array(z.object({ list: z.string(), strategy: z.string(), items: z.array(itemIdSchema).max(COUNT_MAX) })).max(SHOWN_MAX),
  fresh: askedSchema
    .extend({ until: z.string(), lists: z.int(), isStale: z.boolean() })
    .nullable()
    .meta({ description: 'The question whose list is kept fresh' }),
})
export type Context = z.infer<typeof contextSchema>
export type Asked = z.infer<typeof askedSchema>

/** Far above any sum of weights, and far below what a double overflows by. */
const SCORE_MAX = 2 ** 64
const scoreSchema = z.number().min(-SCORE_MAX).max(SCORE_MAX)
/** Sent by the actor of a visitor who signs in to the actor of the one who is known; its `source` names the visitor. */
export const mergedSchema = z.object({
  ...profileShape,
  landmark: z.iso.datetime({ offset: true }),
  topics: z.array(z.tuple([topicSchema, scoreSchema])).max(TOPICS_MAX),
  recent: z.array(z.tuple([itemIdSchema, scoreSchema, scoreSchema])).max(RECENT_MAX),
  liked: z.array(z.tuple([itemIdSchema, scoreSchema])).max(LIKED_MAX),
})
