import { z } from 'zod'
import { spentSchema } from './spent.ts'

export const ABOUT_CHARS_MAX = 300
export const HITS_MAX = 3
export const HIT_CHARS_MAX = 1200
/** Number and length of the customer's earlier messages that relate to a question. */
export const EARLIER_MAX = 3
export const EARLIER_CHARS_MAX = 300

/** UTF-16 units of a message that are kept and understood. */
export const QUESTION_CHARS_MAX = 1000

/** Questions of one message that are looked up, and UTF-16 units of one. */
export const LOOKUPS_MAX = 3
export const LOOKUP_CHARS_MAX = 400

/** What of a message is not looked up: questions beyond `LOOKUPS_MAX`, or the text after what is read of a message. */
export const omittedSchema = z.enum(['questions', 'text'])
export type Omitted = z.infer<typeof omittedSchema>

export const languageSchema = z.enum(['en', 'zh'])
export type Language = z.infer<typeof languageSchema>

/** A passage found: from the tenant's knowledge, or else from an article. */
const hitSchema = z.object({
  source: z.string(),
  /** Id of the passage, where the source has several. */
  chunk: z.string().optional(),
  title: z.string(),
  text: z.string().max(HIT_CHARS_MAX),
  lang: z.string().max(35).nullable(),
  /** Share of the question's words that the passage covers, 0 to 1; rare words weigh more. */
  score: z.number().min(0).max(1),
  /** Places of the questions in `lookups` that it was found for, from 0, where they are several. */
  for: z
    .array(
      z
        .int()
        .min(0)
        .max(LOOKUPS_MAX - 1),
    )
    .max(LOOKUPS_MAX)
    .optional(),
})
export type Hit = z.infer<typeof hitSchema>

export const hitsSchema = z.array(hitSchema).max(HITS_MAX)
export const lookupsSchema = z.array(z.string().max(LOOKUP_CHARS_MAX)).min(1).max(LOOKUPS_MAX)
export const earlierSchema = z.array(z.string().max(EARLIER_CHARS_MAX)).max(EARLIER_MAX)

/** Entities of a question that its key has, and characters of a name or value. */
export const ENTITIES_MAX = 16
const ENTITY_CHARS_MAX = 256

/**
 * What the answer to a question can be shared by. Absent where something personal takes part in it, or where it cannot be told what the
 * passages rest on.
 */
export const shareableSchema = z.object({
  act: z.string().max(64).nullable(),
  actConfidence: z.number().optional(),
  intents: z.array(z.string().max(ENTITY_CHARS_MAX)).max(ENTITIES_MAX),
  entities: z
    .array(
      z.object({
        name: z.string().max(ENTITY_CHARS_MAX),
        value: z.string().max(ENTITY_CHARS_MAX),
        /** The words of the question. */
        text: z.string().max(ENTITY_CHARS_MAX).optional(),
      }),
    )
    .max(ENTITIES_MAX),
  understanding: z.string().max(256),
  knowledgeSeq: z.int().nonnegative(),
})
export type Shareable = z.infer<typeof shareableSchema>

/** What a lookup found for a question, as its answer is written from. */
export const foundSchema = z.object({
  /** The previous question, where the question refers to it. */
  about: z.string().max(ABOUT_CHARS_MAX).nullable(),
  hits: hitsSchema,
  /** What was looked up, each a question that stands alone. Absent: the message itself. */
  lookups: lookupsSchema.optional(),
  /** What of the message was not looked up, which the reply says. Absent: nothing. */
  omitted: omittedSchema.optional(),
  earlier: earlierSchema.optional(),
  kbVersion: z.string().max(64).optional(),
  /** What a model has cost that wrote the lookups. Absent: none did. */
  spent: spentSchema.optional(),
  shareable: shareableSchema.optional(),
})
export type Found = z.infer<typeof foundSchema>

/** The best hit for one of several questions. */
export const bestFor = (hits: readonly Hit[], lookup: number): Hit | undefined =>
  hits.find((hit) => hit.for?.includes(lookup) ?? lookup === 0)
