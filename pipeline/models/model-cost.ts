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
