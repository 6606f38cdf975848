import { assign, enqueueActions, setup } from 'xstate'
import { ColloquyError, messageOf } from '../../../schemas/errors.ts'
import { taskError } from '../../../schemas/internal-messages.ts'
import {
  type ChatContext,
  newChat,
  openCall,
  withCalls,
  withHeard,
  withoutMessage,
  withOther,
  withReply,
  withResult,
} from './chat-context.ts'
import { CHAT_LIMITS, languageOf } from './chat-context.ts'
import { defineChat } from './chat-definition.ts'
import { chatSentence, fillIn } from './chat-replies.ts'
import { type ChatForms, checkValues, fieldsOf, FORMS_MAX, valuesInWords } from './forms.ts'
import type { ChatReply } from './reply-task.ts'
import type { Summarized } from './summarize-task.ts'
import { type ChatTools, checkTools } from './tools.ts'

/** Options of the kind `chat`. A change of tools or forms takes effect with the next message. */
export interface ChatOptions {
  /** Name of the kind. Default: `chat`. */
  readonly name?: string
  /** Tasks that the model may call, by the names that it sees; at most 32. Default: none. */
  readonly tools?: ChatTools
  /** Forms that the model, or an input `form.wanted`, asks the person to fill in; at most 16. Default: none. */
  readonly forms?: ChatForms
  /** Milliseconds that a call waits for the approval of a person; then it counts as refused. Default: 15 minutes. */
  readonly approvalMs?: number
}

const APPROVAL_DEFAULT_MS = 15 * 60_000

/**
 * Creates the kind `chat`: an open dialogue with a language model that remembers what was said at any length, asks by forms and buttons, and
 * calls tools. Without a model it repeats what the person said, and says what it does not know.
 *
 * @throws ColloquyError `bad_kind` where a tool or a form cannot be offered
 */
