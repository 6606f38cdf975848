import { assign, emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../actors/definition/define-kind.ts'
import { readCitations } from '../../actors/prompting/citations.ts'
import { createReplyStream } from '../../actors/streaming/reply-stream.ts'
import { codeOf } from '../../schemas/errors.ts'
import { messageReceived, messageSent } from '../../schemas/events.ts'

const SORRY = 'Sorry, a person will answer.'
const written = z.object({ text: z.string() })

const streaming = defineKind({
  name: 'streaming',
  version: 1,
  context: z.object({ id: z.string(), text: z.string() }),
  events: { 'message.received': messageReceived, 'reply.cancel': z.object({ message: z.string() }) },
  emits: { 'message.sent': messageSent },
  tasks: {
    write: defineTask({
      input: written,
      output: written,
      deadlineMs: 60_000,
      // A model that failed rests before it is asked again.
      attemptsMax: 8,
      concurrencyMax: 8,
      async run({ input, generate, live, log }) {
        const isSecret = (text: string): boolean => text.includes('secret')
        const reply = createReplyStream({ live, log, gate: ({ text }) => !isSecret(text) })
        try {
          const answer = await generate({
            messages: [{ role: 'user', content: input.text }],
            stream: reply.stream,
            refuse: (text) => (isSecret(text) ? ['secret'] : []),
          })
          const { text } = readCitations(answer.text, 0)
          await reply.settle(text)
          return { text }
        } catch (error) {
          if (codeOf(error) !== 'model_unaccepted') throw error
          await reply.settle(SORRY, 'refused')
          return { text: SORRY }
        }
      },
    }),
  },
})

/** Answers each message with what a language model writes, which people see meanwhile. It sends no secret. */
export const streamingKind = streaming.with(
  setup({
    ...streaming.xstate,
    guards: { isOfReply: ({ context, event }) => event.type === 'reply.cancel' && event.data.message === context.id },
    actions: {
      note: assign(({ event }) => (event.type === 'message.received' ? { id: event.id, text: event.data.text } : {})),
      tell: emit(({ context }, { text }: { text: string }) => ({ type: 'message.sent', data: { text, replyTo: context.id } })),
    },
  }).createMachine({
    context: { id: '', text: '' },
    initial: 'idle',
    states: {
      idle: { on: { 'message.received': { target: 'writing', actions: 'note' } } },
      writing: {
        on: { 'reply.cancel': { guard: 'isOfReply', target: 'idle' } },
        invoke: {
          src: 'write',
          id: 'write',
          input: ({ context }) => ({ text: context.text }),
          onDone: { target: 'idle', actions: { type: 'tell', params: ({ event }) => event.output } },
          onError: { target: 'idle', actions: { type: 'tell', params: { text: 'failed' } } },
        },
      },
    },
  }),
)
