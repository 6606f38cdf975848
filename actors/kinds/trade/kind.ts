import { emit, enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../definition/define-kind.ts'

const DAY_MS = 86_400_000
const text = z.string().min(1).max(200)
const orderSchema = z.object({ side: z.enum(['buy', 'sell']), quantity: z.number().positive().max(1e9) })
const contextSchema = z.object({
  /** Quantity of the orders of the day, and the day in UTC. */
  traded: z.number(),
  day: z.int(),
  orders: z.int(),
})
const refusedBecause = z.enum(['stopped', 'limit'])

const defineTrade = (name: string) =>
  defineKind({
    name,
    version: 1,
    context: contextSchema,
    events: {
      'order.placed': orderSchema.describe('Somebody, or a trigger, orders'),
      'trading.stopped': z.object({ by: text, reason: text.optional() }).describe('The kill switch: no order is taken'),
      'trading.resumed': z.object({ by: text }).describe('Orders are taken again'),
    },
    emits: {
      'order.accepted': orderSchema
        .extend({ left: z.number().meta({ description: 'What the limit of the day leaves' }) })
        .describe('The order is taken'),
      'order.refused': orderSchema.extend({ reason: refusedBecause }).describe('The order is not taken'),
    },
    tasks: {},
    label: ({ traded, orders }) => ({ traded, orders }),
  })

/** Options of the kind `trade`. */
export interface TradeOptions {
  /** Name of the kind. Default: `trade`. */
  readonly name?: string
  /** Quantity of all orders of a day in UTC. Default 100. */
  readonly dailyMax?: number
}

/**
 * Creates the kind `trade`, a sample of what an alert may set in motion: orders within a limit a day, and a kill switch. It only decides: a
 * subscriber of `order.accepted` carries out what it accepts.
 */
export function createTrade({ name = 'trade', dailyMax = 100 }: TradeOptions = {}) {
  const kind = defineTrade(name)
  const dayOf = (at: string): number => Math.floor(Date.parse(at) / DAY_MS)
  return kind.with(
    setup({
      ...kind.xstate,
      guards: {
        isWithinLimit: ({ context, event }) =>
          event.type === 'order.placed' && (dayOf(event.at) === context.day ? context.traded : 0) + event.data.quantity <= dailyMax,
      },
      actions: {
        accept: enqueueActions(({ context, event, enqueue }) => {
          if (event.type !== 'order.placed') return
          const day = dayOf(event.at)
          const traded = (day === context.day ? context.traded : 0) + event.data.quantity
          enqueue.assign({ traded, day, orders: context.orders + 1 })
          enqueue.emit({ type: 'order.accepted', data: { ...event.data, left: dailyMax - traded } })
        }),
        refuse: emit(({ event }, { reason }: { reason: z.infer<typeof refusedBecause> }) => ({
          type: 'order.refused',
          data: { ...(event.type === 'order.placed' ? event.data : { side: 'buy', quantity: 1 }), reason },
        })),
      },
    }).createMachine({
      id: 'trade',
      context: { traded: 0, day: 0, orders: 0 },
      initial: 'open',
      states: {
        open: {
          on: {
            'order.placed': [{ guard: 'isWithinLimit', actions: 'accept' }, { actions: { type: 'refuse', params: { reason: 'limit' } } }],
            'trading.stopped': 'stopped',
          },
        },
        stopped: { on: { 'order.placed': { actions: { type: 'refuse', params: { reason: 'stopped' } } }, 'trading.resumed': 'open' } },
      },
    }),
  )
}
