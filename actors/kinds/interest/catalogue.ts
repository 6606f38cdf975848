import { z } from 'zod'
import items from './catalogue.json' with { type: 'json' }

export const itemIdSchema = z.string().min(1).max(64)
/** What an item is about: letters, digits, blanks and dashes of any script. */
export const topicSchema = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N} _-]{0,31}$/u)
export const itemSchema = z.object({ item: itemIdSchema, topics: z.array(topicSchema).min(1).max(8) })
export type Item = z.infer<typeof itemSchema>

/** What the invented shop Heronbay (鹭湾) sells. */
export const loadCatalogue = (): readonly Item[] => z.array(itemSchema).parse(items)
