import { z } from 'zod'

/**
 * Where an answer was found: in the `memory` of the process, in the `shared` level in NATS, or `joined`: it was being made for an equal
 * question when it was asked for.
 */
export const CACHED_LEVELS = ['memory', 'shared', 'joined'] as const
export type CachedLevel = (typeof CACHED_LEVELS)[number]

/** Whose answer was given again, and what it rests on. */
export const cachedFromSchema = z.object({
  seq: z
    .int()
    .positive()
    .meta({
      description:
        'LOG sequence of the record that started the task which made the answer: nothing that it rests on changed from then until it was '
        + 'kept',
    }),
  level: z.enum(CACHED_LEVELS).meta({ description: 'Where it was found' }),
  knowledgeSeq: z
    .int()
    .nonnegative()
    .meta({
      description: "LOG sequence of the last record of the tenant's knowledge when its passages were found; 0 where there was none",
    }),
  similarity: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ description: 'Similarity of the question that it was made for, where it was another one; absent: it was equal' }),
})
export type CachedFrom = z.infer<typeof cachedFromSchema>
