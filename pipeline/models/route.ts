import type { GenerationQuery } from '../../actors/definition/task-generation.ts'
import { type Tier, TIERS } from '../../schemas/models-file.ts'
import type { TenantSettings } from '../../schemas/tenant-settings.ts'
import type { BudgetState } from './budgets.ts'
import { complexityOf, tierOf } from './complexity.ts'

/** Which tiers may be asked, in order, and why. */
export interface Route {
  readonly tiers: readonly Tier[]
  readonly reason: 'complexity' | 'given' | 'budget'
  /** Absent where the tier was given. */
  readonly complexity?: number
}

export interface RouteQuery extends Pick<GenerationQuery, 'tier' | 'hints'> {
  /** The message to answer. */
  readonly text: string
}

/** Tiers in the order in which they are tried: the wanted one, larger ones, then smaller ones, nearest first. */
const ORDER = { small: ['small', 'medium', 'large'], medium: ['medium', 'large', 'small'], large: ['large', 'medium', 'small'] } as const

/**
 * Routes a message.
 *
 * @param present tiers that have a model which the messages fit; the others are passed over
 */
export function routeOf(
  { tier, hints, text }: RouteQuery,
  { MEDIUM_FROM: mediumFrom, LARGE_FROM: largeFrom }: Pick<TenantSettings, 'MEDIUM_FROM' | 'LARGE_FROM'>,
  present: readonly Tier[],
  budget: Exclude<BudgetState, 'spent'> = 'free',
): Route {
  const given = tier === 'auto' ? undefined : tier
  const complexity = given === undefined ? complexityOf({ text, ...hints }) : undefined
  const wanted = given ?? tierOf(complexity ?? 0, { mediumFrom, largeFrom })
  const tiers = ORDER[wanted].filter((one) => present.includes(one))
  const [smallest] = TIERS.filter((one) => present.includes(one))
  const isSaving = budget === 'smaller' && smallest !== undefined
  const reason = isSaving && smallest !== tiers[0] ? 'budget' : given === undefined ? 'complexity' : 'given'
  // Where a budget runs out, a failure leads to no larger model: it would spend what the smaller ones are to save.
  return { tiers: isSaving ? [smallest] : tiers, reason, ...(complexity !== undefined && { complexity }) }
}
