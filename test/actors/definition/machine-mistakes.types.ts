import { emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../../actors/definition/define-kind.ts'

/** Mistakes in a machine that tsc must refuse, and those that it does not see, as the guide says; `npm run types` is the test. */
const kind = defineKind({
  name: 'refund',
  version: 1,
  context: z.object({ cents: z.int() }),
  events: { 'refund.asked': z.object({ cents: z.int() }), 'refund.approved': z.object({ by: z.string() }) },
  emits: { 'refund.paid': z.object({ receipt: z.string() }) },
  tasks: {
    pay: defineTask({
      input: z.object({ cents: z.int() }),
      output: z.object({ receipt: z.string() }),
      deadlineMs: 60_000,
      attemptsMax: 1,
      concurrencyMax: 1,
      run: async () => ({ receipt: '' }),
    }),
  },
})
const parts = setup({ ...kind.xstate, guards: { isSmall: ({ context }) => context.cents < 100 }, delays: { patience: 1_000 } })
const base = { context: { cents: 0 }, initial: 'a' } as const

export const refused = () => [
  // @ts-expect-error no such event, alone in its state
  parts.createMachine({ ...base, states: { a: { on: { 'refund.askd': 'b' } }, b: {} } }),
  // @ts-expect-error no such guard
  parts.createMachine({ ...base, states: { a: { on: { 'refund.asked': { guard: 'isSmal', target: 'b' } } }, b: {} } }),
  // @ts-expect-error no such task
  parts.createMachine({ ...base, states: { a: { invoke: { src: 'pai', input: { cents: 1 }, onDone: 'b', onError: 'b' } }, b: {} } }),
  // @ts-expect-error a task's input that lacks a field
  parts.createMachine({ ...base, states: { a: { invoke: { src: 'pay', input: { cent: 1 }, onDone: 'b', onError: 'b' } }, b: {} } }),
  // @ts-expect-error a context of another type
  parts.createMachine({ ...base, context: { cents: 'none' }, states: { a: {} } }),
  // @ts-expect-error no such event goes out
  setup({ ...kind.xstate, actions: { tell: emit({ type: 'refund.payd', data: { receipt: '' } }) } }),
]

/** XState's types do not tell these. They fail when the module runs: with `unknown_event`, `unknown_delay`, and XState's own error. */
export const unseen = () => [
  parts.createMachine({ ...base, states: { a: { on: { 'refund.asked': 'b', 'refund.askd': 'b' } }, b: {} } }),
  parts.createMachine({ ...base, states: { a: { after: { patients: 'b' } }, b: {} } }),
  parts.createMachine({ ...base, states: { a: { on: { 'refund.asked': 'nowhere' } } } }),
]
