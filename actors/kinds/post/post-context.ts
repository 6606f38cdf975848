import { hash } from 'node:crypto'
import { z } from 'zod'
import { analysisSchema, moodSchema, type postPublished, SOCIAL_LIMITS } from '../../../schemas/social-events.ts'
import { withWeight } from '../../social/fading.ts'
import { spreadSchema } from './spread.ts'

/** Comments that wait for their analysis, and the start of each that is analysed. */
export const COMMENTS_MAX = 16
export const COMMENT_CHARS_MAX = 280

/** What an author's influence gets from a like, a comment and a share of a post. */
const WEIGHTS = { likes: 1, comments: 2, shares: 4 } as const
export type Engagement = keyof typeof WEIGHTS

const count = z.int().nonnegative()
/** What the author has not been told yet. */
const untoldSchema = z.object({ likes: z.int(), comments: count, shares: count, weight: z.number(), at: count })
export type Untold = z.infer<typeof untoldSchema>

export const contextSchema = z.object({
  id: z.string(),
  author: z.string().nullable().meta({ description: 'null until the post is published' }),
  platform: z.string().nullable(),
  publishedAt: z.string().nullable(),
  /** Only while it is analysed: each record has the context. */
  text: z.string().max(SOCIAL_LIMITS.textCharsMax).nullable(),
  textHash: z.string().nullable().meta({ description: 'Of the text that is or was analysed; null where any text is welcome' }),
  found: analysisSchema.pick({ sentiment: true, topic: true, language: true }).nullable().meta({ description: 'By the task `analyse`' }),
  likes: count,
  comments: count,
  likers: z.string(),
  spread: spreadSchema,
  mood: moodSchema.meta({ description: 'Of the comments' }),
  waiting: z.array(z.string().max(COMMENT_CHARS_MAX)).max(COMMENTS_MAX).meta({ description: 'Comments that are not analysed yet' }),
  untold: untoldSchema.nullable(),
})
export type PostContext = z.infer<typeof contextSchema>

const NOTHING: Omit<Untold, 'at'> = { likes: 0, comments: 0, shares: 0, weight: 0 }

/** What is to be told, after more of one sort. */
export function withEngagement(untold: Untold | null, sort: Engagement, by: 1 | -1, at: number): Untold {
  const before = untold ?? { ...NOTHING, at }
  const { value: weight, at: latest } = withWeight({ value: before.weight, at: before.at }, by * WEIGHTS[sort], at)
  return { ...before, [sort]: before[sort] + by, weight, at: latest }
}

/** What is told of a post when it is new: with what came before it. */
export const untoldOf = (untold: Untold | null, at: number): Untold => untold ?? { ...NOTHING, at }

/** 72 bits of SHA-1: by it a post knows its text again, which it does not keep. */
export const hashOfText = (text: string): string => hash('sha1', text, 'base64url').slice(0, 12)

/** Why a post that is there must not be published so. The same text again is welcome, and changes nothing. */
export function publishProblem({ author, platform, textHash }: PostContext, published: z.output<typeof postPublished>): string | undefined {
  if (author === null) return undefined
  if (published.author !== author || (published.platform ?? null) !== platform) {
    const before = `author ${author}${platform === null ? '' : ` on ${platform}`}`
    return `the post is already there, by ${before}; give posts of different platforms different ids`
  }
  if (textHash === null || hashOfText(published.text) === textHash) return undefined
  return 'text: the post is already there with another text, and an edit is not analysed; publish it as a post of its own id'
}
