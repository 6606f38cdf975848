import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../actors/definition/define-kind.ts'
import { saga } from '../../actors/definition/saga.ts'
import { TerminalError } from '../../schemas/errors.ts'

/** Services of three companies, by the variable with their address. */
const SERVICES = { stock: 'ORDER_STOCK_URL', bank: 'ORDER_BANK_URL', carrier: 'ORDER_CARRIER_URL' } as const

/** A call of a service: 4xx is for good, anything else is tried again. */
const call = (service: keyof typeof SERVICES, path: string) =>
  defineTask({
    input: z.object({ order: z.string(), receipt: z.string() }),
    output: z.object({ receipt: z.string() }),
    deadlineMs: 120_000,
    attemptsMax: 10,
    concurrencyMax: 10,
    retry: { initialMs: 50, maxMs: 500 },
    async run({ input, key, signal }) {
      const headers = { 'content-type': 'application/json', 'idempotency-key': key }
      const response = await fetch(`${process.env[SERVICES[service]]}/${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(input),
        signal,
      })
      if (response.status >= 400 && response.status < 500)
        throw new TerminalError(`${path}_refused`, `${service} answered ${response.status}`)
      if (!response.ok) throw new Error(`${service} answered ${response.status}`)
      return z.object({ receipt: z.string() }).parse(await response.json())
    },
  })

const kind = defineKind({
  name: 'order',
  version: 1,
  context: z.object({ order: z.string(), reservation: z.string(), payment: z.string(), problem: z.string() }),
  events: { ordered: z.object({}), settled: z.object({}) },
  emits: {},
  tasks: {
    reserve: call('stock', 'reserve'),
    release: call('stock', 'release'),
    charge: call('bank', 'charge'),
    refund: call('bank', 'refund'),
    ship: call('carrier', 'ship'),
  },
})

/** An order: reserve, charge, ship; or nothing of it. */
export const order = kind.with(
  setup(kind.xstate).createMachine({
    id: 'order',
    context: ({ input }) => ({ order: input.id, reservation: '', payment: '', problem: '' }),
    initial: 'new',
    states: {
      new: { on: { ordered: 'reserve' } },
      ...saga<typeof kind.xstate>(
        [
          {
            do: {
              task: 'reserve',
              input: ({ context: { order } }) => ({ order, receipt: '' }),
              keep: ({ output }) => ({ reservation: output.receipt }),
            },
            undo: { task: 'release', input: ({ context: { order, reservation } }) => ({ order, receipt: reservation }) },
          },
          {
            do: {
              task: 'charge',
              input: ({ context: { order, reservation } }) => ({ order, receipt: reservation }),
              keep: ({ output }) => ({ payment: output.receipt }),
            },
            undo: { task: 'refund', input: ({ context: { order, payment } }) => ({ order, receipt: payment }) },
          },
          { do: { task: 'ship', input: ({ context: { order, payment } }) => ({ order, receipt: payment }) } },
        ],
        {
          done: 'shipped',
          undone: 'cancelled',
          stuck: 'attention',
          keepError: ({ context, task, error }) => ({ problem: `${context.problem}${task}: ${error.code}; ` }),
        },
      ),
      shipped: { type: 'final' },
      cancelled: { type: 'final' },
      attention: { on: { settled: 'cancelled' } },
    },
  }),
)
export default [order]
