import { z } from 'zod'
import { KNOWLEDGE_LIMITS } from './knowledge-events.ts'

/** Bounds of what is evaluated, in UTF-16 units. The limit of a body bounds all texts together. */
export const EVALUATION_LIMITS = { queryCharsMax: 8_000, responseCharsMax: 32_000, langCharsMax: 35, passagesMax: 32 } as const

/** The body of `POST /v1/evaluate`. */
export const evaluationRequestSchema = z.object({
  query: z.string().max(EVALUATION_LIMITS.queryCharsMax).meta({ description: 'The question; an empty text where nobody asked' }),
  response: z
    .string()
    .max(EVALUATION_LIMITS.responseCharsMax)
    .refine((text) => text.trim() !== '', 'must have a text: the answer, without its citations')
    .meta({ description: 'The answer, without its citations' }),
  context: z
    .array(z.string().max(KNOWLEDGE_LIMITS.chunkCharsMax))
    .max(EVALUATION_LIMITS.passagesMax)
    .default([])
    .meta({ description: 'The passages that the answer cites, best first. Without any, groundedness is null' }),
  lang: z
    .string()
    .min(1)
    .max(EVALUATION_LIMITS.langCharsMax)
    .optional()
    .meta({ description: 'BCP 47; the language that the answer should have. Default: that of the question' }),
})
export type EvaluationRequest = z.input<typeof evaluationRequestSchema>
