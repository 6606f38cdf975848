import { enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { send } from '../../../actors/definition/send-action.ts'

const agent = defineKind({
  name: 'agent',
  version: 1,
  context: z.object({}),
  events: { 'agent.acts': z.object({ kind: z.string(), id: z.string(), type: z.string(), data: z.record(z.string(), z.unknown()) }) },
  emits: {},
  tasks: {},
})

/** A person of a desk: what he does goes to the desk, or to a case, as the event of an actor. One who is told nothing more has vanished. */
export const agentKind = agent.with(
  setup({ ...agent.xstate, actions: { act: enqueueActions(({ event, enqueue }) => enqueue(send(event.data))) } }).createMachine({
    id: 'agent',
    context: {},
    on: { 'agent.acts': { actions: 'act' } },
  }),
)
