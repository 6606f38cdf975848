import { z } from 'zod'
import { roleSchema } from '../../../schemas/events.ts'
import { detectLanguage } from '../../core/detect-language.ts'
import type { Label } from '../../definition/kind.ts'
import { clip } from './clip.ts'
import { isDecline, isParting } from './gratitude.ts'
import { classify } from './intents.ts'
import { type Intent, INTENTS, TOPICS } from './lexicon.ts'

/** Messages that may wait for a reply, including the one being answered. With one more, the case is handed to a person. */
export const QUESTIONS_MAX = 8
/** UTF-16 units of a message that are kept and classified. */
export const QUESTION_CHARS_MAX = 1000
export const ABOUT_CHARS_MAX = 300
/** Turns kept as context for a model. */
export const TURNS_MAX = 6
const TURN_CHARS_MAX = 300
/** A shorter message without Chinese characters does not change the language of a conversation. */
const SWITCH_CHARS_MIN = 12

export const languageSchema = z.enum(['en', 'zh'])
export type Language = z.infer<typeof languageSchema>

/** A customer's message that waits for its reply. */
const questionSchema = z.object({
  /** Id of the input; `replyTo` of the reply. */
  id: z.string(),
  text: z.string().max(QUESTION_CHARS_MAX),
  lang: languageSchema,
  intent: z.enum(INTENTS),
  topic: z.enum(TOPICS).nullable(),
  /** The previous question, where this one refers to it. */
  about: z.string().max(ABOUT_CHARS_MAX).nullable(),
})
export type Question = z.infer<typeof questionSchema>

export const turnSchema = z.object({ role: roleSchema, text: z.string().max(TURN_CHARS_MAX) })
export type Turn = z.infer<typeof turnSchema>

/** The context of a case: bounded, at most about 30 KiB of JSON, usually under 2. */
export const contextSchema = z.object({
  /** The language of our replies; null before the first message. */
  lang: languageSchema.nullable(),
  /** The topic of the conversation; a message such as "and abroad?" inherits it. */
  topic: z.enum(TOPICS).nullable(),
  /** Intent of the last message, with the confidence of its classification. */
  intent: z.enum(INTENTS).nullable(),
  confidence: z.number().nullable(),
  rating: z.int().min(1).max(5).nullable(),
  /** The last question, to which the next one may refer. */
  asked: z.string().max(ABOUT_CHARS_MAX).nullable(),
  /** Messages without a reply, oldest first; the first one is being answered. */
  queue: z.array(questionSchema).max(QUESTIONS_MAX),
  turns: z.array(turnSchema).max(TURNS_MAX),
  /** Consecutive messages without an answer, and consecutive failed tasks. */
  misses: z.int().nonnegative(),
  failures: z.int().nonnegative(),
  /** Complaints since the customer last seemed content. */
  complaints: z.int().nonnegative(),
})
export type Context = z.infer<typeof contextSchema>

const newCase = { rating: null, queue: [], misses: 0, failures: 0, complaints: 0 }

export const initialContext: Context = { ...newCase, lang: null, topic: null, intent: null, confidence: null, asked: null, turns: [] }

/** The context of the same customer's next case: keeps the conversation, resets the counters. */
export const reopened = (context: Context): Context => ({ ...context, ...newCase })

/** The label for the tables. `intent`, `confidence` and `lang` are those of the last message. */
export const labelOf = ({ intent, topic, confidence, lang, rating }: Context): Label => ({
  intent,
  topic,
  confidence,
  lang,
  rating,
  quality: null,
})

interface Message {
  readonly id: string
  readonly data: { readonly role: Turn['role']; readonly text: string; readonly lang?: string | undefined }
}

