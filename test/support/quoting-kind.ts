import { emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { feedbackGiven, messageReceived, messageSent } from '../../schemas/events.ts'

const quoting = defineKind({
  name: 'quoting',
  version: 1,
  context: z.object({}),
  events: { 'message.received': messageReceived.extend({ answer: messageSent.optional() }), 'feedback.given': feedbackGiven },
  emits: { 'message.sent': messageSent },
  tasks: {},
})

/** Answers a message with what the message tells it to say. */
export const quotingKind = quoting.with(
  setup(quoting.xstate).createMachine({
    context: {},
    on: {
      'message.received': {
        actions: emit(({ event }) => ({ type: 'message.sent', data: { text: '', replyTo: event.id, ...event.data.answer } })),
      },
    },
  }),
)
