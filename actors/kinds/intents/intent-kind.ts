import { enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { INTENT_KIND, INTENT_LIMITS, intentActorId, intentForgotten, INTENTS_KIND, intentTaught } from '../../../schemas/intent-events.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { send } from '../../definition/send-action.ts'
import { exampleCount, withPart } from './examples.ts'

export const intentContextSchema = z.object({
  set: z.string(),
  intent: z.string(),
  /** The ids of its examples, concatenated: one string makes the smallest record. */
  examples: z.string(),
})

const kind = defineKind({
  name: INTENT_KIND,
  version: 1,
  context: intentContextSchema,
  events: { 'intent.taught': intentTaught, 'intent.forgotten': intentForgotten },
  emits: {},
  tasks: {},
  label: ({ set, intent, examples }) => ({ set, intent, examples: exampleCount(examples) }),
  refuse: ({ examples }, { type, data }, { id }) => {
    const expected = intentActorId(data.set, data.intent)
    if (id !== expected) return `the examples of ${JSON.stringify(data.intent)} in the set "${data.set}" belong to the actor "${expected}"`
    const count = type === 'intent.taught' ? exampleCount(withPart(examples, data)) : 0
    if (count <= INTENT_LIMITS.examplesMax) return undefined
    return `add: ${JSON.stringify(data.intent)} would have ${count} examples; at most ${INTENT_LIMITS.examplesMax} an intent`
  },
})

/**
 * The kind `intent`: the examples of one intent of a set. Its state holds their ids only; their texts are in the records of the parts.
 * After each part it tells its set how many it has.
 */
export const intentKind = kind.with(
  setup({
    ...kind.xstate,
    actions: {
      change: enqueueActions(({ context, event, enqueue }) => {
        const { set, intent, teach, part, parts } = event.data
        const examples = event.type === 'intent.taught' ? withPart(context.examples, event.data) : ''
        enqueue.assign({ set, intent, examples })
        enqueue(
          send({
            kind: INTENTS_KIND,
            id: set,
            type: 'intent.counted',
            data: { intent, examples: exampleCount(examples), teach, part, parts },
          }),
        )
      }),
    },
  }).createMachine({
    id: 'intent',
    context: { set: '', intent: '', examples: '' },
    initial: 'taught',
    states: { taught: { on: { 'intent.taught': { actions: 'change' }, 'intent.forgotten': { actions: 'change' } } } },
  }),
)
