import { emit, setup } from 'xstate'
import { z } from 'zod'
import { CANARY_KIND, canaryReached, canarySent } from '../../../schemas/canary-events.ts'
import { defineKind } from '../../definition/define-kind.ts'

const kind = defineKind({
  name: CANARY_KIND,
  version: 1,
  context: z.object({}),
  events: { 'canary.sent': canarySent },
  emits: { 'canary.reached': canaryReached },
  tasks: {},
  label: () => ({ conversation: false }),
})

/** The kind `canary`: it answers each input with an event. It is no conversation, and no question counts it. */
export const canaryKind = kind.with(
  setup({
    ...kind.xstate,
    actions: { answer: emit(({ event: { data } }) => ({ type: 'canary.reached', data: { minute: data.minute, sentAt: data.sentAt } })) },
  }).createMachine({ id: 'canary', context: {}, initial: 'active', states: { active: { on: { 'canary.sent': { actions: 'answer' } } } } }),
)
