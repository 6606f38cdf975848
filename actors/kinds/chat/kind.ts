import { assign, enqueueActions, setup } from 'xstate'
import { ColloquyError } from '../../../schemas/errors.ts'
import { send } from '../../definition/send-action.ts'
import { CHAT_LIMITS, newChat, openCall, withoutMessage } from './chat-context.ts'
import { defineChat } from './chat-definition.ts'
import {
  answered,
  apologised,
  approved,
  askedForForm,
  carryOut,
  failed,
  heard,
  pressed,
  refusal,
  remembered,
  replied,
  type ShownForm,
  submitted,
  told,
  toldProfile,
  withWanted,
} from './chat-steps.ts'
import { type ChatForms, fieldsOf, FORMS_MAX } from './forms.ts'
import { type ChatReply, replyInputOf } from './reply-task.ts'
import type { Summarized } from './summarize-task.ts'
import { type ChatTools, checkTools, type ToolOutput } from './tools.ts'

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
  /**
   * Milliseconds that a model has for a reply, or for the calls before it, with all its attempts; then what was said is quoted in its
   * place. Default: 30,000.
   */
  readonly replyBudgetMs?: number
}

const APPROVAL_DEFAULT_MS = 15 * 60_000
const REPLY_BUDGET_DEFAULT_MS = 30_000

/**
 * Creates the kind `chat`: an open dialogue with a language model that remembers what was said at any length, asks by forms and buttons,
 * and calls tools. Without a model it repeats what the person said, and says what it does not know.
 *
 * @throws ColloquyError `bad_kind` where a tool or a form cannot be offered
 */
export function createChat({
  name = 'chat',
  tools = {},
  forms = {},
  approvalMs = APPROVAL_DEFAULT_MS,
  replyBudgetMs = REPLY_BUDGET_DEFAULT_MS,
}: ChatOptions = {}) {
  checkTools(tools)
  const shown = new Map(Object.entries(forms).map(([one, form]) => [one, { name: one, title: form.title, fields: fieldsOf(one, form) }]))
  if (shown.size > FORMS_MAX) throw new ColloquyError('bad_kind', `there may be at most ${FORMS_MAX} forms (there are ${shown.size})`)
  const kind = defineChat(name, tools, forms)
  const formOf = (one: string): ShownForm => shown.get(one) ?? { name: one, title: one, fields: [] }
  return kind.with(
    setup({
      ...kind.xstate,
      delays: { approval: approvalMs, replyBudget: replyBudgetMs },
      guards: {
        somethingWaits: ({ context }) => context.waiting.length > 0,
        isFirst: ({ context, event }) => event.type === 'reply.cancel' && context.waiting[0]?.id === event.data.message,
        isApproved: ({ context, event }) => event.type === 'tool.approved' && openCall(context)?.call === event.data.call,
        isRefused: ({ context, event }) => event.type === 'tool.refused' && openCall(context)?.call === event.data.call,
        needsPerson: ({ context }) => openCall(context)?.needsPerson === true,
        hasCall: ({ context }) => openCall(context) !== undefined,
        isLong: ({ context }) => context.unsummarized >= CHAT_LIMITS.turnsToSummarize,
      },
      actions: {
        hear: enqueueActions(({ context, event, enqueue }) => {
          if (event.type === 'message.received') carryOut(enqueue, heard(context, event))
        }),
        giveUp: assign(({ context, event }) => (event.type === 'reply.cancel' ? withoutMessage(context, event.data.message) : context)),
        want: enqueueActions(({ context, event, enqueue }) => {
          if (event.type === 'form.wanted') carryOut(enqueue, askedForForm(context, formOf(event.data.form)))
        }),
        submit: enqueueActions(({ context, event, enqueue }) => {
          const form = context.form === null ? undefined : forms[context.form.name]
          if (event.type === 'form.submitted' && form !== undefined) carryOut(enqueue, submitted(context, event, form, formOf))
        }),
        press: assign(({ context, event }) => (event.type === 'button.pressed' ? pressed(context, event) : context)),
        take: enqueueActions(({ context, enqueue }, reply: ChatReply) => {
          const told = toldProfile(context, reply)
          if (told !== undefined) enqueue(send(told))
          carryOut(enqueue, withWanted(context, reply))
        }),
        say: enqueueActions(({ context, event, enqueue }, reply: ChatReply) =>
          carryOut(enqueue, replied(context, reply, event.at, formOf)),
        ),
        apologise: enqueueActions(({ context, event, enqueue }) => carryOut(enqueue, apologised(context, event.at))),
        tell: enqueueActions(({ context, enqueue }, { type }: { type: 'tool.proposed' | 'tool.called' }) =>
          carryOut(enqueue, told(context, type)),
        ),
        approve: assign(({ context }) => approved(context)),
        answer: enqueueActions(({ context, enqueue }, output: ToolOutput) => carryOut(enqueue, answered(context, output))),
        fail: enqueueActions(({ context, enqueue }, { error }: { error: unknown }) => carryOut(enqueue, failed(context, error))),
        remember: enqueueActions(({ context, enqueue }, summarized: Summarized) => carryOut(enqueue, remembered(context, summarized))),
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
                    input: ({ context }) => replyInputOf(context),
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
                  after: { replyBudget: 'quoting' },
                },
                // The model is late, or all are down: what was said is quoted in its place.
                quoting: {
                  invoke: {
                    id: 'quote',
                    src: 'reply',
                    input: ({ context }) => ({ ...replyInputOf(context), isLate: true }),
                    onDone: {
                      target: '#chat.talk.listening',
                      actions: [
                        { type: 'take', params: ({ event }) => event.output },
                        { type: 'say', params: ({ event }) => event.output },
                      ],
                    },
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
                    'tool.refused': {
                      guard: 'isRefused',
                      target: 'dispatching',
                      actions: { type: 'fail', params: ({ event }) => ({ error: refusal(event.data.reason) }) },
                    },
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
                    onDone: [
                      {
                        guard: ({ event }) => event.output.failed !== undefined,
                        target: 'dispatching',
                        actions: { type: 'fail', params: ({ event }) => ({ error: event.output.failed }) },
                      },
                      { target: 'dispatching', actions: { type: 'answer', params: ({ event }) => event.output } },
                    ],
                    // Its process was lost again and again, or nobody took it.
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
                input: ({ context }) => ({ ...context, lang: context.lang ?? 'en' }),
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
