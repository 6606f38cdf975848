/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-assignment -- what does not compile has no type */
import { assign, emit, enqueueActions, raise, sendTo, setup, spawnChild } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { send } from '../../../actors/definition/send-action.ts'
import { defineTask } from '../../../actors/definition/task-definition.ts'

/** Mistakes that tsc must refuse; `npm run types` is the test. */
const pay = defineTask({
  input: z.object({ amount: z.number() }),
  output: z.object({ receipt: z.string() }),
  deadlineMs: 1_000,
  attemptsMax: 1,
  concurrencyMax: 1,
  run: async ({ input, key }) => ({ receipt: `${key} ${input.amount.toFixed(2)}` }),
})
const ledger = defineKind({
  name: 'ledger',
  version: 1,
  context: z.object({}),
  events: { booked: z.object({ amount: z.number() }) },
  emits: {},
  tasks: {},
})
const ledgerKind = ledger.with(setup(ledger.xstate).createMachine({ context: {} }))
const refund = defineKind({
  name: 'refund',
  version: 2,
  context: z.object({ amount: z.number() }),
  events: { 'refund.asked': z.object({ amount: z.number() }), 'refund.withdrawn': z.object({}) },
  emits: { 'refund.paid': z.object({ receipt: z.string() }) },
  tasks: { pay },
  label: ({ amount }) => ({ amount, large: amount > 100 }),
  migrate: { 1: ({ value, context }) => ({ value, context: { amount: Number(context['sum']) } }) },
})

export const refundKind = refund.with(
  setup({
    ...refund.xstate,
    actions: {
      note: assign({ amount: (_, to: number) => to }),
      book: send(({ context }) => ({ kind: 'ledger', id: 'l1', type: 'booked', data: { amount: context.amount } })),
      bookChecked: send(({ context }, to: string) => ({ kind: ledgerKind, id: to, type: 'booked', data: { amount: context.amount } })),
    },
  }).createMachine({
    context: { amount: 0 },
    initial: 'open',
    states: {
      open: { on: { 'refund.asked': { target: 'paying', actions: assign({ amount: ({ event }) => event.data.amount }) } } },
      paying: {
        entry: { type: 'note', params: 1 },
        invoke: {
          src: 'pay',
          input: ({ context }) => ({ amount: context.amount }),
          onDone: {
            target: 'paid',
            actions: [
              emit(({ event }) => ({ type: 'refund.paid', data: { receipt: event.output.receipt } })),
              send(({ event }) => ({ kind: ledgerKind, id: event.output.receipt, type: 'booked', data: { amount: 1 } })),
              { type: 'bookChecked', params: 'l1' },
              enqueueActions(({ enqueue }) => enqueue(send({ kind: 'ledger', id: 'l1', type: 'booked', data: { amount: 1 } }))),
            ],
          },
          onError: 'open',
        },
      },
      paid: { type: 'final' },
    },
  }),
)

const { createMachine } = setup(refund.xstate)
export const mistakes = [
  // @ts-expect-error an event that the kind does not take
  createMachine({ context: { amount: 0 }, on: { 'refund.aksed': {} } }),
  // @ts-expect-error a task that the kind does not have
  createMachine({ context: { amount: 0 }, invoke: { src: 'pya', onError: {} } }),
  // @ts-expect-error a task that is given too little
  createMachine({ context: { amount: 0 }, invoke: { src: 'pay', input: {}, onError: {} } }),
  // @ts-expect-error a task that is given the wrong thing
  createMachine({ context: { amount: 0 }, invoke: { src: 'pay', input: () => ({ amount: '1' }), onError: {} } }),
  // @ts-expect-error a task that is given nothing
  createMachine({ context: { amount: 0 }, invoke: { src: 'pay', onError: {} } }),
  // @ts-expect-error data that the emitted type does not have
  createMachine({ context: { amount: 0 }, entry: emit({ type: 'refund.paid', data: { receipt: 1 } }) }),
  // @ts-expect-error the same by a function
  createMachine({ context: { amount: 0 }, entry: emit(({ context }) => ({ type: 'refund.paid', data: { receipt: context.amount } })) }),
  // @ts-expect-error a type that the kind does not emit
  createMachine({ context: { amount: 0 }, entry: emit({ type: 'refund.piad', data: { receipt: '' } }) }),
  // @ts-expect-error a context of another shape
  createMachine({ context: { amuont: 0 } }),
  // @ts-expect-error an action that is not there
  createMachine({ context: { amount: 0 }, entry: 'nowhere' }),
  // @ts-expect-error a raised event that the kind does not take
  createMachine({ context: { amount: 0 }, entry: raise({ type: 'other' }) }),
  createMachine({
    context: { amount: 0 },
    // @ts-expect-error what the event does not carry
    on: { 'refund.asked': { actions: assign({ amount: ({ event }) => event.data.sum }) } },
  }),
  createMachine({
    context: { amount: 0 },
    // @ts-expect-error what the task does not give
    invoke: { src: 'pay', input: { amount: 1 }, onError: {}, onDone: { actions: assign({ amount: ({ event }) => event.output.amount }) } },
  }),
  // @ts-expect-error sent without an id
  send({ kind: 'ledger', type: 'booked', data: {} }),
  // @ts-expect-error sent with data that is no object
  send({ kind: 'ledger', id: 'l1', type: 'booked', data: 'much' }),
  // @ts-expect-error a type that the other kind does not take
  send({ kind: ledgerKind, id: 'l1', type: 'boked', data: { amount: 1 } }),
  // @ts-expect-error data that the other kind does not take
  send({ kind: ledgerKind, id: 'l1', type: 'booked', data: { amount: '1' } }),
  // @ts-expect-error the same by a function
  send(() => ({ kind: ledgerKind, id: 'l1', type: 'booked', data: { amount: '1' } })),
  // @ts-expect-error the machine of another kind
  refund.with(setup(ledger.xstate).createMachine({ context: {} })),
]

