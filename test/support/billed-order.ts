import { assertEvent, assign, sendParent, sendTo, setup, spawnChild, stopChild } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../actors/definition/define-kind.ts'

/** Charges an amount by a task, in the course of which it tells its parent, and may be asked to hurry. */
const billing = defineKind({
  name: 'billing',
  version: 1,
  input: z.object({ order: z.string(), amount: z.number() }),
  output: z.object({ receipt: z.string() }),
  context: z.object({ order: z.string(), amount: z.number(), receipt: z.string(), hurried: z.boolean() }),
  events: { hurry: z.object({}), confirm: z.object({ receipt: z.string() }) },
  emits: { charged: z.object({ receipt: z.string() }) },
  tasks: {
    charge: defineTask({
      input: z.object({ amount: z.number() }),
      output: z.object({ receipt: z.string() }),
      deadlineMs: 60_000,
      attemptsMax: 1,
      concurrencyMax: 4,
      run: ({ input }) => Promise.resolve({ receipt: `r-${input.amount}` }),
    }),
  },
  onTaskError: 'end',
})

export const billingKind = billing.with(
  setup(billing.xstate).createMachine({
    id: 'billing',
    context: ({ input }) => ({ ...input, receipt: '', hurried: false }),
    initial: 'charging',
    output: ({ context }) => ({ receipt: context.receipt }),
    on: { hurry: { actions: assign({ hurried: true }) } },
    states: {
      charging: {
        invoke: {
          src: 'charge',
          id: 'charge',
          input: ({ context }) => ({ amount: context.amount }),
          onDone: { target: 'confirming', actions: assign({ receipt: ({ event }) => event.output.receipt }) },
        },
      },
      confirming: {
        entry: sendParent(({ context }) => ({ type: 'progress', data: { receipt: context.receipt } })),
        on: { confirm: 'charged' },
      },
      charged: { type: 'final' },
    },
  }),
)

const order = defineKind({
  name: 'order',
  version: 1,
  context: z.object({ amount: z.number(), confirms: z.boolean(), receipt: z.string(), problem: z.string(), seen: z.array(z.string()) }),
  events: {
    placed: z.object({ amount: z.number(), confirms: z.boolean().optional() }),
    cancelled: z.object({}),
    hurry: z.object({}),
    confirm: z.object({ receipt: z.string() }),
    progress: z.object({ receipt: z.string() }),
    split: z.object({ name: z.string().min(1).max(20), amount: z.number() }),
    drop: z.object({ name: z.string() }),
  },
  emits: {},
  tasks: {},
  children: { billing: billingKind },
  onTaskError: 'state',
})

/** Bills by a child, which it confirms itself or is told to confirm: leaving `billing` stops it. It can spawn children under any name. */
export const orderKind = order.with(
  setup(order.xstate).createMachine({
    id: 'order',
    context: { amount: 0, confirms: false, receipt: '', problem: '', seen: [] },
    initial: 'open',
    on: {
      split: {
        actions: spawnChild('billing', {
          id: ({ event }) => event.data.name,
          input: ({ event }) => {
            assertEvent(event, 'split')
            return { order: event.data.name, amount: event.data.amount }
          },
        }),
      },
      drop: { actions: stopChild(({ event }) => event.data.name) },
      '*': { actions: assign({ seen: ({ context, event }) => [...context.seen, event.type].slice(-8) }) },
    },
    states: {
      open: {
        on: {
          placed: {
            target: 'billing',
            actions: assign({ amount: ({ event }) => event.data.amount, confirms: ({ event }) => event.data.confirms ?? false }),
          },
        },
      },
      billing: {
        invoke: {
          src: 'billing',
          id: 'bill',
          input: ({ context }) => ({ order: 'o', amount: context.amount }),
          onDone: { target: 'paid', actions: assign({ receipt: ({ event }) => event.output.receipt }) },
          onError: { target: 'failed', actions: assign({ problem: ({ event }) => JSON.stringify(event.error) }) },
        },
        on: {
          cancelled: 'open',
          hurry: { actions: sendTo('bill', { type: 'hurry', data: {} }) },
          confirm: { actions: sendTo('bill', ({ event }) => ({ type: 'confirm', data: { receipt: event.data.receipt } })) },
          progress: [
            { guard: ({ context }) => !context.confirms, actions: assign({ receipt: ({ event }) => `seen ${event.data.receipt}` }) },
            { actions: sendTo('bill', ({ event }) => ({ type: 'confirm', data: { receipt: event.data.receipt } })) },
          ],
        },
      },
      paid: { type: 'final' },
      failed: {},
    },
  }),
)
