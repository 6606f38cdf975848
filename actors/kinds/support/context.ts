import { z } from 'zod'
import { roleSchema } from '../../../schemas/events.ts'
import { PROFILE_LIMITS } from '../../../schemas/profile-events.ts'
import { detectLanguage } from '../../core/detect-language.ts'
import type { Label } from '../../definition/kind.ts'
import { namesNothing } from './asking/follow-up.ts'
import { agreedTurns, type AtDesk, atDeskSchema } from './at-desk.ts'
import { clip } from './clip.ts'
import {
  ABOUT_CHARS_MAX,
  type Found,
  foundSchema,
  type Language,
  languageSchema,
  lookupsSchema,
  type Omitted,
  omittedSchema,
  QUESTION_CHARS_MAX,
} from './found.ts'
import { isDecline, isParting } from './gratitude.ts'
import { type Known, knownSchema, preferredLanguage, withSaid } from './known.ts'
import { type Move, moveOf } from './moves.ts'
import { plainForm, type UnderstoodMessage, understoodSchema } from './understood.ts'

/** Messages that may wait for a reply, including the one being answered. With one more, the case is handed to a person. */
export const QUESTIONS_MAX = 8
/** Turns kept as context for a model. */
export const TURNS_MAX = 6
const TURN_CHARS_MAX = 300
/** A shorter message without Chinese characters does not change the language of a conversation. */
const SWITCH_CHARS_MIN = 12

/** A customer's message that waits for its reply. */
const questionSchema = z.object({
  /** Id of the input; `replyTo` of the reply. */
  id: z.string(),
  text: z.string().max(QUESTION_CHARS_MAX),
  lang: languageSchema,
  /** When INBOX stored it: the reply budget counts from it. Absent where version 4 or an earlier one heard the message. */
  arrivedAt: z.string().optional(),
  /** `null` until the task `lookup` has understood it. */
  understood: understoodSchema.nullable(),
  /** What the lookup found, while a model writes the answer. */
  found: foundSchema.optional(),
  /** What was looked up for it, where it is not the message itself. */
  lookups: lookupsSchema.optional(),
  /** What of it was not looked up. */
  omitted: omittedSchema.optional(),
})
export type Question = z.infer<typeof questionSchema>

export const turnSchema = z.object({ role: roleSchema, text: z.string().max(TURN_CHARS_MAX) })
export type Turn = z.infer<typeof turnSchema>

/** The context of a case: bounded, at most about 40 KiB of JSON, usually under 2; while a model answers, with the passages found. */
export const contextSchema = z.object({
  /** The language of our replies; null before the first message. */
  lang: languageSchema.nullable(),
  /** The topic of the conversation: the last one that was understood. */
  topic: z.string().nullable(),
  /** Best intent of the last message, with its confidence, and its act; `null` where there is none, and until it is understood. */
  intent: z.string().nullable(),
  confidence: z.number().nullable(),
  act: z.string().nullable(),
  /**
   * What the customer did last. Leave-taking after thanks counts as thanks; `cancel`: gave up the reply to a message. `null` before the
   * first message is replied to.
   */
  said: z.enum(['question', 'thanks', 'complaint', 'courtesy', 'cancel']).nullable(),
  rating: z.int().min(1).max(5).nullable(),
  /** The last question that names something, as it was looked up; the next one may refer to it. */
  asked: z.string().max(ABOUT_CHARS_MAX).nullable(),
  /** Messages without a reply, oldest first; the first one is being answered. */
  queue: z.array(questionSchema).max(QUESTIONS_MAX),
  turns: z.array(turnSchema).max(TURNS_MAX),
  /** Consecutive messages without an answer, and consecutive failed tasks. */
  misses: z.int().nonnegative(),
  failures: z.int().nonnegative(),
  /** Complaints since the customer last seemed content. */
  complaints: z.int().nonnegative(),
  /** The customer, as his messages name him; kept from earlier cases. */
  customer: z.string().nullable(),
  /** What is known of him; `null` until his first message of the case was looked up. */
  knows: knownSchema.nullable(),
  /** When the first message of the case arrived. */
  openedAt: z.string().nullable(),
  /** The desk that has been asked for a person; `null`: none, since the machine has the case, or nobody but an outside agent. */
  desk: atDeskSchema.nullable(),
})
export type Context = z.infer<typeof contextSchema>

const newCase = { rating: null, queue: [], misses: 0, failures: 0, complaints: 0, knows: null, openedAt: null, desk: null }