const idle = defineKind({ name: 'idle', version: 1, context: z.object({}), events: {}, emits: {}, tasks: {} })
export const idleKind = idle.with(setup(idle.xstate).createMachine({ context: {} }))
export const mistakesOfTheIdle = [
  // @ts-expect-error it takes nothing
  setup(idle.xstate).createMachine({ context: {}, on: { any: {} } }),
  // @ts-expect-error it has no tasks
  setup(idle.xstate).createMachine({ context: {}, invoke: { src: 'any' } }),
  // @ts-expect-error it emits nothing
  setup(idle.xstate).createMachine({ context: {}, entry: emit({ type: 'any' }) }),
]

const base = { name: 'x', version: 2, context: z.object({ amount: z.number() }), events: {}, emits: {}, tasks: {} }
export const misdefined = [
  // @ts-expect-error a label that a table cannot show
  defineKind({ ...base, label: ({ amount }) => ({ amount: [amount] }) }),
  // @ts-expect-error a label of what is not in the context
  defineKind({ ...base, label: ({ sum }) => ({ sum }) }),
  // @ts-expect-error a migration to another context
  defineKind({ ...base, migrate: { 1: ({ value }) => ({ value, context: { sum: 1 } }) } }),
  // @ts-expect-error a migration that forgets the state
  defineKind({ ...base, migrate: { 1: () => ({ context: { amount: 1 } }) } }),
  // @ts-expect-error a task whose result is of another shape
  defineTask({ ...pay, run: async () => ({ receipt: 1 }) }),
]

const child = defineKind({
  name: 'child',
  version: 1,
  input: z.object({ cents: z.number() }),
  output: z.object({ receipt: z.string() }),
  context: z.object({ cents: z.number() }),
  events: { hurry: z.object({ by: z.string() }) },
  emits: {},
  tasks: {},
})
const childKind = child.with(
  setup(child.xstate).createMachine({ context: ({ input }) => ({ cents: input.cents }), output: { receipt: 'r' } }),
)
const parent = defineKind({
  name: 'parent',
  version: 1,
  context: z.object({ receipt: z.string() }),
  events: { go: z.object({}) },
  emits: {},
  tasks: { pay },
  children: { child: childKind },
})
const inParent = setup(parent.xstate)

export const parentKind = parent.with(
  inParent.createMachine({
    context: { receipt: '' },
    invoke: {
      src: 'child',
      id: 'child',
      input: { cents: 1 },
      onDone: { actions: assign({ receipt: ({ event }) => event.output.receipt }) },
      onError: {},
    },
    on: { go: { actions: [sendTo('child', { type: 'hurry', data: { by: 'x' } }), spawnChild('child', { id: 'x', input: { cents: 2 } })] } },
  }),
)

export const mistakesOfParents = [
  // @ts-expect-error a child that is given the wrong thing
  inParent.createMachine({ context: { receipt: '' }, invoke: { src: 'child', input: { cents: '1' }, onError: {} } }),
  // @ts-expect-error a child that the kind does not name
  inParent.createMachine({ context: { receipt: '' }, invoke: { src: 'chlid', onError: {} } }),
  inParent.createMachine({
    context: { receipt: '' },
    invoke: {
      src: 'child',
      input: { cents: 1 },
      // @ts-expect-error an output that the child does not have
      onDone: { actions: assign({ receipt: ({ event }) => event.output.recipe }) },
      onError: {},
    },
  }),
  // @ts-expect-error a child that is given nothing
  inParent.createMachine({ context: { receipt: '' }, on: { go: { actions: spawnChild('child', { id: 'x', input: {} }) } } }),
]
