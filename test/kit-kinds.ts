import { assign, emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../actors/kind.ts'
import { send } from '../actors/send.ts'

const refundKind = defineKind({
  name: 'refund',
  version: 1,
  context: z.object({ amount: z.number(), tries: z.number() }),
  events: {
    'refund.asked': z.object({ amount: z.number().positive().max(10_000) }),
    'refund.approved': z.object({ by: z.string() }),
    'refund.refused': z.object({}),
  },
  emits: { 'refund.paid': z.object({ amount: z.number(), receipt: z.string() }), 'refund.denied': z.object({}) },
  tasks: {
    pay: defineTask({
      input: z.object({ amount: z.number() }),
      output: z.object({ receipt: z.string() }),
      deadlineMs: 60_000, attemptsMax: 3, concurrencyMax: 8,
      run: async ({ key }) => ({ receipt: key }),
    }),
  },
  label: ({ amount, tries }) => ({ amount, tries }),
})

/** Refunds: small ones are paid at once, larger ones looked at, and what nobody looks at within a day is paid as well. */
export const refund = refundKind.with(setup({ ...refundKind.xstate, guards: { small: ({ event }) => event.type === 'refund.asked' && event.data.amount < 100 } }).createMachine({
  id: 'refund',
  context: { amount: 0, tries: 0 },
  initial: 'idle',
  states: {
    idle: {
      on: {
        'refund.asked': [
          { guard: 'small', target: 'paying', actions: assign({ amount: ({ event }) => event.data.amount }) },
          { target: 'review', actions: assign({ amount: ({ event }) => event.data.amount }) },
        ],
      },
    },
    review: {
      after: { 86_400_000: 'paying' },
      on: { 'refund.approved': 'paying', 'refund.refused': 'denied' },
    },
    paying: {
      entry: assign({ tries: ({ context }) => context.tries + 1 }),
      invoke: {
        src: 'pay',
        input: ({ context }) => ({ amount: context.amount }),
        onDone: {
          target: 'paid',
          actions: [
            emit(({ context, event }) => ({ type: 'refund.paid', data: { amount: context.amount, receipt: event.output.receipt } })),
            send(({ context }) => ({ kind: 'ledger', id: 'main', type: 'booked', data: { amount: context.amount } })),
          ],
        },
        onError: 'stuck',
      },
    },
    stuck: { after: { 600_000: { guard: ({ context }) => context.tries < 3, target: 'paying' } }, on: { 'refund.refused': 'denied' } },
    paid: { type: 'final' },
    denied: { type: 'final', entry: emit({ type: 'refund.denied', data: {} }) },
  },
}))
