import { z } from 'zod'
import { roleSchema } from '../../../schemas/events.ts'
import type { Label } from '../../definition/kind.ts'
import { detectLanguage } from '../../core/detect-language.ts'
import { clip } from './clip.ts'
import { classify } from './intents.ts'
import { INTENTS, TOPICS, type Intent } from './lexicon.ts'

/** Messages that may wait for an answer, the one being answered included; one more and a person gets them all. */
export const QUESTIONS_MAX = 8
/** UTF-16 units of a message that are kept and looked at. */
export const QUESTION_CHARS_MAX = 1000
export const ABOUT_CHARS_MAX = 300
/** What was said last, kept as the scene for a model. */
export const TURNS_MAX = 6
const TURN_CHARS_MAX = 300
/** A message that is shorter and not in Chinese script does not change the language of a conversation. */
const SWITCH_CHARS_MIN = 12

export const languageSchema = z.enum(['en', 'zh'])
export type Language = z.infer<typeof languageSchema>

/** A customer's message that waits for its reply. */
const questionSchema = z.object({
  /** Of the input; what `replyTo` names. */
  id: z.string(),
  text: z.string().max(QUESTION_CHARS_MAX),
  lang: languageSchema,
  intent: z.enum(INTENTS),
  topic: z.enum(TOPICS).nullable(),
  /** The question before, where this one leans on it. */
  about: z.string().max(ABOUT_CHARS_MAX).nullable(),
})
export type Question = z.infer<typeof questionSchema>

export const turnSchema = z.object({ role: roleSchema, text: z.string().max(TURN_CHARS_MAX) })
export type Turn = z.infer<typeof turnSchema>

/** What a case remembers: bounded, at most about 30 KiB of JSON, mostly under 2. */
export const contextSchema = z.object({
  /** The language that we answer in; null before the first message. */
  lang: languageSchema.nullable(),
  /** What the conversation is about; a message such as "and abroad?" inherits it. */
  topic: z.enum(TOPICS).nullable(),
  /** Of the last message, with the confidence that it was taken for that. */
  intent: z.enum(INTENTS).nullable(),
  confidence: z.number().nullable(),
  rating: z.int().min(1).max(5).nullable(),
  /** The last question, which the next one may lean on. */
  asked: z.string().max(ABOUT_CHARS_MAX).nullable(),
  /** Messages without a reply, oldest first; the first one is being answered. */
  queue: z.array(questionSchema).max(QUESTIONS_MAX),
  turns: z.array(turnSchema).max(TURNS_MAX),
  /** In a row: messages without an answer, failed tasks. */
  misses: z.int().nonnegative(),
  failures: z.int().nonnegative(),
  /** Since the customer was last content. */
  complaints: z.int().nonnegative(),
})
export type Context = z.infer<typeof contextSchema>

const newCase = { rating: null, queue: [], misses: 0, failures: 0, complaints: 0 }

export const initialContext: Context = {
  ...newCase, lang: null, topic: null, intent: null, confidence: null, asked: null, turns: [],
}

/** The context of the next case of the same customer: the scene stays, what was counted does not. */
export const reopened = (context: Context): Context => ({ ...context, ...newCase })

/** What the tables show of a case. `intent`, `confidence` and `lang` are those of the last message. */
export const labelOf = ({ intent, topic, confidence, lang, rating }: Context): Label =>
  ({ intent, topic, confidence, lang, rating, quality: null })

interface Message {
  readonly id: string
  readonly data: { readonly role: Turn['role']; readonly text: string; readonly lang?: string | undefined }
}

/** A customer's message takes its place in the queue, understood as well as it can be. */
export function withQuestion(context: Context, { id, data }: Message): Context {
  const text = clip(data.text, QUESTION_CHARS_MAX)
  const lang = languageOf(text, data.lang, context.lang)
  const { intent, confidence, topic, continues } = classify(text, context.topic)
  const question: Question = { id, text, lang, intent, topic, about: continues ? context.asked : null }
  return {
    ...context, lang, topic, intent, confidence,
    asked: isQuestion(intent) ? clip(text, ABOUT_CHARS_MAX) : context.asked,
    queue: [...context.queue, question],
    complaints: intent === 'thanks' || intent === 'feedback_positive' ? 0 : context.complaints,
  }
}

const isQuestion = (intent: Intent): boolean => intent === 'other' || TOPICS.some((topic) => topic === intent)

/** Something said that the machine has nothing to say to. What a customer wants is told to the tables all the same. */
export function withMessage(context: Context, { data }: Message): Context {
  const next = { ...context, turns: withTurns(context, [data]) }
  if (data.role !== 'user') return next
  const { intent, confidence } = classify(clip(data.text, QUESTION_CHARS_MAX), context.topic)
  return { ...next, intent, confidence }
}

/** The first message of the queue has its reply. */
export function withReply(context: Context, reply: string): Context {
  const [question, ...queue] = context.queue
  if (question === undefined) return context
  const exchange: Turn[] = [{ role: 'user', text: question.text }, { role: 'assistant', text: reply }]
  return { ...context, queue, turns: withTurns(context, exchange) }
}

/** A person has the case: nothing waits for the machine any more. */
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
  return isTooShort ? before ?? language : language ?? before ?? 'en'
}

/** How a case ended that has fallen silent: as the customer's last word, or ours, left it. */
export function outcomeOfSilence({ intent, rating, misses, failures, complaints }: Context): string {
  if (misses + failures + complaints > 0) return 'abandoned'
  return intent === 'thanks' || intent === 'feedback_positive' || (rating ?? 0) >= 4 ? 'resolved' : 'answered'
}
