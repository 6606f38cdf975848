import { z } from 'zod'
import items from './catalogue.json' with { type: 'json' }

export const itemIdSchema = z.string().min(1).max(64)
/** A topic of an item: up to 32 letters, digits, blanks and dashes of any script. */
export const topicSchema = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N} _-]{0,31}$/u)
export const itemSchema = z.object({ item: itemIdSchema, topics: z.array(topicSchema).min(1).max(8) })
export type Item = z.infer<typeof itemSchema>

/** The catalogue of the fictitious shop Heronbay (鹭湾). */
export const loadCatalogue = (): readonly Item[] => z.array(itemSchema).parse(items)
