import { z } from 'zod'

/** Price of a million tokens, read and written, in the currency of the installation. */
export interface TokenPrice {
  readonly perMillionIn: number
  readonly perMillionOut: number
}

/** Tokens of a request; `undefined` where the endpoint does not say. */
export interface TokenUsage {
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
}

/** The cost of a request, to a millionth. Empty where a count or the price is unknown: a partial cost would look like a small one. */
export function costOf({ inputTokens, outputTokens }: TokenUsage, price: TokenPrice | undefined): { cost?: number } {
  if (price === undefined || inputTokens === undefined || outputTokens === undefined) return {}
  return { cost: Math.round(inputTokens * price.perMillionIn + outputTokens * price.perMillionOut) / 1e6 }
}

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
