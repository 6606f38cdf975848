import { assign, emit, enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../actors/definition/define-kind.ts'
import { feedbackGiven, KNOWN_EMITS, KNOWN_INPUTS, messageSent, routedFields } from '../../schemas/events.ts'

/** Silence after which a case is closed. */
export const SILENCE_MS = 1_500

const sent = messageSent.extend(routedFields)
const reply = sent.omit({ replyTo: true })
type Reply = z.infer<typeof reply>

/**
 * The customer's text selects the outcome: `<intent> person`, `… fail`, `… nothing`, or anything else. With `flaky`, the first attempt to
 * answer fails. The reply to anything else names a model, a prompt, a price and a quality that follow from the length of the text.
 */
function replyTo(text: string): Reply {
  if (text.includes('fail')) throw new Error('the text asks for a failure')
  const intent = intentOf(text)
  if (text.includes('nothing')) return { text: 'I do not know.', intent, hits: 0 }
  const length = text.length
  return {
    text: `re: ${text}`,
    intent,
    hits: 1 + (length % 3),
    model: ['large', 'small'][length % 2],
    modelVersion: '2026-10',
    tier: length % 2 === 0 ? 'large' : 'small',
    complexity: (length % 10) / 10,
    tierReason: length % 3 === 0 ? 'fallback' : 'complexity',
    ...(length % 6 === 0 ? {} : { tokensIn: length * 10, tokensOut: length }),
    ...(length % 5 === 0 ? {} : { promptVersion: `p${length % 3}` }),
    ...(length % 7 === 0 ? {} : { cost: length / 10_000 }),
    ...(length % 4 === 0 ? {} : { quality: (length % 11) / 10, evaluator: 'test' }),
    sources: [{ source: 'kb', score: 0.5 }],
  }
}

const intentOf = (text: string): string => text.split(' ', 1)[0] ?? ''

/** Runs whose first attempt has failed. */
const tried = new Set<string>()

const kind = defineKind({
  name: 'desk',
  version: 1,
  context: z.object({ intent: z.string().nullable(), asked: z.object({ id: z.string(), text: z.string() }).nullable() }),
  events: { ...KNOWN_INPUTS, 'feedback.given': feedbackGiven, 'case.resolved': z.object({ outcome: z.string() }) },
  emits: { ...KNOWN_EMITS, 'message.sent': sent },
  tasks: {
    reply: defineTask({
      input: z.object({ text: z.string() }),
      output: reply,
      deadlineMs: 20_000,
      attemptsMax: 2,
      concurrencyMax: 8,
      run: async ({ input, key }) => {
        if (input.text.includes('flaky') && !tried.has(key)) {
          tried.add(key)
          throw Object.assign(new Error('the first attempt fails'), { code: 'flaky' })
        }
        return replyTo(input.text)
      },
    }),
  },
  label: ({ intent }) => ({ intent, topic: intent }),
})

const close = { target: 'closed', actions: 'close' } as const

/** A kind of the tests' own whose cases cover everything that the questions ask about. */
export const deskKind = kind.with(
  setup({
    ...kind.xstate,
    guards: {
      wantsPerson: ({ event }) => event.type === 'message.received' && event.data.text.includes('person'),
      asks: ({ event }) => event.type === 'message.received' && event.data.role === 'user',
    },
    actions: {
      hear: assign(({ event, context }) =>
        event.type !== 'message.received'
          ? context
          : { ...context, intent: intentOf(event.data.text), asked: { id: event.id, text: event.data.text } },
      ),
      close: enqueueActions(({ enqueue, event }) => {
        enqueue.emit({ type: 'case.closed', data: { outcome: event.type === 'case.resolved' ? event.data.outcome : 'abandoned' } })
      }),
    },
  }).createMachine({
    id: 'desk',
    context: { intent: null, asked: null },
    initial: 'new',
    states: {
      new: { on: { 'message.received': { guard: 'asks', target: 'asked', actions: 'hear' } } },
      asked: {
        always: [
          { guard: 'wantsPerson', target: 'escalated', actions: emit({ type: 'escalated', data: { reason: 'customer_asked' } }) },
          'replying',
        ],
      },
      replying: {
        invoke: {
          id: 'reply',
          src: 'reply',
          input: ({ context }) => ({ text: context.asked?.text ?? '' }),
          onDone: {
            target: 'idle',
            actions: emit(({ context, event }) => ({ type: 'message.sent', data: { ...event.output, replyTo: context.asked?.id } })),
          },
          onError: { target: 'escalated', actions: emit({ type: 'escalated', data: { reason: 'task_failed' } }) },
        },
        on: { 'case.resolved': close },
      },
      idle: {
        after: { [SILENCE_MS]: close },
        on: { 'message.received': { guard: 'asks', target: 'asked', actions: 'hear' }, 'case.resolved': close },
      },
      escalated: { on: { 'case.resolved': close } },
      closed: { on: { 'message.received': { guard: 'asks', target: 'asked', actions: 'hear' } } },
    },
  }),
)
