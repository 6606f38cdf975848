import { assign, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { send } from '../../actors/definition/send-action.ts'

const ledger = defineKind({
  name: 'ledger',
  version: 1,
  context: z.object({ booked: z.array(z.number()) }),
  events: { booked: z.object({ no: z.number() }) },
  emits: {},
  tasks: {},
})
/** Keeps the numbers that another actor sends it, in order. */
export const ledgerKind = ledger.with(
  setup(ledger.xstate).createMachine({
    context: { booked: [] },
    on: { booked: { actions: assign({ booked: ({ context, event }) => [...context.booked, event.data.no] }) } },
  }),
)

const teller = defineKind({
  name: 'teller',
  version: 1,
  context: z.object({}),
  events: { pay: z.object({ to: z.string(), kind: z.string().default('ledger'), no: z.number() }) },
  emits: {},
  tasks: {},
})
/** Sends two messages for each input. */
export const tellerKind = teller.with(
  setup(teller.xstate).createMachine({
    context: {},
    on: {
      pay: {
        actions: [
          send(({ event: { data } }) => ({ kind: data.kind, id: data.to, type: 'booked', data: { no: data.no } })),
          send(({ event: { data } }) => ({ kind: ledgerKind, id: data.to, type: 'booked', data: { no: -data.no } })),
        ],
      },
    },
  }),
)
