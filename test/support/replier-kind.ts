import { assign, emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../actors/definition/define-kind.ts'
import { KNOWN_EMITS, KNOWN_INPUTS, messageSent, routedFields } from '../../schemas/events.ts'

const sent = messageSent.extend(routedFields)
const written = sent.omit({ replyTo: true })

const replier = defineKind({
  name: 'replier',
  version: 1,
  context: z.object({ text: z.string(), id: z.string() }),
  events: KNOWN_INPUTS,
  emits: { ...KNOWN_EMITS, 'message.sent': sent },
  tasks: {
    write: defineTask({
      input: z.object({ text: z.string() }),
      output: written,
      deadlineMs: 60_000,
      attemptsMax: 1,
      concurrencyMax: 100,
      run: async ({ input, generate }) => {
        const { text, model, tier, complexity, tierReason, tokensIn, tokensOut, cost } = await generate({
          messages: [{ role: 'user', content: input.text }],
        })
        return { text, model, tier, complexity, tierReason, tokensIn, tokensOut, cost }
      },
    }),
  },
})

/** Answers each message with what a language model generates, or with the code of the error. */
export const replierKind = replier.with(
  setup({
    ...replier.xstate,
    actions: {
      note: assign(({ event }) => (event.type === 'message.received' ? { text: event.data.text, id: event.id } : {})),
      tell: emit(({ context }, answer: z.output<typeof written>) => ({ type: 'message.sent', data: { ...answer, replyTo: context.id } })),
    },
  }).createMachine({
    context: { text: '', id: '' },
    initial: 'idle',
    states: {
      idle: { on: { 'message.received': { target: 'writing', actions: 'note' } } },
      writing: {
        invoke: {
          src: 'write',
          input: ({ context }) => ({ text: context.text }),
          onDone: { target: 'idle', actions: { type: 'tell', params: ({ event }) => event.output } },
          onError: { target: 'idle', actions: { type: 'tell', params: ({ event }) => ({ text: codeOf(event.error) }) } },
        },
      },
    },
  }),
)

const codeOf = (error: unknown): string => z.object({ code: z.string() }).parse(error).code
