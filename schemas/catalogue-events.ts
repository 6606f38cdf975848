import { z } from 'zod'

export const itemIdSchema = z.string().min(1).max(64)
/** A topic of an item: up to 32 letters, digits, blanks and dashes of any script. */
export const topicSchema = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N} _-]{0,31}$/u)
/** Topics of an item. */
export const topicsSchema = z.array(topicSchema).min(1).max(8)
export const itemSchema = z.object({ item: itemIdSchema, topics: topicsSchema })
/** An item of a catalogue. */
export type Item = z.infer<typeof itemSchema>

/** Dimensions of the vector that an item keeps. */
export const VECTOR_SIZE = 64

/** Emitted by an item that may be recommended, whenever something of it changed. */
export const itemListed = z.object({
  item: itemIdSchema,
  title: z.string(),
  topics: z.array(topicSchema).max(8),
  vector: z.string().max(128).optional().meta({ description: 'Base64 of 64 signed bytes; absent without an embedding model of meaning' }),
  vectorModel: z.string().optional().meta({ description: 'Fingerprint of the model that made the vector; others are not comparable' }),
})
/** Emitted by an item that may no longer be recommended. */
export const itemUnlisted = z.object({ item: itemIdSchema })
/** Emitted by a visitor's interests: an item that is new to the visitor, with those of before, nearest in time first. */
export const itemsPaired = z.object({
  item: itemIdSchema,
  others: z
    .array(z.tuple([itemIdSchema, z.number().positive()]))
    .min(1)
    .max(16)
    .meta({ description: 'Item and weight' }),
})

export const ITEM_LISTED = 'item.listed'
export const ITEM_UNLISTED = 'item.unlisted'
export const ITEMS_PAIRED = 'items.paired'
