import type { GenerationAttempt } from '../../actors/definition/task-generation.ts'
import type { ModelEntry } from '../../schemas/models-file.ts'
import type { Usage } from './ask-model.ts'
import { costOf } from './model-cost.ts'

/** Tokens and costs of one call, over all models that were asked. A sum is unknown where one part is. */
export interface GenerationTally {
  /** Answers that were not taken. */
  readonly attempts: GenerationAttempt[]
  /** @returns the cost, and what a budget is charged with: an estimate where the provider tells no tokens */
  add(entry: ModelEntry, usage: Usage): { readonly known: number | undefined; readonly charged: number }
  sums(): { readonly tokensIn?: number; readonly tokensOut?: number; readonly cost?: number }
}

export function createTally(): GenerationTally {
  const attempts: GenerationAttempt[] = []
  const sums: { tokensIn?: number; tokensOut?: number; cost?: number } = { tokensIn: 0, tokensOut: 0, cost: 0 }
  const addTo = (name: keyof typeof sums, value: number | undefined): void => {
    const before = sums[name]
    if (before === undefined || value === undefined) delete sums[name]
    // Costs are millionths; a sum of fractions would gain digits.
    else sums[name] = Math.round((before + value) * 1e6) / 1e6
  }
  return {
    attempts,
    add({ priceIn, priceOut }, { tokensIn, tokensOut, estimated }) {
      const price = priceIn === undefined || priceOut === undefined ? undefined : { perMillionIn: priceIn, perMillionOut: priceOut }
      const isFree = tokensIn === 0 && tokensOut === 0
      const { cost: known } = isFree ? { cost: 0 } : costOf({ inputTokens: tokensIn, outputTokens: tokensOut }, price)
      const guess = { inputTokens: tokensIn ?? estimated.tokensIn, outputTokens: tokensOut ?? estimated.tokensOut }
      addTo('tokensIn', tokensIn)
      addTo('tokensOut', tokensOut)
      addTo('cost', known)
      return { known, charged: known ?? costOf(guess, price).cost ?? 0 }
    },
    sums: () => sums,
  }
}