/** Classifies a customer's message and appends it to the queue. */
export function withQuestion(context: Context, { id, data }: Message): Context {
  const text = clip(data.text, QUESTION_CHARS_MAX)
  const lang = languageOf(text, data.lang, context.lang)
  const { intent, confidence, topic, continues } = classify(text, context.topic)
  const question: Question = { id, text, lang, intent, topic, about: continues ? context.asked : null }
  return {
    ...context,
    lang,
    topic,
    intent,
    confidence,
    asked: isQuestion(intent) ? clip(text, ABOUT_CHARS_MAX) : context.asked,
    queue: [...context.queue, question],
    complaints: intent === 'thanks' || intent === 'feedback_positive' ? 0 : context.complaints,
  }
}

const isQuestion = (intent: Intent): boolean => intent === 'other' || TOPICS.some((topic) => topic === intent)

/** Records a message that needs no reply. A customer's intent still goes to the tables. */
export function withMessage(context: Context, { data }: Message): Context {
  const next = { ...context, turns: withTurns(context, [data]) }
  if (data.role !== 'user') return next
  const { intent, confidence } = classify(clip(data.text, QUESTION_CHARS_MAX), context.topic)
  return { ...next, intent, confidence }
}

/** Removes the first message from the queue, with its reply. */
export function withReply(context: Context, reply: string): Context {
  const [question, ...queue] = context.queue
  if (question === undefined) return context
  const exchange: Turn[] = [
    { role: 'user', text: question.text },
    { role: 'assistant', text: reply },
  ]
  return { ...context, queue, turns: withTurns(context, exchange) }
}

/** Empties the queue: a person has taken over the case. */
export function withHandover(context: Context): Context {
  const waiting = context.queue.map(({ text }): Turn => ({ role: 'user', text }))
  return { ...context, queue: [], turns: withTurns(context, waiting), misses: 0, failures: 0, complaints: 0 }
}

const withTurns = ({ turns }: Context, more: readonly Turn[]): Turn[] =>
  [...turns, ...more.map(({ role, text }) => ({ role, text: clip(text, TURN_CHARS_MAX) }))].slice(-TURNS_MAX)

function languageOf(text: string, declared: string | undefined, before: Language | null): Language {
  const detected = declared ?? detectLanguage(text)
  const code = detected?.slice(0, 2).toLowerCase()
  const language = languageSchema.options.find((language) => language === code)
  const isTooShort = declared === undefined && language === 'en' && text.length < SWITCH_CHARS_MIN
  return isTooShort ? (before ?? language) : (language ?? before ?? 'en')
}

/** Records a rating. A customer who rates 4 or 5 is content: what went wrong before no longer counts. */
export const withRating = (context: Context, rating: number): Context =>
  rating >= CONTENT_RATING_MIN ? { ...context, rating, misses: 0, failures: 0, complaints: 0 } : { ...context, rating }

const CONTENT_RATING_MIN = 4

/**
 * The outcome of a case in which the customer stopped writing. The last act of the customer decides: thanks (`resolved`, whatever went
 * wrong before), a complaint or a question without an answer (`abandoned`), or an answered question. Thanks that decline ("no thanks,
 * forget it") or mean the opposite ("thanks for nothing") are none.
 */
export function outcomeOfSilence(context: Context): string {
  const { rating, misses, failures, complaints } = context
  const intent = lastActOf(context)
  if (intent === 'thanks' || intent === 'feedback_positive') return 'resolved'
  const isAnswered = intent !== null && isQuestion(intent)
  if (misses + failures > 0 || (complaints > 0 && !isAnswered)) return 'abandoned'
  return (rating ?? 0) >= CONTENT_RATING_MIN ? 'resolved' : 'answered'
}

/** The intent of the last message, or of the thanks before it where it only takes leave or answers "anything else?" with "no thanks". */
function lastActOf({ intent, turns }: Context): Intent | null {
  if (intent !== 'smalltalk') return intent
  const said = turns.filter(({ role }) => role === 'user').map(({ text }) => text)
  const isLeaving = (text: string): boolean => classify(text, null).intent === 'smalltalk' && (isParting(text) || isDecline(text))
  const act = said.findLast((text) => !isLeaving(text))
  const before = act === undefined ? undefined : classify(act, null).intent
  return before === 'thanks' || before === 'feedback_positive' ? before : intent
}
