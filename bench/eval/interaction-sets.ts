import { z } from 'zod'
import { itemIdSchema, topicSchema } from '../../schemas/catalogue-events.ts'
import { readLines } from './json-lines.ts'

const interactionSchema = z.object({
  at: z.iso.datetime({ offset: true }),
  visitor: z.string(),
  type: z.string(),
  item: itemIdSchema.optional(),
  topics: z.array(topicSchema).min(1).optional(),
  text: z.string().optional(),
  stars: z.number().optional(),
})
const itemLineSchema = z.object({ item: itemIdSchema, title: z.string(), topics: z.array(topicSchema).default([]) })

/** The type of a signal for each type of line in exported traffic of a shop. A visit to a topic's page has a text and no item. */
const SHOP_TYPES = {
  browse: 'item.browsed',
  click: 'item.clicked',
  search: 'item.searched',
  like: 'item.liked',
  buy: 'item.bought',
  rate: 'item.rated',
} as const
const shopTime = z.number().transform((ms) => new Date(ms).toISOString())
const shopItemSchema = z
  .object({ type: z.literal('item'), id: itemIdSchema, title: z.string(), topics: z.array(topicSchema).default([]) })
  .transform(({ id: item, title, topics }): ItemLine => ({ item, title, topics }))
const shopEventSchema = z
  .object({
    type: z.enum(['browse', 'click', 'search', 'like', 'buy', 'rate']),
    visitor: z.string(),
    item: itemIdSchema.optional(),
    text: z.string().optional(),
    value: z.number().optional(),
    at: shopTime,
  })
  .transform(({ type, value, ...event }): Interaction => ({
    ...event,
    type: event.item === undefined ? SHOP_TYPES.search : SHOP_TYPES[type],
    ...(value !== undefined && { stars: value }),
  }))

/** What a visitor did. */
export type Interaction = z.infer<typeof interactionSchema>
/** An item of the catalogue. */
export type ItemLine = z.infer<typeof itemLineSchema>

/** A catalogue and what its visitors did, in the order of time. */
export interface InteractionSet {
  readonly items: readonly ItemLine[]
  readonly interactions: readonly Interaction[]
}

/**
 * Reads a file of items and interactions; a line with `visitor` is an interaction. It may have lines of a shop's traffic instead: items
 * `{type: "item", id, title, topics}`, and `{type: "click", visitor, item, at}`, with `at` in milliseconds.
 */
export async function readInteractions(file: string): Promise<InteractionSet> {
  const lines = await readLines(file, z.union([shopItemSchema, shopEventSchema, interactionSchema, itemLineSchema]))
  const interactions = lines.filter((line) => 'visitor' in line)
  return {
    items: lines.flatMap((line) => ('visitor' in line ? [] : [line])),
    interactions: interactions.sort((one, other) => Date.parse(one.at) - Date.parse(other.at)),
  }
}

const FIRST_MS = Date.parse('2026-01-01T00:00:00Z')
const MINUTE_MS = 60_000
const TYPES = ['item.browsed', 'item.browsed', 'item.browsed', 'item.clicked', 'item.liked', 'item.bought'] as const

/**
 * Makes a catalogue and interactions for development: visitors with two favourite topics each, items with companions that are chosen after
 * them, popular items, and choices at random.
 */
export function makeInteractions(random: () => number, { items = 2_000, visitors = 3_000, steps = 20 } = {}): InteractionSet {
  const topics = Array.from({ length: 40 }, (_, number) => `topic ${number}`)
  const pick = (count: number): number => Math.floor(random() * count)
  const popular = (count: number): number => Math.floor(count * random() ** 3)
  const catalogue = Array.from({ length: items }, (_, number) => ({
    item: `item-${number}`,
    title: `Item ${number}`,
    topics: [...new Set([topics[number % topics.length] ?? '', topics[pick(topics.length)] ?? ''])],
  }))
  const companions = catalogue.map(() => Array.from({ length: 5 }, () => pick(items)))
  const about = new Map(topics.map((topic) => [topic, catalogue.filter((item) => item.topics.includes(topic)).map(({ item }) => item)]))
  const interactions: Interaction[] = []
  for (let visitor = 0; visitor < visitors; visitor++) {
    const favourites = [topics[pick(topics.length)] ?? '', topics[pick(topics.length)] ?? '']
    let atMs = FIRST_MS + pick(60 * 24 * 60) * MINUTE_MS
    let last: number | undefined
    for (let step = 0; step < steps; step++) {
      const way = random()
      const shelf = about.get(favourites[pick(2)] ?? '') ?? []
      const companion: number | undefined = last === undefined ? undefined : companions[last]?.[popular(5)]
      const chosen =
        way < 0.35 && companion !== undefined
          ? companion
          : way < 0.75
            ? Number(shelf[popular(shelf.length)]?.slice('item-'.length) ?? 0)
            : way < 0.9
              ? popular(items)
              : pick(items)
      last = chosen
      atMs += pick(60) * MINUTE_MS
      interactions.push({
        at: new Date(atMs).toISOString(),
        visitor: `v-${visitor}`,
        type: TYPES[pick(TYPES.length)] ?? TYPES[0],
        item: `item-${chosen}`,
      })
    }
  }
  return { items: catalogue, interactions: interactions.sort((one, other) => Date.parse(one.at) - Date.parse(other.at)) }
}
