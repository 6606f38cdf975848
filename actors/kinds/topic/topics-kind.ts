import { assign, setup } from 'xstate'
import { z } from 'zod'
import { TOPIC_KIND, topicPlaced, TOPICS_KIND } from '../../../schemas/social-events.ts'
import { defineKind } from '../../definition/define-kind.ts'

const kind = defineKind({
  name: TOPICS_KIND,
  version: 1,
  context: z.object({ topics: z.int().nonnegative(), placed: z.int().nonnegative() }),
  events: { 'topic.placed': topicPlaced },
  sentBy: { 'topic.placed': [TOPIC_KIND] },
  emits: {},
  tasks: {},
  label: ({ topics }) => ({ topics }),
})

/**
 * The kind `topics`: where the topics of a tenant are. Its records are what the index of topics is read from; its state is a count only, so
 * that ten thousand topics are no burden.
 */
export const topicsKind = kind.with(
  setup({
    ...kind.xstate,
    actions: {
      place: assign(({ context, event }) => ({ topics: context.topics + (event.data.posts === 1 ? 1 : 0), placed: context.placed + 1 })),
    },
  }).createMachine({
    id: TOPICS_KIND,
    context: { topics: 0, placed: 0 },
    initial: 'listing',
    states: { listing: { on: { 'topic.placed': { actions: 'place' } } } },
  }),
)
