import { z } from 'zod'
import { parseJson } from '../../../schemas/json.ts'
import { SEARCH_AREAS } from '../vector-store.ts'

/**
 * The `hit` column: all properties of a hit, and its term counts. They are stored, because computing term counts takes longer than all
 * other work for a candidate.
 */
const hitSchema = z.object({
  terms: z.record(z.string(), z.number()),
  length: z.number(),
  in: z.enum(SEARCH_AREAS),
  kind: z.string(),
  actor: z.string(),
  source: z.string(),
  chunk: z.number(),
  lang: z.string().nullable(),
  at: z.string(),
  seq: z.number(),
  text: z.string(),
})

export const readHit = (text: string): z.output<typeof hitSchema> => hitSchema.parse(parseJson(text))