export function createChat({ name = 'chat', tools = {}, forms = {}, approvalMs = APPROVAL_DEFAULT_MS }: ChatOptions = {}) {
  checkTools(tools)
  const shown = new Map(Object.entries(forms).map(([one, form]) => [one, { name: one, title: form.title, fields: fieldsOf(one, form) }]))
  if (shown.size > FORMS_MAX) throw new ColloquyError('bad_kind', `there may be at most ${FORMS_MAX} forms (there are ${shown.size})`)
  const kind = defineChat(name, tools, forms)
  const langOf = ({ lang }: ChatContext) => lang ?? 'en'
  const askedForm = (id: string, one: string) => ({ id, ...(shown.get(one) ?? { name: one, title: one, fields: [] }) })
  const isOpen = (context: ChatContext, call: string): boolean => openCall(context)?.call === call
  return kind.with(
    setup({
      ...kind.xstate,
      delays: { approval: approvalMs },
      guards: {
        somethingWaits: ({ context }) => context.waiting.length > 0,
        isFirst: ({ context, event }) => event.type === 'reply.cancel' && context.waiting[0]?.id === event.data.message,
        isApproved: ({ context, event }) => event.type === 'tool.approved' && isOpen(context, event.data.call),
        isRefused: ({ context, event }) => event.type === 'tool.refused' && isOpen(context, event.data.call),
        needsPerson: ({ context }) => openCall(context)?.needsPerson === true,
        hasCall: ({ context }) => openCall(context) !== undefined,
        isLong: ({ context }) => context.unsummarized >= CHAT_LIMITS.turnsToSummarize,
      },
      actions: {
        hear: enqueueActions(({ context, event, enqueue }) => {
          if (event.type !== 'message.received') return
          const { role, text, lang } = event.data
          const said = { id: event.id, text, lang, at: event.at }
          if (role !== 'user') return role === 'system' ? undefined : enqueue.assign(withOther(context, said))
          const next = withHeard(context, said)
          if (next !== context) return enqueue.assign(next)
          const code = languageOf(text, lang, context.lang)
          enqueue.emit({ type: 'message.sent', data: { text: chatSentence('full', code), lang: code, replyTo: event.id } })
        }),
        giveUp: assign(({ context, event }) => (event.type === 'reply.cancel' ? withoutMessage(context, event.data.message) : context)),
        want: enqueueActions(({ context, event, enqueue }) => {
          if (event.type !== 'form.wanted') return
          const form = askedForm(`f-${context.heard + 1}`, event.data.form)
          const lang = langOf(context)
          enqueue.emit({ type: 'form.asked', data: form })
          enqueue.emit({ type: 'message.sent', data: { text: fillIn(form.title, lang), lang, form } })
          enqueue.assign({ heard: context.heard + 1, form: { id: form.id, name: form.name } })
        }),
        submit: enqueueActions(({ context, event, enqueue }) => {
          if (event.type !== 'form.submitted' || context.form?.id !== event.data.id) return
          const { id, name: one } = context.form
          const form = forms[one]
          if (form === undefined) return
          const read = checkValues(form, event.data.values)
          const lang = langOf(context)
          if (read.kind === 'wrong') {
            const asked = askedForm(id, one)
            enqueue.emit({ type: 'form.asked', data: { ...asked, problems: [...read.problems] } })
            enqueue.emit({ type: 'message.sent', data: { text: chatSentence('correct', lang), lang, replyTo: event.id, form: asked } })
            return
          }
          const next = withHeard(context, { id: event.id, text: valuesInWords(form.title, read.values), lang, at: event.at })
          if (next === context) {
            enqueue.emit({ type: 'message.sent', data: { text: chatSentence('full', lang), lang, replyTo: event.id } })
            return
          }
          enqueue.emit({ type: 'form.completed', data: { id, name: one, values: read.values } })
          enqueue.assign({ ...next, form: null })
        }),
        press: assign(({ context, event }) => {
          const button = event.type === 'button.pressed' ? context.buttons.find(({ id }) => id === event.data.id) : undefined
          if (button === undefined || event.type !== 'button.pressed') return context
          const next = withHeard(context, { id: event.id, text: button.label, lang: langOf(context), at: event.at })
          return next === context ? context : { ...next, buttons: [] }
        }),
        take: enqueueActions(({ context, enqueue }, { calls }: ChatReply) => {
          const next = withCalls(context, calls)
          const wrong = next.calls.slice(context.calls.length).filter(({ result }) => result !== null)
          for (const { call, name: tool, result } of wrong) {
            enqueue.emit({ type: 'tool.failed', data: { call, name: tool, code: 'bad_arguments', problem: result ?? '' } })
          }
          enqueue.assign(next)
        }),
        say: enqueueActions(({ context, event, enqueue }, reply: ChatReply) => {
          const [message] = context.waiting
          if (message === undefined || reply.text === null) return
          const { calls: _calls, form: one, choices = [], text, ...facts } = reply
          const form = one === undefined ? undefined : askedForm(`f-${context.heard}`, one)
          const buttons = choices.map((label, index) => ({ id: `b-${context.heard}-${index + 1}`, label }))
          if (form !== undefined) enqueue.emit({ type: 'form.asked', data: form })
          const more = { ...(form !== undefined && { form }), ...(buttons.length > 0 && { buttons }) }
          enqueue.emit({ type: 'message.sent', data: { text, ...facts, ...more, lang: message.lang, replyTo: message.id } })
          enqueue.assign({
            ...withReply(context, text, event.at),
            ...(form !== undefined && { form: { id: form.id, name: form.name } }),
            ...(buttons.length > 0 && { buttons }),
          })
        }),
        apologise: enqueueActions(({ context, event, enqueue }) => {
          const [message] = context.waiting
          if (message === undefined) return
          const text = chatSentence('failed', message.lang)
          enqueue.emit({ type: 'message.sent', data: { text, lang: message.lang, replyTo: message.id } })
          enqueue.assign(withReply(context, text, event.at))
        }),
        tell: enqueueActions(({ context, enqueue }, { type }: { type: 'tool.proposed' | 'tool.called' }) => {
          const open = openCall(context)
          if (open !== undefined) enqueue.emit({ type, data: { call: open.call, name: open.name, args: open.args } })
        }),
        approve: assign({
          calls: ({ context }) => context.calls.map((call) => (call === openCall(context) ? { ...call, needsPerson: false } : call)),
        }),
        answer: enqueueActions(({ context, enqueue }, { result, isCut }: { result: string; isCut: boolean }) => {
          const open = openCall(context)
          if (open === undefined) return
          enqueue.emit({ type: 'tool.answered', data: { call: open.call, name: open.name, result, isCut } })
          enqueue.assign(withResult(context, result))
        }),
        fail: enqueueActions(({ context, event, enqueue }, { error }: { error: unknown }) => {
          const open = openCall(context)
          if (open === undefined) return
          const refused = event.type === 'tool.refused' ? `a person refused it: ${event.data.reason ?? 'no reason was given'}` : undefined
          const { code, message } =
            refused === undefined
              ? (taskError.safeParse(error).data ?? { code: 'error', message: messageOf(error) })
              : { code: 'refused', message: refused }
          const problem = message.slice(0, 1_000).toWellFormed()
          enqueue.emit({ type: 'tool.failed', data: { call: open.call, name: open.name, code, problem } })
          enqueue.assign(withResult(context, `failed (${code}): ${problem}`))
        }),
        remember: enqueueActions(({ context, enqueue }, summarized: Summarized) => {
          enqueue.emit({ type: 'memory.summarized', data: { ...summarized, turns: context.unsummarized } })
          enqueue.assign({ summary: summarized.summary, facts: summarized.facts, unsummarized: 0 })
        }),
      },
    }).createMachine({
      id: 'chat',
      context: newChat,
      type: 'parallel',
      on: {
        'message.received': { actions: 'hear' },
        'reply.cancel': { actions: 'giveUp' },
        'form.wanted': { actions: 'want' },
        'form.submitted': { actions: 'submit' },
        'button.pressed': { actions: 'press' },
      },
      states: {
        talk: {
          initial: 'listening',
          states: {
            listening: { always: { guard: 'somethingWaits', target: 'answering' } },
            answering: {
              initial: 'replying',
              on: { 'reply.cancel': { guard: 'isFirst', target: 'listening', actions: 'giveUp' } },
              states: {
                replying: {
                  invoke: {
                    id: 'reply',
                    src: 'reply',
                    input: ({ context: { waiting, turns, summary, facts, calls } }) => {
                      const [message] = waiting
                      const { id, text, lang, at } = message ?? { id: '', text: '', lang: 'en' as const, at: '' }
                      return { id, text, lang, at, turns, summary, facts, calls }
                    },
                    onDone: [
                      {
                        guard: ({ event }) => event.output.text === null,
                        target: 'dispatching',
                        actions: { type: 'take', params: ({ event }) => event.output },
                      },
                      {
                        target: '#chat.talk.listening',
                        actions: [
                          { type: 'take', params: ({ event }) => event.output },
                          { type: 'say', params: ({ event }) => event.output },
                        ],
                      },
                    ],
                    onError: { target: '#chat.talk.listening', actions: 'apologise' },
                  },
                },
                dispatching: {
                  always: [
                    { guard: 'needsPerson', target: 'approving', actions: { type: 'tell', params: { type: 'tool.proposed' } } },
                    { guard: 'hasCall', target: 'calling', actions: { type: 'tell', params: { type: 'tool.called' } } },
                    { target: 'replying' },
                  ],
                },
                approving: {
                  on: {
                    'tool.approved': { guard: 'isApproved', target: 'dispatching', actions: 'approve' },
                    'tool.refused': { guard: 'isRefused', target: 'dispatching', actions: { type: 'fail', params: { error: null } } },
                  },
                  after: {
                    approval: {
                      target: 'dispatching',
                      actions: { type: 'fail', params: { error: { code: 'no_approval', message: 'nobody approved it in time' } } },
                    },
                  },
                },
                calling: {
                  invoke: {
                    id: 'tool',
                    src: 'tool',
                    input: ({ context }) => {
                      const { name: tool, args, call } = openCall(context) ?? { name: '', args: {}, call: '' }
                      return { name: tool, args, call }
                    },
                    onDone: { target: 'dispatching', actions: { type: 'answer', params: ({ event }) => event.output } },
                    onError: { target: 'dispatching', actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) } },
                  },
                },
              },
            },
          },
        },
        memory: {
          initial: 'resting',
          states: {
            resting: { always: { guard: 'isLong', target: 'summarizing' } },
            summarizing: {
              invoke: {
                id: 'summarize',
                src: 'summarize',
                input: ({ context }) => ({ ...context, lang: langOf(context) }),
                onDone: { target: 'resting', actions: { type: 'remember', params: ({ event }) => event.output } },
                // The next turns try again; the messages are in the search index meanwhile.
                onError: { target: 'resting', actions: assign({ unsummarized: 0 }) },
              },
            },
          },
        },
      },
    }),
  )
}
