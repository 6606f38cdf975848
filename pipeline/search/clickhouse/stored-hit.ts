import { z } from 'zod'
import { parseJson } from '../../../schemas/json.ts'
import { storedTextSchema } from '../vector-store.ts'

/**
 * The `hit` column: all properties of a hit, and its term counts. They are stored, because computing term counts takes longer than all
 * other work for a candidate.
 */
const hitSchema = storedTextSchema.extend({ terms: z.record(z.string(), z.number()), length: z.number() })

export const readHit = (text: string): z.output<typeof hitSchema> => hitSchema.parse(parseJson(text))
