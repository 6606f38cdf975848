import { messageOf } from '../../../schemas/errors.ts'
import { type TaskError, taskError } from '../../../schemas/internal-messages.ts'
import { PROFILE_KIND, PROFILE_LIMITS } from '../../../schemas/profile-events.ts'
import {
  type ChatContext,
  languageOf,
  openCall,
  withCalls,
  withCustomer,
  withHeard,
  withOther,
  withReply,
  withResult,
} from './chat-context.ts'
import type { ChatEmit } from './chat-events.ts'
import { chatSentence, fillIn } from './chat-replies.ts'
import { type ChatForm, checkValues, type Field, type FormValues, valuesInWords } from './forms.ts'
import type { ChatReply } from './reply-task.ts'
import type { Summarized } from './summarize-task.ts'
import type { ToolOutput } from './tools.ts'

/** What an action of the machine does. */
export interface Step {
  readonly context: ChatContext
  readonly emits: readonly ChatEmit[]
}

/** Carries a step out in `enqueueActions`. */
export function carryOut(enqueue: { emit(event: ChatEmit): void; assign(context: ChatContext): void }, { context, emits }: Step): void {
  for (const event of emits) enqueue.emit(event)
  enqueue.assign(context)
}

/** An input as a step needs it. */
interface Given<Data> {
  readonly id: string
  readonly at: string
  readonly data: Data
}

/** A form as people see it. */
export interface ShownForm {
  readonly name: string
  readonly title: string
  readonly fields: Field[]
}
type FormOf = (name: string) => ShownForm

const langOf = ({ lang }: ChatContext) => lang ?? 'en'
const sent = (data: Extract<ChatEmit, { type: 'message.sent' }>['data']): ChatEmit => ({ type: 'message.sent', data })
const notRead = (id: string, lang: 'en' | 'zh'): ChatEmit => sent({ text: chatSentence('full', lang), lang, replyTo: id })

/** Hears a message: one of the user waits for its reply, or is told that there is no place for it. */
export function heard(
  context: ChatContext,
  { id, at, data }: Given<{ role: string; text: string; lang?: string | undefined; customer?: string | number | undefined }>,
): Step {
  const { role, text, lang } = data
  if (role === 'system') return { context, emits: [] }
  if (role !== 'user') return { context: withOther(context, { id, text, at }), emits: [] }
  const next = withHeard(context, { id, text, lang, at })
  return { context: withCustomer(next, data.customer), emits: next === context ? [notRead(id, languageOf(text, lang, context.lang))] : [] }
}

/** Asks the person to fill in a form, unasked. */
export function askedForForm(context: ChatContext, shown: ShownForm): Step {
  const count = context.heard + 1
  const [form, lang] = [{ id: `f-${count}`, ...shown }, langOf(context)]
  return {
    context: { ...context, heard: count, form: { id: form.id, name: form.name } },
    emits: [{ type: 'form.asked', data: form }, sent({ text: fillIn(form.title, lang), lang, form })],
  }
}

/** Takes the values of the open form, or asks again with what is wrong. Those of any other form change nothing. */
export function submitted(
  context: ChatContext,
  { id, at, data }: Given<{ id: string; values: FormValues }>,
  form: ChatForm,
  formOf: FormOf,
): Step {
  const open = context.form
  if (open === null || open.id !== data.id) return { context, emits: [] }
  const [read, lang] = [checkValues(form, data.values), langOf(context)]
  if (read.kind === 'wrong') {
    const asked = { id: open.id, ...formOf(open.name) }
    const again = sent({ text: chatSentence('correct', lang), lang, replyTo: id, form: asked })
    return { context, emits: [{ type: 'form.asked', data: { ...asked, problems: [...read.problems] } }, again] }
  }
  const next = withHeard(context, { id, text: valuesInWords(form.title, read.values), lang, at })
  if (next === context) return { context, emits: [notRead(id, lang)] }
  return { context: { ...next, form: null }, emits: [{ type: 'form.completed', data: { ...open, values: read.values } }] }
}

/** Hears the label of a button, once. */
export function pressed(context: ChatContext, { id, at, data }: Given<{ id: string }>): ChatContext {
  const button = context.buttons.find((one) => one.id === data.id)
  const next = button === undefined ? context : withHeard(context, { id, text: button.label, lang: langOf(context), at })
  return next === context ? context : { ...next, buttons: [] }
}

