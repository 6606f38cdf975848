import { z } from 'zod'
import { evaluatedFields, messageSent, routedFields } from './events.ts'
import { promptNameSchema } from './prompt-events.ts'
import { TOKEN } from './subjects.ts'
import { spanSchema } from './trigger-events.ts'

/** The kind that makes a text of a brief: one actor a text. */
export const WRITER_KIND = 'writer'
/** The kind that decides how texts of a purpose are written, and learns: one actor a purpose. */
export const STRATEGY_KIND = 'strategy'

/** Bounds of writers and strategies. Arms and open choices together stay within 48 KiB as JSON. */
export const WRITING_LIMITS = {
  /** Arms of a strategy. */
  armsMax: 20,
  /** Choices that wait for their reward; with one more, the oldest is dropped. */
  openMax: 400,
  /** UTF-16 units of the id of an arm, of a choice, and of a tone. */
  armCharsMax: 32,
  choiceCharsMax: 64,
  toneCharsMax: 120,
  /** Least and most words of a text that an arm asks for; in Chinese, characters. */
  lengthMin: 10,
  lengthMax: 2_000,
  /** UTF-16 units of a brief and of a fact, and number of facts. */
  briefCharsMax: 4_000,
  factCharsMax: 1_000,
  factsMax: 8,
  /** UTF-16 units of a text; a longer one is cut. */
  textCharsMax: 16_000,
  /** UTF-16 units of a name in `by` and of a comment. */
  byCharsMax: 64,
  commentCharsMax: 4_000,
} as const

const { armCharsMax, choiceCharsMax, toneCharsMax, lengthMin, lengthMax } = WRITING_LIMITS

/** A way to write: which version of which prompt, in which tone, how long. */
export const armSchema = z.object({
  id: z.string().regex(TOKEN).max(armCharsMax),
  prompt: promptNameSchema.default('write').meta({ description: 'Name of a prompt' }),
  version: z
    .int()
    .nonnegative()
    .default(0)
    .meta({ description: 'Exactly this version: its `share` does not apply; 0 is the built-in text' }),
  tone: z.string().trim().min(1).max(toneCharsMax).optional().meta({ description: 'Such as friendly, or 正式' }),
  length: z.int().min(lengthMin).max(lengthMax).optional().meta({ description: 'Words at most; in Chinese, characters' }),
})
export type Arm = z.output<typeof armSchema>

/** What is used where no arms are set. */
export const DEFAULT_ARM: Arm = { id: 'default', prompt: 'write', version: 0 }

const choiceId = z
  .string()
  .regex(/^[A-Za-z0-9._:/-]+$/, 'must be letters, digits and ._:/-')
  .max(choiceCharsMax)
  .meta({ description: 'Id of the choice' })
const byWord = z.string().min(1).max(WRITING_LIMITS.byCharsMax)
const reward = z.number().min(0).max(1).meta({ description: '1 is best' })

/** What a strategy chooses from. It replaces what was set before; an arm that stays as it is keeps its counts. */
export const strategySet = z.object({
  arms: z
    .array(armSchema)
    .min(1)
    .max(WRITING_LIMITS.armsMax)
    .refine((arms) => new Set(arms.map(({ id }) => id)).size === arms.length, 'two arms have the same id'),
  feedback: spanSchema.default('1d').meta({ description: 'How long a writer waits for feedback before the quality of its text counts' }),
})
export const strategyReset = z.object({ by: byWord.optional() })
export const choiceAsked = z.object({ choice: choiceId })
export const rewardGiven = z.object({ choice: choiceId, reward, by: byWord.default('feedback') })
export const choiceWithdrawn = z.object({ choice: choiceId })

/** The input of an actor that has asked. */
export const choiceGiven = z.object({ choice: choiceId, arm: armSchema, feedback: spanSchema })

export const choiceMade = z.object({
  choice: z.string(),
  arm: armSchema,
  samples: z.record(z.string(), z.number()).meta({ description: 'What was drawn for each arm; the largest was chosen' }),
})
export const choiceRewarded = z.object({ choice: z.string(), arm: z.string(), reward, by: z.string() })
export const choicesDropped = z.object({ choices: z.array(z.string()), reason: z.enum(['too_many', 'withdrawn', 'changed', 'reset']) })
export const rewardIgnored = z.object({
  choice: z.string(),
  reward,
  reason: z.literal('not_open').meta({ description: 'It was never made, is rewarded already, or was dropped' }),
})

const counts = { chosen: z.int().nonnegative(), rewarded: z.int().nonnegative(), reward: z.number().nonnegative() }
export const strategyChanged = z.object({
  reason: z.enum(['set', 'reset']),
  by: z.string().optional(),
  arms: z.array(armSchema),
  forgotten: z.array(z.object({ arm: z.string(), ...counts })).meta({ description: 'What had been learned, and is not any more' }),
})

/** What a writer is to write. */
export const briefGiven = z.object({
  purpose: z.string().regex(TOKEN).meta({ description: 'Id of the strategy' }),
  brief: z.string().trim().min(1).max(WRITING_LIMITS.briefCharsMax),
  facts: z
    .array(z.string().trim().min(1).max(WRITING_LIMITS.factCharsMax))
    .max(WRITING_LIMITS.factsMax)
    .default([])
    .meta({ description: 'What the text rests on' }),
  lang: z.string().max(35).optional().meta({ description: 'BCP 47; the text is in Chinese or English. Default: as detected' }),
})

/** What somebody thinks of the text. */
export const textFeedback = z
  .object({
    rating: z.int().min(1).max(5).optional(),
    thumbs: z.enum(['up', 'down']).optional(),
    comment: z.string().max(WRITING_LIMITS.commentCharsMax).optional(),
  })
  .refine(({ rating, thumbs }) => rating !== undefined || thumbs !== undefined, 'has neither rating nor thumbs')
  .meta({ description: 'What somebody thinks of the text; the first one within the time for feedback is the reward' })

const { promptVersion, model, tokensIn, tokensOut, cost, quality, evaluator } = messageSent.shape
const { tier, tierReason } = routedFields

/** How a text was made, or was not. */
export const writingFacts = {
  promptVersion,
  requestHash: z.string().optional().meta({ description: 'SHA-256 of the messages that the model was sent, as JSON' }),
  model,
  ...{ tier, tierReason, tokensIn, tokensOut, cost, quality, evaluator, ...evaluatedFields },
  attempts: z
    .array(z.object({ model: z.string(), reasons: z.array(z.string()) }))
    .optional()
    .meta({ description: 'Models that were asked and gave no text that was taken' }),
} as const

const writingContext = {
  purpose: z.string(),
  brief: z.string(),
  facts: z.array(z.string()),
  lang: z.enum(['en', 'zh']),
  choice: z.string().nullable().meta({ description: 'Id of the choice of the strategy; null where it did not answer' }),
  arm: z.string(),
  tone: z.string().nullable(),
  length: z.int().nullable(),
} as const

export const textWritten = z.object({
  text: z.string(),
  made: z.enum(['model', 'facts']).meta({ description: 'facts: no language model is set up; the text is the list of the facts' }),
  ...writingContext,
  ...writingFacts,
})
export const textFailed = z.object({
  code: z.string(),
  message: z.string().meta({ description: 'What happened and what to do' }),
  ...writingContext,
  ...writingFacts,
})
