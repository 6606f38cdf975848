import { z } from 'zod'
import { cachedFromSchema } from './cached-from.ts'
import { LIMITS } from './limits.ts'
import { TIERS } from './models-file.ts'
import { evaluationSchema, REASON_CHARS_MAX, REASONS_MAX, scoresSchema } from './quality.ts'
import { answeredSchema } from './record.ts'

/**
 * The event types that the conversation tables know. Any kind may accept or emit them, besides its own.
 *
 * The columns that each event fills (`event-readers.ts` reads the events; times and counts come from the record):
 *
 * | event | columns |
 * |---|---|
 * | `message.received` | messages; `customer`, `channel`, `lang` → cases; of a user: a row of turns; of others: answers open turns |
 * | | `agent`, which is no part of the schema → messages |
 * | `message.sent` | messages; `replyTo` → the turn it answers; `intent`, `hits`, `model`… → turns |
 * | | `act`, `intents`, `because`, `understandingVersion`, `lookups` (no part of the schema) → turns |
 * | | `tier`, `complexity`, `tierReason` (no part of the schema) → turns |
 * | | `cachedFrom` (no part of the schema) → turns: `cached_seq`, `cached_level`, `cached_knowledge_seq` |
 * | | `quality`, `evaluator`, `scores`, `reasons` (the last two are no part of the schema) → scores |
 * | | `tokensIn`, `tokensOut`, `cost` → turns, cases |
 * | | `sources` → citations; `quality` → turns, conversations |
 * | `escalated` | cases: `escalation_reason`, `escalated_at`, `escalations` |
 * | `case.closed` | cases: `outcome`, `closed_at`, `drop_state` |
 * | `feedback.given` | cases: `rating`; with `answer`: scores |
 * | `answer.reviewed` | scores |
 * | `answer.judged`, from the role `judge` alone | scores, and `quality`, `evaluator` of turns |
 * | `conversation.imported` | cases of history: `rating`, `tags`; with `counted`: `counted`, and `endedAt` → `closed_at` |
 *
 * A kind may state the same facts in its label: `intent`, `confidence` → turns, `first_intent`; `customer`, `channel`, `lang`, `rating` →
 * cases; `intent`, `quality` → conversations. With `conversation: false` in its label, a record has rows in `events`, `actors` and
 * `dead_letters` only: so a kind that passes messages on counts none of them a second time.
 */
export const roleSchema = z.enum(['user', 'assistant', 'agent', 'system'])
export type Role = z.infer<typeof roleSchema>

/** A message from outside: from a user, an agent, or another assistant. */
export const messageReceived = z.object({
  role: roleSchema.meta({ description: 'Author of the message' }),
  text: z.string().meta({ description: 'Text of the message' }),
  lang: z.string().max(35).optional().meta({ description: 'BCP 47. Default: detected' }),
  customer: z
    .union([z.string().min(1).max(256), z.int()])
    .optional()
    .meta({ description: 'Id of the customer across all conversations' }),
  channel: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'Where it was written, such as web or phone. Default: the source of the event' }),
})

/** A message that the machine sends. */
export const messageSent = z.object({
  text: z.string(),
  replyTo: z.string().optional().meta({ description: 'Id of the input that this answers' }),
  lang: z.string().max(35).optional(),
  intent: z.string().optional().meta({ description: 'Intent of the question that this answers. Default: from the label' }),
  intentConfidence: z.number().min(0).max(1).optional(),
  hits: z
    .int()
    .nonnegative()
    .optional()
    .meta({ description: 'Number of sources found for the question, 0 where none was relevant; absent where none were searched' }),
  model: z.string().optional(),
  modelVersion: z.string().optional(),
  promptVersion: z.string().optional().meta({ description: "Version of the model's instructions" }),
  kbVersion: z.string().optional().meta({ description: 'Version of the knowledge that was searched' }),
  tokensIn: z.int().nonnegative().optional(),
  tokensOut: z.int().nonnegative().optional(),
  cost: z.number().nonnegative().optional().meta({ description: 'In the currency of the installation' }),
  quality: z.number().min(0).max(1).optional().meta({ description: 'Quality of the answer, as evaluated' }),
  evaluator: z.string().optional().meta({ description: 'Person or program that evaluated it' }),
  sources: z
    .array(z.object({ source: z.string(), chunk: z.string().optional(), score: z.number().optional() }))
    .optional()
    .meta({ description: 'Sources of the answer, best first' }),
})

/**
 * What was understood of the question that a message answers. No part of `messageSent`, which is part of the definition of kinds: a kind
 * extends its own `message.sent` by these fields.
 */
export const understoodFields = {
  act: z.string().max(64).optional().meta({ description: 'Dialogue act of the question' }),
  intents: z
    .array(z.object({ name: z.string().max(256), confidence: z.number().min(0).max(1) }))
    .max(16)
    .optional()
    .meta({ description: 'Intents of the question, best first' }),
  because: z
    .array(z.string().max(256))
    .max(16)
    .optional()
    .meta({ description: 'Words of the question that spoke for its intents or its act' }),
  understandingVersion: z.string().max(256).optional().meta({ description: 'Names what understood the question' }),
} as const

/**
 * What an evaluator found in a message. No part of `messageSent`, for the same reason. `quality` is the overall score, and `evaluator`
 * names the evaluator with its version.
 */
