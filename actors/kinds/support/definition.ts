import { z } from 'zod'
import { feedbackGiven, KNOWN_EMITS, KNOWN_INPUTS, messageSent, understoodFields } from '../../../schemas/events.ts'
import { defineKind } from '../../definition/define-kind.ts'
import type { TaskDefinition } from '../../definition/task-definition.ts'
import { ABOUT_CHARS_MAX, contextSchema, labelOf, languageSchema, QUESTION_CHARS_MAX, TURNS_MAX, turnSchema } from './context.ts'
import { fromLexicon } from './migrate.ts'
import { understoodSchema } from './understood.ts'

export const HITS_MAX = 3
export const HIT_CHARS_MAX = 1200
export const ANSWER_CHARS_MAX = 2000
/** Number and length of the customer's earlier messages that relate to a question. */
export const EARLIER_MAX = 3
export const EARLIER_CHARS_MAX = 300

/** Inputs from the support desk and the customer, besides messages. */
export const supportEvents = {
  ...KNOWN_INPUTS,
  'feedback.given': feedbackGiven
    .extend({ rating: z.int().min(1).max(5).meta({ description: '1 (bad) to 5 (good)' }) })
    .meta({ description: 'The customer rates the case' }),
  'case.taken': z.object({ agent: z.string().min(1).max(128) }).meta({ description: 'A person of the support desk takes over the case' }),
  'case.resolved': z.object({ by: z.string().max(128).optional() }).meta({ description: 'The support desk closes the case' }),
} as const

const querySchema = z.object({
  text: z.string().max(QUESTION_CHARS_MAX),
  /** The previous question, where `text` refers to it. */
  about: z.string().max(ABOUT_CHARS_MAX).nullable(),
  topic: z.string().nullable(),
  lang: languageSchema,
})

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
})
const hitsSchema = z.array(hitSchema).max(HITS_MAX)
const earlierSchema = z.array(z.string().max(EARLIER_CHARS_MAX)).max(EARLIER_MAX)

const turnsSchema = z.array(turnSchema).max(TURNS_MAX)

/** A run that version 3 started has no `turns`, and `about` only where the lexicon saw a reference. */
export const lookupInput = querySchema.omit({ topic: true }).extend({
  /** The previous question, if any. */
  about: querySchema.shape.about,
  /** The turns before the message, oldest first. */
  turns: turnsSchema.default([]),
})
export const lookupOutput = z.object({
  /** Absent where a process of version 3 did the work. */
  understood: understoodSchema.optional(),
  /** The previous question, where it was searched for too. */
  about: querySchema.shape.about.optional(),
  /** Empty where nothing was searched, since the message asks nothing. */
  hits: hitsSchema,
  earlier: earlierSchema.optional(),
  kbVersion: z.string().max(64).optional(),
})

export const answerInput = querySchema.extend({
  hits: hitsSchema,
  earlier: earlierSchema.optional(),
  kbVersion: z.string().max(64).optional(),
  turns: turnsSchema,
})
export const answerOutput = z.object({
  /** `null` where the articles do not contain an answer. */
  text: z.string().min(1).max(ANSWER_CHARS_MAX).nullable(),
  sources: z.array(z.object({ source: z.string(), chunk: z.string().optional(), score: z.number() })).max(HITS_MAX),
  /** Number of passages given to the answering task. */
  hits: z.int().nonnegative().optional(),
  kbVersion: z.string().max(64).optional(),
  promptVersion: z.string().max(64).optional(),
  model: z.string().max(128).optional(),
  tokensIn: z.int().nonnegative().optional(),
  tokensOut: z.int().nonnegative().optional(),
  cost: z.number().nonnegative().optional(),
})

export type Query = z.infer<typeof querySchema>
export type Hit = z.infer<typeof hitSchema>
export type AnswerInput = z.infer<typeof answerInput>
export type Answer = z.infer<typeof answerOutput>

export type LookupTask = TaskDefinition<typeof lookupInput, typeof lookupOutput>
export type AnswerTask = TaskDefinition<typeof answerInput, typeof answerOutput>

/** What the machine sends. */
export const supportEmits = { ...KNOWN_EMITS, 'message.sent': messageSent.extend(understoodFields) } as const

/** The kind `support` without its machine: events, emitted events and the two given tasks. */
export const defineSupport = (name: string, tasks: { lookup: LookupTask; answer: AnswerTask }) =>
  defineKind({
    name,
    version: 4,
    context: contextSchema,
    migrate: { 1: fromLexicon, 2: fromLexicon, 3: fromLexicon },
    events: supportEvents,
    emits: supportEmits,
    tasks,
    label: labelOf,
  })

export type SupportSetup = ReturnType<typeof defineSupport>['xstate']
