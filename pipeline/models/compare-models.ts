import { type ModelEntry, type Tier, TIERS } from '../../schemas/models-file.ts'
import type { TenantSettings } from '../../schemas/tenant-settings.ts'
import { complexityOf, tierOf } from './complexity.ts'
import { costOf } from './model-cost.ts'
import { routeOf } from './route.ts'
import { estimateTokens } from './token-estimate.ts'

/** An answered question, as the tables have it. */
export interface RecordedTurn {
  readonly text: string
  readonly answer: string
  /** Passages that were given to the answer. */
  readonly hits: number
  /** `null` where no model answered, as for all facts below. */
  readonly model: string | null
  readonly tier: string | null
  readonly complexity: number | null
  readonly tokensIn: number | null
  readonly tokensOut: number | null
  readonly cost: number | null
}

/** Turns and their cost at one model. */
export interface ModelShare {
  turns: number
  /** Sum of the known costs. */
  cost: number
  /** Turns whose cost is unknown. */
  unknown: number
}

export interface ComparedModel {
  /** `null`: no model, the passages were quoted. */
  readonly model: string | null
  readonly tier: string | null
  readonly before: ModelShare
  readonly after: ModelShare
}

export interface Comparison {
  readonly models: readonly ComparedModel[]
  readonly before: ModelShare
  readonly after: ModelShare
  /** Turns whose tokens are estimated, since none are recorded; and whose complexity is computed from the question alone. */
  readonly estimated: { readonly tokens: number; readonly complexity: number }
  /** Turns that no model of the file can take, because its context is too small. */
  readonly tooLong: number
}

/** Tokens of the instructions, and of a passage, where none are recorded. */
export const INSTRUCTIONS_TOKENS = 300
export const PASSAGE_TOKENS = 250

const none = (): ModelShare => ({ turns: 0, cost: 0, unknown: 0 })

/**
 * Where recorded turns would have gone with other models, and what they would have cost. The first model of a tier stands for all of it;
 * failures, budgets and the load are left out.
 */
export function compareModels(
  turns: Iterable<RecordedTurn>,
  entries: readonly ModelEntry[],
  settings: Pick<TenantSettings, 'MEDIUM_FROM' | 'LARGE_FROM'>,
): Comparison {
  const rows = new Map<string, { model: string | null; tier: string | null; before: ModelShare; after: ModelShare }>()
  const rowOf = (model: string | null, tier: string | null) => {
    const key = JSON.stringify([model, tier])
    const row = rows.get(key) ?? { model, tier, before: none(), after: none() }
    rows.set(key, row)
    return row
  }
  const [before, after] = [none(), none()]
  const add = (share: ModelShare, all: ModelShare, cost: number | null): void => {
    for (const one of [share, all]) {
      one.turns += 1
      if (cost === null) one.unknown += 1
      // Costs are millionths.
      else one.cost = Math.round((one.cost + cost) * 1e6) / 1e6
    }
  }
  const estimated = { tokens: 0, complexity: 0 }
  let tooLong = 0
  for (const turn of turns) {
    // Passages that are quoted cost nothing.
    add(rowOf(turn.model, turn.tier).before, before, turn.model === null ? (turn.cost ?? 0) : turn.cost)
    const { tokensIn, tokensOut, isEstimated } = tokensOf(turn)
    if (isEstimated) estimated.tokens += 1
    if (turn.complexity === null) estimated.complexity += 1
    const fitting = entries.filter(({ contextMax }) => tokensIn + tokensOut <= contextMax)
    const present = TIERS.filter((tier) => fitting.some((entry) => entry.tier === tier))
    const [tier] = routeOf({ tier: wantedTier(turn, settings), text: turn.text }, settings, present).tiers
    const entry = fitting.find((one) => one.tier === tier)
    if (entry === undefined) {
      tooLong += 1
      continue
    }
    const { priceIn, priceOut } = entry
    const price = priceIn === undefined || priceOut === undefined ? undefined : { perMillionIn: priceIn, perMillionOut: priceOut }
    const { cost = null } = costOf({ inputTokens: tokensIn, outputTokens: tokensOut }, price)
    add(rowOf(entry.name, entry.tier).after, after, cost)
  }
  const models = [...rows.values()].sort((a, b) => b.after.turns - a.after.turns || b.before.turns - a.before.turns)
  return { models, before, after, estimated, tooLong }
}

/** By the recorded complexity, which knows the history and the passages, or else by the question alone. */
const wantedTier = (
  { text, complexity }: RecordedTurn,
  { MEDIUM_FROM: mediumFrom, LARGE_FROM: largeFrom }: Pick<TenantSettings, 'MEDIUM_FROM' | 'LARGE_FROM'>,
): Tier => tierOf(complexity ?? complexityOf({ text }), { mediumFrom, largeFrom })

function tokensOf({ text, answer, hits, tokensIn, tokensOut }: RecordedTurn) {
  return {
    tokensIn: tokensIn ?? INSTRUCTIONS_TOKENS + hits * PASSAGE_TOKENS + estimateTokens(text),
    tokensOut: tokensOut ?? estimateTokens(answer),
    isEstimated: tokensIn === null || tokensOut === null,
  }
}
