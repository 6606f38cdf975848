import { assign, emit, setup } from 'xstate'
import { z } from 'zod'
import {
  ITEM_LISTED,
  ITEM_UNLISTED,
  itemIdSchema,
  itemListed,
  itemUnlisted,
  topicSchema,
  topicsSchema,
} from '../../../schemas/catalogue-events.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { defineTask } from '../../definition/task-definition.ts'
import { encodeVector } from '../../recommending/item-vector.ts'
import { keywordsOf } from './keywords.ts'

/** Characters of an actor's id that are the item's id, where no other is given. */
const ITEM_ID_CHARS_MAX = 64
/** Characters of a text: enough to tell its topics, and few enough for the state of an item. */
const TEXT_CHARS_MAX = 4_000

const attributesSchema = z
  .record(z.string().max(64), z.union([z.string().max(256), z.number(), z.boolean()]))
  .refine((attributes) => Object.keys(attributes).length <= 32, 'at most 32 attributes')
const facts = {
  title: z.string().min(1).max(256),
  topics: topicsSchema.optional().meta({ description: 'Default: the words of the title and the text that say most' }),
  text: z.string().max(TEXT_CHARS_MAX).optional(),
  price: z.number().nonnegative().optional(),
  attributes: attributesSchema.optional(),
}
const offeredSchema = z.object({
  ...facts,
  item: itemIdSchema.optional().meta({ description: 'Id of the item in the signals of visitors. Default: the id of the actor' }),
})
const changedSchema = z.object({ ...facts, title: facts.title.optional() })
const describedSchema = z.object({
  topics: z.array(topicSchema).max(8),
  vector: itemListed.shape.vector,
  vectorModel: itemListed.shape.vectorModel,
})
const contextSchema = z.object({
  item: itemIdSchema,
  offer: offeredSchema.nullable(),
  described: describedSchema.nullable().meta({ description: 'What the task found in the text' }),
})
type Context = z.infer<typeof contextSchema>

const topicsOf = ({ offer, described }: Context): string[] => offer?.topics ?? described?.topics ?? []

const defineItem = (name: string) =>
  defineKind({
    name,
    version: 1,
    context: contextSchema,
    events: {
      'item.offered': offeredSchema.describe('The item is for sale'),
      'item.changed': changedSchema.describe('Some facts of the item are others now'),
      'item.withdrawn': z.object({}).describe('The item is for sale no more'),
    },
    emits: {
      [ITEM_LISTED]: itemListed.describe('The item may be recommended'),
      [ITEM_UNLISTED]: itemUnlisted.describe('The item may be recommended no more'),
    },
    tasks: {
      describe: defineTask({
        input: z.object({ title: z.string(), text: z.string() }),
        output: describedSchema,
        deadlineMs: 60_000,
        attemptsMax: 5,
        concurrencyMax: 64,
        async run({ input: { title, text }, vectorOf }) {
          const { fingerprint, vector } = await vectorOf(`${title}\n${text}`)
          const topics = keywordsOf(title, text)
          return vector === undefined || fingerprint === null
            ? { topics }
            : { topics, vector: encodeVector(vector), vectorModel: fingerprint }
        },
      }),
    },
    label: (context) => ({
      title: context.offer?.title ?? null,
      topics: topicsOf(context).join(', ') || null,
      price: context.offer?.price ?? null,
    }),
  })

/** Options of the kind `item`. */
export interface ItemOptions {
  /** Name of the kind. Default: `item`. */
  readonly name?: string
}

const listing = (context: Context): z.input<typeof itemListed> => {
  const { item, offer, described } = context
  const { vector, vectorModel } = described ?? {}
  return { item, title: offer?.title ?? item, topics: topicsOf(context), ...(vector !== undefined && { vector, vectorModel }) }
}

/**
 * Creates the kind `item`: an item of a catalogue. It can be recommended from the moment it is offered until it is withdrawn; a task finds
 * topics in its text where none are given, and its vector.
 */
export function createItem({ name = 'item' }: ItemOptions = {}) {
  const kind = defineItem(name)
  return kind.with(
    setup({
      ...kind.xstate,
      actions: {
        offer: assign(({ context: { item }, event }) =>
          event.type === 'item.offered' ? { item: event.data.item ?? item, offer: event.data, described: null } : {},
        ),
        change: assign(({ context: { offer }, event }) =>
          event.type === 'item.changed' && offer !== null ? { offer: { ...offer, ...event.data }, described: null } : {},
        ),
        describe: assign((_, described: z.infer<typeof describedSchema>) => ({ described })),
        list: emit(({ context }) => ({ type: ITEM_LISTED, data: listing(context) })),
        unlist: emit(({ context }) => ({ type: ITEM_UNLISTED, data: { item: context.item } })),
      },
    }).createMachine({
      id: 'item',
      context: ({ input }) => ({ item: input.id.slice(0, ITEM_ID_CHARS_MAX), offer: null, described: null }),
      initial: 'unknown',
      on: { 'item.offered': { target: '.offered', actions: ['offer', 'list'] } },
      states: {
        unknown: { on: { 'item.withdrawn': 'withdrawn' } },
        offered: {
          initial: 'describing',
          on: {
            'item.changed': { target: '.describing', reenter: true, actions: ['change', 'list'] },
            'item.withdrawn': { target: 'withdrawn', actions: 'unlist' },
          },
          states: {
            describing: {
              invoke: {
                id: 'describe',
                src: 'describe',
                input: ({ context: { offer } }) => ({ title: offer?.title ?? '', text: offer?.text ?? '' }),
                onDone: { target: 'described', actions: [{ type: 'describe', params: ({ event }) => event.output }, 'list'] },
                // It stays offered with what was given; the next change tries again.
                onError: 'undescribed',
              },
            },
            described: {},
            undescribed: {},
          },
        },
        withdrawn: {},
      },
    }),
  )
}
