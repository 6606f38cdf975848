import { z } from 'zod'
import {
  agentSchema,
  caseAssigned,
  caseCalled,
  caseMisdirected,
  caseOverdue,
  caseQueued,
  caseReleased,
  noteAdded,
} from '../../../schemas/desk-events.ts'
import {
  cachedFields,
  evaluatedFields,
  feedbackGiven,
  KNOWN_EMITS,
  KNOWN_INPUTS,
  messageReceived,
  messageSent,
  replyCancel,
  routedFields,
  understoodFields,
} from '../../../schemas/events.ts'
import { REASON_CHARS_MAX, REASONS_MAX } from '../../../schemas/quality.ts'
import { defineKind } from '../../definition/define-kind.ts'
import type { TaskDefinition } from '../../definition/task-definition.ts'
import { contextSchema, labelOf, TURNS_MAX, turnSchema } from './context.ts'
import {
  ABOUT_CHARS_MAX,
  earlierSchema,
  foundSchema,
  HITS_MAX,
  hitsSchema,
  languageSchema,
  lookupsSchema,
  omittedSchema,
  QUESTION_CHARS_MAX,
  shareableSchema,
} from './found.ts'
import { knownSchema, knowsSchema } from './known.ts'
import { fromLexicon, withoutDesk } from './migrate.ts'
import { spentSchema } from './spent.ts'
import { understoodSchema } from './understood.ts'

export const ANSWER_CHARS_MAX = 2000
/** UTF-16 units that a reply has beside its answer: what of the message was not answered. */
export const NOTES_CHARS_MAX = 700
/** Answers held back for one question: of the models that one call asks, and the quotation. */
export const HELD_MAX = 8
/** UTF-16 units of an answer held back that the record keeps. */
export const HELD_CHARS_MAX = 600

const feedback = feedbackGiven
  .extend({ rating: z.int().min(1).max(5).optional().meta({ description: '1 (bad) to 5 (good)' }) })
  .refine(
    ({ rating, thumbs, comment, correction }) => (rating ?? thumbs ?? comment ?? correction) !== undefined,
    'must have at least one of rating, thumbs, comment and correction',
  )
  .meta({ description: 'The customer judges the case or, with `answer`, one answer' })

/** Inputs from the support desk and the customer, besides messages. */
export const supportEvents = {
  ...KNOWN_INPUTS,
  // A name that the desk could not have is none.
  'message.received': messageReceived.extend({ agent: agentSchema.optional().catch(undefined) }),
  'feedback.given': feedback,
  'reply.cancel': replyCancel,
  'case.taken': z.object({ agent: z.string().min(1).max(128) }).meta({ description: 'A person of the support desk takes over the case' }),
  'case.resolved': z.object({ by: z.string().max(128).optional() }).meta({ description: 'The support desk closes the case' }),
  'case.queued': caseQueued.meta({ description: 'From the desk: it has the case' }),
  'case.called': caseCalled.meta({ description: 'From the desk: a place is free, so the case should ask again' }),
  'case.misdirected': caseMisdirected.meta({ description: 'From the desk: what it was transferred to is no team' }),
  'case.assigned': caseAssigned.meta({ description: 'From the desk: a person has the case' }),
  'case.released': caseReleased.meta({ description: 'From the desk: the person has it no longer' }),
  'case.overdue': caseOverdue.meta({ description: 'From the desk: a promise of time was missed' }),
  'note.added': noteAdded.meta({ description: 'A private note: recorded, and shown to no customer and no model' }),
} as const

const querySchema = z.object({
  text: z.string().max(QUESTION_CHARS_MAX),
  /** The previous question, where `text` refers to it. */
  about: z.string().max(ABOUT_CHARS_MAX).nullable(),
  topic: z.string().nullable(),
  lang: languageSchema,
})

const turnsSchema = z.array(turnSchema).max(TURNS_MAX)

/** A run that version 3 started has no `turns`, and `about` only where the lexicon saw a reference. */
export const lookupInput = querySchema.omit({ topic: true }).extend({
  /** The previous question, if any. */
  about: querySchema.shape.about,
  /** The turns before the message, oldest first. */
  turns: turnsSchema.default([]),
  /** The customer of whom is to be told what is known. Absent: nobody. */
  customer: z.string().optional(),
})
export const lookupOutput = z.object({
  /** Absent where a process of version 3 did the work. */
  understood: understoodSchema.optional(),
  /** The previous question, where it was searched for too. */
  about: querySchema.shape.about.optional(),
  /** Empty where nothing was searched, since the message asks nothing. */
  hits: hitsSchema,
  lookups: lookupsSchema.optional(),
  omitted: omittedSchema.optional(),
  earlier: earlierSchema.optional(),
  kbVersion: z.string().max(64).optional(),
  spent: spentSchema.optional(),
  shareable: shareableSchema.optional(),
  /** What is known of the customer. Absent where none was asked for. */
  known: knownSchema.optional(),
  /** A model will answer: what was found is kept meanwhile, for a quotation in its place. Absent: no. */
  byModel: z.literal(true).optional(),
})

