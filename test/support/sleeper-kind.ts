import { assign, emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'

const sleeper = defineKind({
  name: 'sleeper',
  version: 1,
  context: z.object({ ms: z.object({ a: z.number(), b: z.number() }) }),
  events: { napA: z.object({ ms: z.number() }), napB: z.object({ ms: z.number() }), stir: z.object({}), faulty: z.object({}) },
  emits: { woke: z.object({ from: z.string() }) },
  tasks: {},
})

/** Three parallel regions: two nap for as long as the event says, `a` again with every `stir`; the timer of the third throws. */
export const sleeperKind = sleeper.with(
  setup({ ...sleeper.xstate, delays: { a: ({ context }) => context.ms.a, b: ({ context }) => context.ms.b } }).createMachine({
    context: { ms: { a: 0, b: 0 } },
    type: 'parallel',
    states: {
      a: {
        initial: 'awake',
        states: {
          awake: {
            on: { napA: { target: 'napping', actions: assign({ ms: ({ context, event }) => ({ ...context.ms, a: event.data.ms }) }) } },
          },
          napping: {
            on: { stir: { target: 'napping', reenter: true } },
            after: { a: { target: 'awake', actions: emit({ type: 'woke', data: { from: 'a' } }) } },
          },
        },
      },
      b: {
        initial: 'awake',
        states: {
          awake: {
            on: { napB: { target: 'napping', actions: assign({ ms: ({ context, event }) => ({ ...context.ms, b: event.data.ms }) }) } },
          },
          napping: { after: { b: { target: 'awake', actions: emit({ type: 'woke', data: { from: 'b' } }) } } },
        },
      },
      c: {
        initial: 'sound',
        states: {
          sound: { on: { faulty: 'broken' } },
          broken: {
            after: {
              100: {
                target: 'sound',
                actions: assign(() => {
                  throw new Error('this timer always throws')
                }),
              },
            },
          },
        },
      },
    },
  }),
)