const unheard = { intent: null, confidence: null, act: null }

export const initialContext: Context = {
  ...newCase,
  ...unheard,
  lang: null,
  topic: null,
  said: null,
  asked: null,
  turns: [],
  customer: null,
}

/** The context of the same customer's next case: keeps the conversation, resets the counters. */
export const reopened = (context: Context): Context => ({ ...context, ...newCase })

/** The label for the tables. `intent`, `confidence`, `act` and `lang` are those of the last message. */
export const labelOf = ({ intent, topic, confidence, act, lang, rating }: Context): Label => ({
  intent,
  topic,
  confidence,
  act,
  lang,
  rating,
  quality: null,
})

interface Message {
  readonly id: string
  readonly arrivedAt: string
  readonly data: {
    readonly role: Turn['role']
    readonly text: string
    readonly lang?: string | undefined
    readonly customer?: string | number | undefined
  }
}

/** Appends a customer's message to the queue. It is understood when its turn comes. */
export function withQuestion(context: Context, { id, arrivedAt, data }: Message): Context {
  const text = clip(data.text, QUESTION_CHARS_MAX)
  const customer = data.customer === undefined ? context.customer : String(data.customer)
  const knows = customer === context.customer ? context.knows : null
  const lang = preferredLanguage(knows) ?? languageOf(text, data.lang, context.lang)
  return {
    ...context,
    ...unheard,
    lang,
    customer,
    knows,
    openedAt: context.openedAt ?? arrivedAt,
    queue: [...context.queue, { id, text, lang, arrivedAt, understood: null }],
  }
}

interface LookedUp {
  readonly found?: Found | undefined
  readonly lookups?: readonly string[] | undefined
  readonly omitted?: Omitted | undefined
}

/**
 * Notes what was understood of the message that is being answered. Without `understood`, it is a question of which nothing is known.
 *
 * @param found what was found for it, where a model will answer
 * @param lookups what was looked up for it, where it is not the message itself
 * @param omitted what of it was not looked up
 */
export function withUnderstood(
  context: Context,
  understood: UnderstoodMessage | undefined,
  { found, lookups, omitted }: LookedUp = {},
): Context {
  const [first, ...queue] = context.queue
  if (first === undefined) return context
  const question: Question = {
    ...first,
    understood: understood ?? first.understood,
    ...(found !== undefined && { found }),
    ...(lookups !== undefined && { lookups: [...lookups] }),
    ...(omitted !== undefined && { omitted }),
  }
  const [best] = question.understood?.intents ?? []
  const move = moveOf(question)
  const namesOne = move === 'question' && !namesNothing(question.text)
  return {
    ...saying(context, move, question.text),
    queue: [question, ...queue],
    topic: question.understood?.topic ?? context.topic,
    asked: namesOne ? clip(question.lookups?.join(' ') ?? question.text, ABOUT_CHARS_MAX) : context.asked,
    // The label is that of the last message, which may wait behind this one.
    ...(queue.length === 0
      && understood !== undefined && {
        intent: best?.name ?? null,
        confidence: best?.confidence ?? null,
        act: question.understood?.act ?? null,
      }),
  }
}

/** Whether the customer is named, and what is known of him is not yet. */
export const isStranger = ({ customer, knows }: Pick<Context, 'customer' | 'knows'>): boolean => customer !== null && knows === null

/** Notes what is known of the customer, and in which language to answer him. */
export function withKnown(context: Context, knows: Known): Context {
  const lang = preferredLanguage(knows)
  if (lang === undefined) return { ...context, knows }
  return { ...context, knows, lang, queue: context.queue.map((question) => ({ ...question, lang })) }
}

/** A message of the customer for his profile, with the case that knows it; `undefined` where there is nothing to tell. */
export function toldIn(context: Context, message: { readonly id: string; readonly text: string } | undefined) {
  const { customer, knows } = context
  if (message === undefined || customer === null || knows?.profile == null) return undefined
  const { known, isTold } = withSaid(knows, message.text)
  if (!isTold) return undefined
  const text = message.text.slice(0, PROFILE_LIMITS.textCharsMax).toWellFormed()
  return { context: withKnown(context, known), profile: knows.profile, data: { customer, text, message: message.id } }
}

/** Notes a courtesy, or a call for a person, that is certain by its words alone. */
export function withPlain(context: Context, move: Exclude<Move, 'question'>): Context {
  const text = context.queue[0]?.text ?? ''
  const act = move === 'person' ? 'handoff' : move === 'praise' || move === 'complaint' ? 'feedback' : 'chitchat'
  return withUnderstood(context, plainForm(act, text))
}