export const answerInput = querySchema.extend({
  ...foundSchema.shape,
  turns: turnsSchema,
  /** What is known of the customer, which makes the answer his own. Absent: nothing. */
  knows: knowsSchema.optional(),
})
export const quoteInput = answerInput.extend({
  /** Why the model's answer is not waited for: `reply_budget`, or the code of its error. */
  because: z.string().max(128),
})

/** An answer that was not sent. */
const heldSchema = z.object({
  /** Absent where no model was asked, or it was too late. */
  model: z.string().max(128).optional(),
  /** By which a model wrote it. */
  promptVersion: z.string().max(64).optional(),
  /** Its quality, where there was an answer. */
  overall: z.number().min(0).max(1).optional(),
  evaluator: z.string().max(128).optional(),
  /** Words of the evaluator, or the code of the error of the model. */
  reasons: z.array(z.string().max(REASON_CHARS_MAX)).max(REASONS_MAX),
  /** Its beginning. The record alone has it: a customer is never shown it. */
  text: z.string().max(HELD_CHARS_MAX).optional(),
})
export type Held = z.infer<typeof heldSchema>
export const answerOutput = z.object({
  /** `null` where the articles do not contain an answer. */
  text: z
    .string()
    .min(1)
    .max(ANSWER_CHARS_MAX + NOTES_CHARS_MAX)
    .nullable(),
  sources: z.array(z.object({ source: z.string(), chunk: z.string().optional(), score: z.number() })).max(HITS_MAX),
  /** Number of passages given to the answering task. */
  hits: z.int().nonnegative().optional(),
  kbVersion: z.string().max(64).optional(),
  promptVersion: z.string().max(64).optional(),
  model: z.string().max(128).optional(),
  tokensIn: z.int().nonnegative().optional(),
  tokensOut: z.int().nonnegative().optional(),
  cost: z.number().nonnegative().optional(),
  /** What an evaluator found in the answer; absent where a process of version 4 did the work. */
  quality: z.number().min(0).max(1).optional(),
  evaluator: z.string().max(128).optional(),
  ...evaluatedFields,
  ...routedFields,
  ...cachedFields,
  /** Answers that were held back, oldest first. Absent: none. */
  held: z.array(heldSchema).max(HELD_MAX).optional(),
})

export type Query = z.infer<typeof querySchema>
export type AnswerInput = z.infer<typeof answerInput>
export type QuoteInput = z.infer<typeof quoteInput>
export type Answer = z.infer<typeof answerOutput>

export type LookupTask = TaskDefinition<typeof lookupInput, typeof lookupOutput>
export type AnswerTask = TaskDefinition<typeof answerInput, typeof answerOutput>
export type QuoteTask = TaskDefinition<typeof quoteInput, typeof answerOutput>

/** What the machine sends. */
export const supportEmits = {
  ...KNOWN_EMITS,
  'message.sent': messageSent.extend({
    ...understoodFields,
    ...evaluatedFields,
    ...routedFields,
    ...cachedFields,
    lookups: lookupsSchema.optional().meta({ description: 'What was looked up for the question, where it is not the question itself' }),
    held: z
      .array(heldSchema.omit({ text: true }))
      .max(HELD_MAX)
      .optional()
      .meta({ description: 'Answers to the question that were held back, without their texts' }),
  }),
} as const

/**
 * The kind `support` without its machine: events, emitted events and the given tasks.
 *
 * @param desk the kind whose actors alone say what became of a case at the desk
 */
export const defineSupport = (name: string, desk: string, tasks: { lookup: LookupTask; answer: AnswerTask; quote: QuoteTask }) =>
  defineKind({
    name,
    version: 9,
    context: contextSchema,
    migrate: {
      1: fromLexicon,
      2: fromLexicon,
      3: fromLexicon,
      4: withoutDesk,
      5: withoutDesk,
      6: withoutDesk,
      7: withoutDesk,
      8: withoutDesk,
    },
    events: supportEvents,
    sentBy: {
      'case.queued': [desk],
      'case.called': [desk],
      'case.misdirected': [desk],
      'case.assigned': [desk],
      'case.released': [desk],
      'case.overdue': [desk],
    },
    emits: supportEmits,
    tasks,
    label: labelOf,
  })

export type SupportSetup = ReturnType<typeof defineSupport>['xstate']
