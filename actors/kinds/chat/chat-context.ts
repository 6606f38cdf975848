import { z } from 'zod'
import { personal } from '../../../schemas/personal.ts'
import { PROFILE_LIMITS } from '../../../schemas/profile-events.ts'
import { detectLanguage } from '../../core/detect-language.ts'
import type { Label } from '../../definition/kind.ts'
import { clip } from '../support/clip.ts'
import { languageSchema } from '../support/found.ts'

/**
 * Bounds of what an actor keeps: together less than 60 KiB of JSON, in any script. Characters are UTF-16 units. What exceeds them is left
 * out of the state; records and the search index have all of it.
 */
export const CHAT_LIMITS = {
  /** Messages without a reply, the one being answered included. */
  waitingMax: 3,
  messageCharsMax: 1_500,
  /** The latest turns, which a prompt has word by word. */
  turnsMax: 10,
  turnCharsMax: 400,
  /** Turns after which they are summarised. */
  turnsToSummarize: 8,
  summaryCharsMax: 1_500,
  factsMax: 16,
  factCharsMax: 150,
  /** Calls of tools for one message; those with wrong arguments count. */
  callsMax: 8,
  /** JSON of the arguments of one call; of all for one message; the same for results. */
  argsCharsMax: 1_000,
  allArgsCharsMax: 3_000,
  resultCharsMax: 2_000,
  allResultsCharsMax: 4_000,
  buttonsMax: 6,
  labelCharsMax: 80,
} as const
const LIMITS = CHAT_LIMITS

/** Name of a tool, a form or a field: a model can write it. */
export const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
const name = z.string().regex(NAME)
/** Characters of a reply. */
export const REPLY_CHARS_MAX = 4_000

const waitingSchema = z.object({
  /** Id of the input; `replyTo` of the reply. */
  id: z.string(),
  text: z.string().max(LIMITS.messageCharsMax),
  lang: languageSchema,
  at: z.string(),
})
export type Waiting = z.infer<typeof waitingSchema>

export const chatTurnSchema = z.object({
  id: z.string(),
  by: z.enum(['user', 'assistant']),
  text: z.string().max(LIMITS.turnCharsMax),
  at: z.string(),
})
export type ChatTurn = z.infer<typeof chatTurnSchema>

export const factsSchema = z.array(z.string().max(LIMITS.factCharsMax)).max(LIMITS.factsMax)

/** A call of a tool for the message that is being answered. */
export const toolCallSchema = z.object({
  /** Id of the call within the conversation. */
  call: z.string().max(32),
  name: z.string().max(64),
  args: z.record(z.string(), z.unknown()),
  needsPerson: z.boolean(),
  /** For the model; `null` until there is one. */
  result: z.string().max(LIMITS.resultCharsMax).nullable(),
})
export type ToolCall = z.infer<typeof toolCallSchema>

const choicesSchema = z.array(z.object({ id: z.string().max(32), label: z.string().max(LIMITS.labelCharsMax) })).max(LIMITS.buttonsMax)
export type Choices = z.infer<typeof choicesSchema>

export const chatContext = z.object({
  lang: languageSchema.nullable(),
  /** Messages, forms and buttons so far; names calls, forms and buttons. */
  heard: z.int().nonnegative(),
  waiting: z.array(waitingSchema).max(LIMITS.waitingMax),
  turns: z.array(chatTurnSchema).max(LIMITS.turnsMax),
  summary: z.string().max(LIMITS.summaryCharsMax),
  facts: factsSchema,
  /** Turns since the last summary. */
  unsummarized: z.int().nonnegative(),
  calls: z.array(toolCallSchema).max(LIMITS.callsMax),
  /** The form that waits for its values. */
  form: z.object({ id: z.string().max(32), name }).nullable(),
  buttons: choicesSchema,
  /** The customer, as the messages name him. */
  customer: personal(z.string().max(PROFILE_LIMITS.customerCharsMax)).optional(),
})
export type ChatContext = z.infer<typeof chatContext>

export const newChat: ChatContext = {
  ...{ lang: null, heard: 0, waiting: [], turns: [], summary: '', facts: [], unsummarized: 0, calls: [], form: null, buttons: [] },
}

export const labelOf = ({ lang, summary }: ChatContext): Label => ({ lang, summarized: summary !== '' })

/** The language of a text; that of the conversation where it is too short to tell. */
export function languageOf(text: string, declared: string | undefined, before: ChatContext['lang']): Waiting['lang'] {
  const code = (declared ?? detectLanguage(text) ?? '').slice(0, 2).toLowerCase()
  return code === 'zh' || code === 'en' ? code : (before ?? 'en')
}

