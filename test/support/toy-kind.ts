import { assign, cancel, emit, raise, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { defineTask } from '../../actors/definition/task-definition.ts'

/** A small machine with one of everything that the core must support. */
const toy = defineKind({
  name: 'toy',
  version: 1,
  context: z.object({ count: z.number(), note: z.string() }),
  events: {
    add: z.object({ by: z.number() }),
    ask: z.object({ q: z.string() }),
    leave: z.object({}),
    note: z.object({ text: z.string() }),
    pause: z.object({}),
    resume: z.object({}),
    split: z.object({}),
    left: z.object({}),
    right: z.object({}),
    throw: z.object({}),
    spin: z.object({}),
    corrupt: z.object({}),
    finish: z.object({}),
  },
  emits: { counted: z.object({ count: z.number() }), answered: z.object({ text: z.string() }) },
  tasks: {
    answer: defineTask({
      input: z.object({ q: z.string() }),
      output: z.object({ text: z.string() }),
      deadlineMs: 5_000,
      attemptsMax: 3,
      concurrencyMax: 4,
      run: async ({ input }) => ({ text: `re: ${input.q}` }),
    }),
  },
  label: (context) => ({ count: context.count }),
})

const machine = setup({
  ...toy.xstate,
  guards: { large: ({ context }) => context.count > 1_000_000, truly: ({ context }) => context.count < Infinity },
}).createMachine({
  id: 'toy',
  context: { count: 0, note: '' },
  initial: 'open',
  on: {
    throw: {
      actions: assign(() => {
        throw new Error('this machine throws')
      }),
    },
    corrupt: { actions: assign({ note: () => '\ud800' }) },
    finish: '.over',
  },
  states: {
    open: {
      initial: 'idle',
      on: { pause: 'paused', split: 'both', spin: 'spinning', leave: '.idle' },
      states: {
        idle: {
          on: {
            add: {
              actions: [
                assign({ count: ({ context, event }) => context.count + event.data.by }),
                emit(({ context }) => ({ type: 'counted', data: { count: context.count } })),
              ],
            },
            note: { actions: assign({ note: ({ event }) => event.data.text }) },
            ask: 'asking',
          },
        },
        asking: {
          invoke: {
            id: 'answering',
            src: 'answer',
            input: ({ event }) => ({ q: event.type === 'ask' ? event.data.q : '' }),
            onDone: { target: 'idle', actions: emit(({ event }) => ({ type: 'answered', data: { text: event.output.text } })) },
            onError: 'failed',
          },
        },
        failed: { after: { 60_000: 'idle' }, on: { ask: 'asking' } },
        past: { type: 'history' },
      },
    },
    paused: {
      entry: raise({ type: 'resume', id: '', time: '', arrivedAt: '', at: '', source: '', data: {} }, { delay: 3_600_000, id: 'nap' }),
      exit: cancel('nap'),
      on: { resume: 'open.past' },
    },
    both: {
      type: 'parallel',
      states: {
        l: { initial: 'one', states: { one: { on: { left: 'two' } }, two: { type: 'final' } } },
        r: { initial: 'one', states: { one: { on: { right: 'two' } }, two: { type: 'final' } } },
      },
      onDone: 'open',
    },
    // Guards that always pass: without them, the definition would be refused for its cycle.
    spinning: { always: { guard: 'truly', target: 'spun' } },
    spun: { always: { guard: 'truly', target: 'spinning' } },
    over: { type: 'final' },
  },
})

export const toyKind = toy.with(machine)
