import { z } from 'zod'

/** What the requests of a message have cost. */
export const spentSchema = z.object({
  tokensIn: z.int().nonnegative(),
  tokensOut: z.int().nonnegative(),
  cost: z.number().nonnegative().optional(),
})
export type Spent = z.infer<typeof spentSchema>

/** An answer with what was spent before it. Its cost is absent where a part of it is unknown. */
export function withSpent<T extends Partial<Spent>>(answer: T, spent: Spent | undefined): T {
  if (spent === undefined) return answer
  const { tokensIn, tokensOut = 0, cost = tokensIn === undefined ? 0 : undefined } = answer
  const total = cost === undefined || spent.cost === undefined ? {} : { cost: cost + spent.cost }
  return { ...answer, tokensIn: (tokensIn ?? 0) + spent.tokensIn, tokensOut: tokensOut + spent.tokensOut, cost: undefined, ...total }
}
