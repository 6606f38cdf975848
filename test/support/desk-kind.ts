import { assign, enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { defineTask } from '../../actors/definition/task-definition.ts'
import { KNOWN_EMITS, messageReceived } from '../../schemas/events.ts'

/** A kind of a user's own: it answers each message by a task, in order, and closes its case when the text says "bye". */
export function createCounterKind(name: string) {
  const desk = defineKind({
    name,
    version: 1,
    context: z.object({ asked: z.array(z.object({ id: z.string(), text: z.string() })) }),
    events: { 'message.received': messageReceived },
    emits: KNOWN_EMITS,
    tasks: {
      work: defineTask({
        input: z.object({ text: z.string() }),
        output: z.object({ text: z.string() }),
        deadlineMs: 60_000,
        attemptsMax: 3,
        concurrencyMax: 8,
        run: ({ input: { text } }) => Promise.resolve({ text: `${name}: ${text}` }),
      }),
    },
  })
  return desk.with(
    setup({
      ...desk.xstate,
      guards: { isAsked: ({ context }) => context.asked.length > 0 },
      actions: {
        ask: assign({
          asked: ({ context: { asked }, event }) =>
            event.type === 'message.received' ? [...asked, { id: event.id, text: event.data.text }] : asked,
        }),
        answer: enqueueActions(({ context, enqueue }, { text }: { text: string }) => {
          const [first, ...asked] = context.asked
          if (first === undefined) return
          enqueue.emit({ type: 'message.sent', data: { text, replyTo: first.id } })
          if (first.text.includes('bye')) enqueue.emit({ type: 'case.closed', data: { outcome: 'resolved' } })
          enqueue.assign({ asked })
        }),
      },
    }).createMachine({
      context: { asked: [] },
      initial: 'idle',
      on: { 'message.received': { actions: 'ask' } },
      states: {
        idle: { always: { guard: 'isAsked', target: 'working' } },
        working: {
          invoke: {
            id: 'work',
            src: 'work',
            input: ({ context: { asked } }) => ({ text: asked[0]?.text ?? '' }),
            onDone: { target: 'idle', actions: { type: 'answer', params: ({ event }) => ({ text: event.output.text }) } },
            onError: { target: 'idle', actions: { type: 'answer', params: { text: 'failed' } } },
          },
        },
      },
    }),
  )
}
