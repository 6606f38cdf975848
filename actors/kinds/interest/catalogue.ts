import { z } from 'zod'
import { type Item, itemSchema } from '../../../schemas/catalogue-events.ts'
import items from './catalogue.json' with { type: 'json' }

export type { Item } from '../../../schemas/catalogue-events.ts'

/** The catalogue of the fictitious shop Heronbay (鹭湾). */
export const loadCatalogue = (): readonly Item[] => z.array(itemSchema).parse(items)
