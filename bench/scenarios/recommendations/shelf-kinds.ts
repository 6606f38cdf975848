import { enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { createInterest } from '../../../actors/kinds/interest/kind.ts'
import { encodeVector } from '../../../actors/recommending/item-vector.ts'
import { ITEM_LISTED, ITEM_UNLISTED, itemListed, itemUnlisted, VECTOR_SIZE } from '../../../schemas/catalogue-events.ts'
import { createRandom } from '../../harness/random.ts'
import { itemAt, popularOf } from './shelf.ts'

const TOPICS = 500
const TOPICS_PER_ITEM = 4

const shelf = defineKind({
  name: 'bench-shelf',
  version: 1,
  context: z.object({}),
  events: { 'shelf.filled': z.object({ from: z.int(), count: z.int() }), 'shelf.cleared': z.object({ item: z.string() }) },
  emits: { [ITEM_LISTED]: itemListed, [ITEM_UNLISTED]: itemUnlisted },
  tasks: {},
})

/** Lists many items by one input, each with topics and a vector that follow from its number. */
export const shelfKind = shelf.with(
  setup({
    ...shelf.xstate,
    actions: {
      list: enqueueActions(({ event, enqueue }) => {
        if (event.type !== 'shelf.filled') return
        const { from, count } = event.data
        for (let number = from; number < from + count; number++) enqueue.emit({ type: ITEM_LISTED, data: listing(number) })
      }),
      unlist: enqueueActions(({ event, enqueue }) => {
        if (event.type === 'shelf.cleared') enqueue.emit({ type: ITEM_UNLISTED, data: { item: event.data.item } })
      }),
    },
  }).createMachine({
    id: 'shelf',
    context: {},
    initial: 'open',
    states: { open: { on: { 'shelf.filled': { actions: 'list' }, 'shelf.cleared': { actions: 'unlist' } } } },
  }),
)

function listing(number: number): z.input<typeof itemListed> {
  const random = createRandom(number)
  const topics = Array.from({ length: TOPICS_PER_ITEM }, () => `topic ${popularOf(TOPICS, random)}`)
  const vector = encodeVector(Float32Array.from({ length: VECTOR_SIZE }, () => random() - 0.5))
  return { item: itemAt(number), title: '', topics: [...new Set(topics)], vector, vectorModel: 'made' }
}

export default [shelfKind, createInterest([], { items: shelfKind.name })]