/** Notes that the message being answered was not understood, since its task failed. */
export const withoutUnderstanding = (context: Context): Context => ({ ...context, said: 'question' })

function saying(context: Context, move: Move, text: string): Context {
  switch (move) {
    case 'thanks':
    case 'praise':
      return { ...context, said: 'thanks', complaints: 0 }
    case 'complaint':
      return { ...context, said: 'complaint' }
    case 'courtesy': {
      const isLeaving = isParting(text) || isDecline(text)
      return { ...context, said: isLeaving && context.said === 'thanks' ? 'thanks' : 'courtesy' }
    }
    default:
      return { ...context, said: 'question' }
  }
}

/** Records a message that needs no reply, and is not understood: a person has the case, or it is not the customer's. */
export function withMessage(context: Context, { data }: Pick<Message, 'data'>): Context {
  const next = { ...context, turns: withTurns(context, [data]) }
  return data.role === 'user' ? { ...next, ...unheard } : next
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

/** Removes a message from the queue whose reply nobody waits for. It was said, and stays in the conversation. */
export function withoutReply(context: Context, message: string): Context {
  const cancelled = context.queue.find(({ id }) => id === message)
  if (cancelled === undefined) return context
  return {
    ...context,
    said: 'cancel',
    queue: context.queue.filter((question) => question !== cancelled),
    turns: withTurns(context, [{ role: 'user', text: cancelled.text }]),
  }
}

/** Empties the queue: a person is to take over the case. @param desk the desk that is asked; `null`: none */
export function withHandover(context: Context, desk: AtDesk | null): Context {
  const waiting = context.queue.map(({ text }): Turn => ({ role: 'user', text }))
  return { ...context, queue: [], turns: withTurns(context, waiting), misses: 0, failures: 0, complaints: 0, desk }
}

/** Gives the case back to the machine: its answers know what was agreed. */
export const withReturn = (context: Context, agreed: string | undefined): Context => ({
  ...context,
  turns: withTurns(context, agreedTurns(agreed)),
  desk: null,
})

const withTurns = ({ turns }: Context, more: readonly Turn[]): Turn[] =>
  [...turns, ...more.map(({ role, text }) => ({ role, text: clip(text, TURN_CHARS_MAX) }))].slice(-TURNS_MAX)

function languageOf(text: string, declared: string | undefined, before: Language | null): Language {
  const detected = declared ?? detectLanguage(text)
  const code = detected?.slice(0, 2).toLowerCase()
  const language = languageSchema.options.find((language) => language === code)
  const isTooShort = declared === undefined && language === 'en' && text.length < SWITCH_CHARS_MIN
  return isTooShort ? (before ?? language) : (language ?? before ?? 'en')
}

/**
 * Records what a customer thinks. One who rates 4 or 5 is content: what went wrong before no longer counts. Thumbs up count as thanks, and
 * thumbs down as a complaint. A comment or a correction changes nothing here.
 */
export function withFeedback(context: Context, { rating, thumbs }: Feedback): Context {
  const rated = rating === undefined ? context : withRating(context, rating)
  if (thumbs === undefined) return rated
  return thumbs === 'up' ? { ...rated, said: 'thanks', complaints: 0 } : { ...rated, said: 'complaint', complaints: rated.complaints + 1 }
}

interface Feedback {
  readonly rating?: number | undefined
  readonly thumbs?: 'up' | 'down' | undefined
}

const withRating = (context: Context, rating: number): Context =>
  rating >= CONTENT_RATING_MIN ? { ...context, rating, misses: 0, failures: 0, complaints: 0 } : { ...context, rating }

const CONTENT_RATING_MIN = 4

/**
 * The outcome of a case in which the customer stopped writing. The last act of the customer decides: thanks (`resolved`, whatever went
 * wrong before), a complaint or a question without an answer, or a reply given up (`abandoned`), or an answered question. Thanks that
 * decline ("no thanks, forget it") or mean the opposite ("thanks for nothing") are none.
 */
export function outcomeOfSilence({ rating, misses, failures, complaints, said }: Context): string {
  if (said === 'thanks') return 'resolved'
  if (said === 'cancel') return 'abandoned'
  if (misses + failures > 0 || (complaints > 0 && said !== 'question')) return 'abandoned'
  return (rating ?? 0) >= CONTENT_RATING_MIN ? 'resolved' : 'answered'
}
