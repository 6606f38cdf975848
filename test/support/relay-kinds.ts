import { enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { send } from '../../actors/definition/send-action.ts'

const speech = z.object({ text: z.string() })

const speaker = defineKind({
  name: 'speaker',
  version: 1,
  context: z.object({}),
  events: { say: speech },
  emits: { said: speech, noted: speech },
  tasks: {},
})
/** Emits two events for each input. */
export const speakerKind = speaker.with(
  setup(speaker.xstate).createMachine({
    context: {},
    on: {
      say: {
        actions: enqueueActions(({ event: { data }, enqueue }) => {
          enqueue.emit({ type: 'said', data })
          enqueue.emit({ type: 'noted', data })
        }),
      },
    },
  }),
)

const relay = defineKind({
  name: 'relay',
  version: 1,
  context: z.object({ id: z.string() }),
  events: { say: speech, said: speech, refuse: speech },
  emits: { said: speech, heard: speech },
  tasks: {},
})
/** Passes what it is told on to the speaker of its id, follows it, and repeats what it hears, as a front does. */
export const relayKind = relay.with(
  setup(relay.xstate).createMachine({
    context: ({ input: { id } }) => ({ id }),
    on: {
      say: { actions: send(({ context: { id }, event: { data } }) => ({ kind: 'speaker', id, type: 'say', data, follow: ['said'] })) },
      said: {
        actions: enqueueActions(({ event: { data }, enqueue }) => {
          enqueue.emit({ type: 'said', data })
          enqueue.emit({ type: 'heard', data })
        }),
      },
      refuse: { actions: enqueueActions(({ event: { data }, enqueue }) => enqueue.emit({ type: 'said', data })) },
    },
  }),
)
