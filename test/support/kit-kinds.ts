import { emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import type { OldState } from '../../actors/definition/earlier-versions.ts'
import { send } from '../../actors/definition/send-action.ts'
import { defineTask } from '../../actors/definition/task-definition.ts'

const defineRefund = (version: number, migrate = {}) =>
  defineKind({
    name: 'refund',
    version,
    migrate,
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
        deadlineMs: 60_000,
        attemptsMax: 3,
        concurrencyMax: 8,
        run: async ({ key }) => ({ receipt: key }),
      }),
    },
    label: ({ amount, tries }) => ({ amount, tries }),
  })

export interface RefundOptions {
  readonly smallBelow?: number
  /** The text emitted for a receipt. */
  readonly receiptOf?: (receipt: string) => string
}

/** Refunds: small ones are paid at once, larger ones reviewed; one that nobody reviews within a day is paid, too. */
export function createRefund({ smallBelow = 100, receiptOf = (receipt) => receipt }: RefundOptions = {}) {
  const kind = defineRefund(1)
  const { createMachine, assign } = setup({
    ...kind.xstate,
    guards: {
      small: ({ event }) => event.type === 'refund.asked' && event.data.amount < smallBelow,
      mayTryAgain: ({ context }) => context.tries < 3,
    },
  })
  const asked = assign({ amount: ({ context, event }) => (event.type === 'refund.asked' ? event.data.amount : context.amount) })
  return kind.with(
    createMachine({
      id: 'refund',
      context: { amount: 0, tries: 0 },
      initial: 'idle',
      states: {
        idle: {
          on: {
            'refund.asked': [
              { guard: 'small', target: 'paying', actions: asked },
              { target: 'review', actions: asked },
            ],
          },
        },
        review: { after: { 86_400_000: 'paying' }, on: { 'refund.approved': 'paying', 'refund.refused': 'denied' } },
        paying: {
          entry: assign({ tries: ({ context }) => context.tries + 1 }),
          invoke: {
            src: 'pay',
            input: ({ context }) => ({ amount: context.amount }),
            onDone: {
              target: 'paid',
              actions: [
                emit(({ context, event }) => ({
                  type: 'refund.paid',
                  data: { amount: context.amount, receipt: receiptOf(event.output.receipt) },
                })),
                send(({ context }) => ({ kind: 'ledger', id: 'main', type: 'booked', data: { amount: context.amount } })),
              ],
            },
            onError: 'stuck',
          },
        },
        stuck: { after: { 600_000: { guard: 'mayTryAgain', target: 'paying' } }, on: { 'refund.refused': 'denied' } },
        paid: { type: 'final' },
        denied: { type: 'final', entry: emit({ type: 'refund.denied', data: {} }) },
      },
    }),
  )
}

export const refund = createRefund()

/** The next version: a state has another name. `inspects` says how actors in it are migrated. */
export function createRefund2(inspects: 'unchanged' | 'again') {
  const value = (old: unknown) => (old === 'review' ? (inspects === 'again' ? 'idle' : 'inspection') : String(old))
  const kind = defineRefund(2, { 1: ({ value: old, context }: OldState) => ({ value: value(old), context }) })
  const { createMachine, assign } = setup({
    ...kind.xstate,
    guards: { small: ({ event }) => event.type === 'refund.asked' && event.data.amount < 100 },
  })
  const asked = assign({ amount: ({ context, event }) => (event.type === 'refund.asked' ? event.data.amount : context.amount) })
  return kind.with(
    createMachine({
      id: 'refund',
      context: { amount: 0, tries: 0 },
      initial: 'idle',
      states: {
        idle: {
          on: {
            'refund.asked': [
              { guard: 'small', target: 'paying', actions: asked },
              { target: 'inspection', actions: asked },
            ],
          },
        },
        inspection: { after: { 86_400_000: 'paying' }, on: { 'refund.approved': 'paying', 'refund.refused': 'denied' } },
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
        stuck: { on: { 'refund.refused': 'denied' } },
        paid: { type: 'final' },
        denied: { type: 'final', entry: emit({ type: 'refund.denied', data: {} }) },
      },
    }),
  )
}