interface Heard {
  readonly id: string
  readonly text: string
  readonly at: string
  readonly lang?: string | undefined
}

/** Notes whose conversation it is. Half an id would be another customer's: one that is too long names nobody. */
export function withCustomer(context: ChatContext, customer: string | number | undefined): ChatContext {
  const id = String(customer ?? '')
  return id === '' || id.length > PROFILE_LIMITS.customerCharsMax ? context : { ...context, customer: id }
}

/** Puts something said into the queue. Without a place it is not heard: the same context. */
export function withHeard(context: ChatContext, { id, text, at, lang: declared }: Heard): ChatContext {
  if (context.waiting.length >= LIMITS.waitingMax) return context
  const lang = languageOf(text, declared, context.lang)
  const one = { id: id.slice(0, 256), text: clip(text, LIMITS.messageCharsMax), lang, at }
  return { ...context, lang, heard: context.heard + 1, waiting: [...context.waiting, one] }
}

const withTurns = (context: ChatContext, ...more: readonly ChatTurn[]): ChatContext => ({
  ...context,
  turns: [...context.turns, ...more.map((turn) => ({ ...turn, text: clip(turn.text, LIMITS.turnCharsMax) }))].slice(-LIMITS.turnsMax),
  unsummarized: context.unsummarized + more.length,
})

/** Notes what somebody else than the user said. */
export const withOther = (context: ChatContext, { id, text, at }: Heard): ChatContext =>
  withTurns(context, { id: id.slice(0, 256), by: 'assistant', text, at })

/** Takes the message that was answered out of the queue; its calls end with it. */
export function withReply(context: ChatContext, text: string, at: string): ChatContext {
  const [message, ...waiting] = context.waiting
  if (message === undefined) return context
  const said: ChatTurn[] = [
    { id: message.id, by: 'user', text: message.text, at: message.at },
    { id: `${message.id.slice(0, 128)}:reply`, by: 'assistant', text, at },
  ]
  return withTurns({ ...context, waiting, calls: [] }, ...said)
}

/** Gives a message up that waits for its reply; what was called for it stays done. */
export function withoutMessage(context: ChatContext, id: string): ChatContext {
  const [first] = context.waiting
  const waiting = context.waiting.filter((message) => message.id !== id)
  return { ...context, waiting, ...(first?.id === id && { calls: [] }) }
}

/** The first call without a result. */
export const openCall = ({ calls }: ChatContext): ToolCall | undefined => calls.find(({ result }) => result === null)

/** Sets the result of the open call, within the bound of one and of all. */
export function withResult(context: ChatContext, text: string): ChatContext {
  const open = openCall(context)
  const used = context.calls.reduce((chars, { result }) => chars + (result?.length ?? 0), 0)
  const room = Math.min(LIMITS.resultCharsMax, Math.max(ROOM_MIN, LIMITS.allResultsCharsMax - used))
  const result = clip(text, room)
  return { ...context, calls: context.calls.map((call) => (call === open ? { ...call, result } : call)) }
}
/** Of a result beyond the bound of all, so that the model sees that there was one. */
const ROOM_MIN = 100

/** A call that a model wants: to be done, or wrong, with the problem. */
export interface WantedCall {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
  readonly needsPerson: boolean
  readonly problem?: string | undefined
}

/** Adds calls, up to the bound. A wrong one has its problem as its result, and so has one whose arguments have no room any more. */
export function withCalls(context: ChatContext, wanted: readonly WantedCall[]): ChatContext {
  const calls = [...context.calls]
  let chars = calls.reduce((sum, { args }) => sum + JSON.stringify(args).length, 0)
  for (const { name: tool, args, needsPerson, problem } of wanted.slice(0, LIMITS.callsMax - calls.length)) {
    chars += JSON.stringify(args).length
    const isFull = chars > LIMITS.allArgsCharsMax
    const wrong = isFull ? `the arguments of all calls for one message may have ${LIMITS.allArgsCharsMax} characters of JSON` : problem
    calls.push({
      call: `${context.heard}-${calls.length + 1}`,
      name: tool.slice(0, 64),
      args: isFull ? {} : args,
      needsPerson,
      result: wrong === undefined ? null : clip(wrong, PROBLEM_CHARS_MAX),
    })
  }
  return { ...context, calls }
}
const PROBLEM_CHARS_MAX = 300
