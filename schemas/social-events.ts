import { z } from 'zod'
import { VECTOR_SIZE } from './catalogue-events.ts'
import { TOKEN } from './subjects.ts'

export const POST_KIND = 'post'
export const AUTHOR_KIND = 'author'
export const TOPIC_KIND = 'topic'
/** The kind whose one actor lists where the topics of a tenant are. */
export const TOPICS_KIND = 'topics'
/** The id of that actor. */
export const ALL_TOPICS = 'all'

/** Bounds of the kinds of social analysis. */
export const SOCIAL_LIMITS = {
  /** UTF-16 units of a post or a comment. */
  textCharsMax: 20_000,
  /** UTF-16 units of a search. */
  searchCharsMax: 1_024,
  /** UTF-16 units of a platform's name. */
  platformCharsMax: 32,
  /** UTF-16 units of the start of a post that `post.analysed` has. */
  excerptCharsMax: 140,
  /** Keywords of a post, and of a topic. */
  keywordsMax: 5,
  topicKeywordsMax: 24,
  /** Topics of a tenant that a new post may join. */
  topicsMax: 4_096,
} as const

const account = z.string().regex(TOKEN)
const textSchema = z.string().max(SOCIAL_LIMITS.textCharsMax)
const platformSchema = z.string().min(1).max(SOCIAL_LIMITS.platformCharsMax)
const count = z.int().nonnegative()
const by = { by: account.meta({ description: 'Id of the account' }) }

export const postPublished = z.object({
  author: account.meta({ description: 'Id of the account' }),
  text: textSchema,
  platform: platformSchema.optional(),
})
export const postCommented = z.object({ ...by, text: textSchema })
export const postLiked = z.object(by)
export const postUnliked = z.object(by)
export const postShared = z.object({
  ...by,
  from: account.optional().meta({ description: 'The account whose share it passes on; default: the post itself' }),
})

export const SENTIMENTS = ['positive', 'neutral', 'negative'] as const
export const sentimentSchema = z.enum(SENTIMENTS)
/** How many texts have which sentiment. */
export const moodSchema = z.object({ positive: count, neutral: count, negative: count })
export type Mood = z.infer<typeof moodSchema>

const keywordSchema = z.string().min(1).max(64)
export const keywordsSchema = z.array(keywordSchema).max(SOCIAL_LIMITS.keywordsMax)
/** Where a text lies: by meaning, where there is an embedding model of meaning. Vectors of different models are not comparable. */
const placeSchema = {
  vector: z
    .string()
    .max(128)
    .optional()
    .meta({ description: `Base64 of ${VECTOR_SIZE} signed bytes; absent without an embedding model of meaning` }),
  model: z.string().max(256).optional().meta({ description: 'Fingerprint of the model that made the vector' }),
}
const languageSchema = z.string().max(16).nullable()

/** What a task finds in the text of a post. */
export const analysisSchema = z.object({
  language: languageSchema,
  sentiment: sentimentSchema,
  score: z.number().min(-1).max(1),
  keywords: keywordsSchema,
  topic: account.nullable().meta({ description: 'Id of the topic; null for a text without words' }),
  ...placeSchema,
})
export type Analysis = z.infer<typeof analysisSchema>

/** What a task finds in a search. */
export const searchAnalysisSchema = z.object({ keywords: keywordsSchema, topic: account.nullable() })

export const postAnalysed = analysisSchema
  .omit({ vector: true, model: true })
  .extend({
    author: account,
    platform: platformSchema.nullable(),
    publishedAt: z.iso.datetime(),
    excerpt: z.string().max(SOCIAL_LIMITS.excerptCharsMax),
  })
export const postSpread = z.object({
  size: count.meta({ description: 'Shares so far' }),
  depth: count.meta({ description: 'Longest chain of shares; a share of the post itself is 1' }),
  perHour: z.number().nonnegative().meta({ description: 'Shares an hour since the size was half of this' }),
})

export const searchMade = z.object({ text: z.string().min(1).max(SOCIAL_LIMITS.searchCharsMax), platform: platformSchema.optional() })
export const searchAnalysed = searchAnalysisSchema.extend({ platform: platformSchema.nullable() })

/** A post tells its author what it brought since it told last. */
export const authorCredited = z.object({
  post: account,
  isNew: z.boolean().meta({ description: 'Whether the author hears of the post for the first time' }),
  topic: account.nullable(),
  likes: z.int().meta({ description: 'May be negative, where likes were taken back' }),
  comments: count,
  shares: count,
  weight: z.number().meta({ description: 'Weighted sum of these as of `at`, the older ones faded' }),
  at: z.int().nonnegative().meta({ description: 'Milliseconds since 1970' }),
})

export const topicJoined = z.object({
  post: account,
  author: account,
  language: languageSchema,
  sentiment: sentimentSchema,
  keywords: keywordsSchema,
  ...placeSchema,
})
export type TopicJoined = z.infer<typeof topicJoined>
export const weightedKeywords = z.array(z.tuple([keywordSchema, z.number().positive()])).max(SOCIAL_LIMITS.topicKeywordsMax)
export const topicPlaced = z.object({ topic: account, posts: count, keywords: weightedKeywords, ...placeSchema })
export type TopicPlaced = z.infer<typeof topicPlaced>

export const topicOpened = z.object({ keywords: keywordsSchema, language: languageSchema })
export const topicGrown = moodSchema.extend({ posts: count, keywords: keywordsSchema })