/** Adds the calls that the model wants; the wrong ones have failed. */
export function withWanted(context: ChatContext, { calls }: ChatReply): Step {
  const next = withCalls(context, calls)
  const wrong = next.calls.slice(context.calls.length).filter(({ result }) => result !== null)
  return {
    context: next,
    emits: wrong.map(({ call, name, result }) => ({
      type: 'tool.failed',
      data: { call, name, code: 'bad_arguments', problem: result ?? '' },
    })),
  }
}

/** What the customer's profile is told of the message that is answered, and which one; `undefined` where it says nothing of him. */
export function toldProfile({ waiting: [message], customer }: ChatContext, { profile }: ChatReply) {
  if (message === undefined || customer === undefined || profile === undefined) return undefined
  const text = message.text.slice(0, PROFILE_LIMITS.textCharsMax).toWellFormed()
  return { kind: PROFILE_KIND, id: profile, type: 'customer.told', data: { customer, text, message: message.id } }
}

/** Sends the reply, with its form and buttons. */
export function replied(
  context: ChatContext,
  { calls: _calls, profile: _profile, form: name, choices = [], text, ...facts }: ChatReply,
  at: string,
  formOf: FormOf,
): Step {
  const [message] = context.waiting
  if (message === undefined || text === null) return { context, emits: [] }
  const form = name === undefined ? undefined : { id: `f-${context.heard}`, ...formOf(name) }
  const buttons = choices.map((label, index) => ({ id: `b-${context.heard}-${index + 1}`, label }))
  const more = { ...(form !== undefined && { form }), ...(buttons.length > 0 && { buttons }) }
  const reply = sent({ text, ...facts, ...more, lang: message.lang, replyTo: message.id })
  return {
    context: {
      ...withReply(context, text, at),
      ...(form !== undefined && { form: { id: form.id, name: form.name } }),
      ...(buttons.length > 0 && { buttons }),
    },
    emits: form === undefined ? [reply] : [{ type: 'form.asked', data: form }, reply],
  }
}

/** Says that there is no reply. */
export function apologised(context: ChatContext, at: string): Step {
  const [message] = context.waiting
  if (message === undefined) return { context, emits: [] }
  const text = chatSentence('failed', message.lang)
  return { context: withReply(context, text, at), emits: [sent({ text, lang: message.lang, replyTo: message.id })] }
}

/** Tells of the open call. */
export function told(context: ChatContext, type: 'tool.proposed' | 'tool.called'): Step {
  const open = openCall(context)
  return { context, emits: open === undefined ? [] : [{ type, data: { call: open.call, name: open.name, args: open.args } }] }
}

/** The open call needs no person any more. */
export const approved = (context: ChatContext): ChatContext => ({
  ...context,
  calls: context.calls.map((call) => (call === openCall(context) ? { ...call, needsPerson: false } : call)),
})

export function answered(context: ChatContext, { result, isCut }: ToolOutput): Step {
  const open = openCall(context)
  if (open === undefined) return { context, emits: [] }
  const data = { call: open.call, name: open.name, result, isCut }
  return { context: withResult(context, result), emits: [{ type: 'tool.answered', data }] }
}

/** Why a call that a person refuses has failed. */
export const refusal = (reason = 'no reason was given'): TaskError => ({ code: 'refused', message: `a person refused it: ${reason}` })

const PROBLEM_CHARS_MAX = 1_000

export function failed(context: ChatContext, error: unknown): Step {
  const open = openCall(context)
  if (open === undefined) return { context, emits: [] }
  const { code, message } = taskError.safeParse(error).data ?? { code: 'error', message: messageOf(error) }
  const problem = message.slice(0, PROBLEM_CHARS_MAX).toWellFormed()
  return {
    context: withResult(context, `failed (${code}): ${problem}`),
    emits: [{ type: 'tool.failed', data: { call: open.call, name: open.name, code, problem } }],
  }
}

export const remembered = (context: ChatContext, summarized: Summarized): Step => ({
  context: { ...context, summary: summarized.summary, facts: summarized.facts, unsummarized: 0 },
  emits: [{ type: 'memory.summarized', data: { ...summarized, turns: context.unsummarized } }],
})
