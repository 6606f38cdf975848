import { z } from 'zod'
import { SEARCH_AREAS } from './vector-store.ts'

const hitSchema = z.looseObject({
  id: z.string(), source: z.string(), score: z.number(), text: z.string(), in: z.enum(SEARCH_AREAS), kind: z.string(), actor: z.string(),
  chunk: z.number(), lang: z.string().nullable(), at: z.string(), seq: z.number(), dense: z.number().nullable(), keyword: z.number().nullable(),
  highlights: z.array(z.tuple([z.number(), z.number()])),
})

/** What a search answers, as it is read where it came over a wire. */
export const answerSchema = z.object({ hits: z.array(hitSchema), model: z.enum(['lexical', 'semantic']) })