export const evaluatedFields = {
  scores: scoresSchema.optional().meta({ description: 'Quality by dimension' }),
  reasons: z.array(z.string().max(REASON_CHARS_MAX)).max(REASONS_MAX).optional().meta({ description: 'What lowered the scores' }),
} as const

/** Why the model of a message was chosen. No part of `messageSent`, for the same reason. `generate` tells them to the task. */
export const routedFields = {
  tier: z.enum(TIERS).optional().meta({ description: 'Tier of the language model that wrote it' }),
  complexity: z.number().min(0).max(1).optional().meta({ description: 'Complexity of the question' }),
  tierReason: z.string().max(64).optional().meta({ description: 'Why this tier: complexity, given, budget or fallback' }),
} as const

/** Whose answer a message repeats. No part of `messageSent`, for the same reason. `shareAnswer` tells it to the task. */
export const cachedFields = {
  cachedFrom: cachedFromSchema
    .optional()
    .meta({ description: 'The answer was made for an earlier question; absent where it was made for this one' }),
} as const

/** A client needs no reply to a message any more. For kinds that can stop the work on it. */
export const replyCancel = z
  .object({ message: z.string().min(1).max(256).meta({ description: 'Id of the message that needs no reply any more' }) })
  .meta({ description: 'Gives up the reply to a message that has none yet; without effect for any other' })

/** The machine hands a case to a person. */
export const escalated = z.object({ reason: z.string() })
/** The machine closes a case. */
export const caseClosed = z.object({ outcome: z.string() })
/** The customer judges the case or, with `answer`, one answer. Each kind chooses its scale of ratings. */
export const feedbackGiven = z.object({
  answer: z.string().min(1).max(256).optional().meta({ description: 'Id of the message.sent that it is about. Default: the whole case' }),
  rating: z.number().optional().meta({ description: "The customer's rating, in the scale of the kind" }),
  thumbs: z.enum(['up', 'down']).optional(),
  comment: z.string().max(4000).optional(),
  correction: z.string().min(1).max(4000).optional().meta({ description: 'What the answer should have been' }),
})
/**
 * All turns of a past conversation have been imported. It may carry facts about the conversation: `rating`, `tags`, `counted` and
 * `endedAt`. They are no part of this schema, which is part of the definition of kinds; `readImported` reads them.
 */
export const conversationImported = z.object({ turns: z.int().nonnegative() })

/** A person says what a message of this actor wanted: for review, never for the machine. */
export const intentCorrected = z.object({
  message: z.string().min(1).max(256).meta({ description: 'Id of the message' }),
  intent: z.string().min(1).max(64).meta({ description: 'What it wanted; `out_of_scope` if none of the taught intents' }),
})

/**
 * A colleague judges an answer: apart from what customers say, and never for the machine. The attribute `by` of the input names the person.
 */
export const answerReviewed = feedbackGiven
  .pick({ thumbs: true, comment: true, correction: true })
  .extend({ answer: feedbackGiven.shape.answer.unwrap().meta({ description: 'Id of the message.sent that is judged' }) })
export const ANSWER_REVIEWED = 'answer.reviewed'

/**
 * Judgements of people about an actor. Every kind takes them, also in a final state. They are recorded and counted like history, and the
 * machine does not see them unless the kind declares the type.
 */
export const JUDGEMENTS = { 'intent.corrected': intentCorrected, [ANSWER_REVIEWED]: answerReviewed } as const
const judgements: ReadonlyMap<string, z.ZodType> = new Map(Object.entries(JUDGEMENTS))
/** The schema of a judgement; `undefined` where the type is none. */
export const judgementSchema = (type: string): z.ZodType | undefined => judgements.get(type)

/**
 * The role `judge` has judged an answer of this actor. It comes as an internal message; from a producer, or from another actor, it is
 * rejected, so that nobody forges scores.
 */
export const ANSWER_JUDGED = 'answer.judged'
export const answerJudged = evaluationSchema.extend({
  answer: z.string().min(1).max(256).meta({ description: 'Id of the message.sent that was judged' }),
  /** The record with the answer, as far as rows need it: a row is a function of one record. */
  given: z.object({
    /** LOG sequence, and the place of the answer: 0 for the input, as in imported history, 1, 2, 3… for the emitted events. */
    seq: z.int().positive(),
    idx: z.int().nonnegative(),
    /** When it was decided. */
    at: z.iso.datetime(),
    /** Number of its case, and `kind@version` of the machine that decided it: the actor may be further by now. */
    caseNo: z.int().positive(),
    machine: z.string(),
    /** The questions that it answers, as in the record. */
    answered: z.array(answeredSchema).max(LIMITS.openTurnsMax),
    /** The data of the `message.sent` without its text and its sources. */
    sent: z.record(z.string(), z.unknown()),
  }),
  tokensIn: z.int().nonnegative().optional(),
  tokensOut: z.int().nonnegative().optional(),
  cost: z.number().nonnegative().optional().meta({ description: 'Of the judgement, in the currency of the installation' }),
})
export type AnswerJudged = z.output<typeof answerJudged>

/** Inputs that a producer may send to every kind. */
export const KNOWN_INPUTS = { 'message.received': messageReceived, 'conversation.imported': conversationImported } as const
/** Types of inputs that fill the tables, also where the kind does not declare them. */
export const TABLE_INPUTS = [...Object.keys(KNOWN_INPUTS), 'feedback.given'] as const
/** Emitted events that the tables know. */
export const KNOWN_EMITS = { 'message.sent': messageSent, escalated, 'case.closed': caseClosed } as const
