import { assign, emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../actors/definition/define-kind.ts'

/** Actors that wait for a task, a timer of seconds or a timer of a day, for tests of pending work when servers lose data. */
const keeper = defineKind({
  name: 'keeper',
  version: 1,
  context: z.object({ texts: z.array(z.string()) }),
  events: { say: z.object({ text: z.string() }), ask: z.object({ q: z.string() }), nap: z.object({}), sleep: z.object({}) },
  emits: { heard: z.object({ text: z.string() }), told: z.object({ text: z.string() }), woke: z.object({ from: z.string() }) },
  tasks: {
    answer: defineTask({
      input: z.object({ q: z.string() }),
      output: z.object({ text: z.string() }),
      deadlineMs: 3_600_000,
      attemptsMax: 3,
      concurrencyMax: 16,
      run: async ({ input }) => ({ text: `答: ${input.q}` }),
    }),
  },
  label: ({ texts }) => ({ texts: texts.length }),
})

export const keeperKind = keeper.with(
  setup(keeper.xstate).createMachine({
    context: { texts: [] },
    initial: 'awake',
    on: {
      say: {
        actions: [
          assign({ texts: ({ context, event }) => [...context.texts.slice(-9), event.data.text] }),
          emit(({ event }) => ({ type: 'heard', data: { text: event.data.text } })),
        ],
      },
    },
    states: {
      awake: { on: { ask: 'asking', nap: 'napping', sleep: 'sleeping' } },
      asking: {
        invoke: {
          src: 'answer',
          input: ({ event }) => ({ q: event.type === 'ask' ? event.data.q : '' }),
          onDone: { target: 'awake', actions: emit(({ event }) => ({ type: 'told', data: { text: event.output.text } })) },
          onError: 'awake',
        },
      },
      napping: { after: { 6_000: { target: 'awake', actions: emit({ type: 'woke', data: { from: 'nap' } }) } } },
      sleeping: { after: { 86_400_000: { target: 'awake', actions: emit({ type: 'woke', data: { from: 'sleep' } }) } } },
    },
  }),
)
