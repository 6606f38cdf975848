import type { GenerationMessage, GenerationQuery } from '../../actors/definition/task-generation.ts'
import { type ModelEntry, type Tier, TIERS } from '../../schemas/models-file.ts'
import type { TenantSettings } from '../../schemas/tenant-settings.ts'
import type { TenantCache } from '../tenants/tenant-cache.ts'
import type { VersionedSettings } from '../tenants/tenant-settings-reader.ts'
import type { Budgets, BudgetState } from './budgets.ts'
import type { ModelPool } from './model-pool.ts'
import type { ModelRegistry } from './model-registry.ts'
import { type Route, routeOf } from './route.ts'
import { withForm } from './structure.ts'
import { fitMessages } from './token-estimate.ts'
import { estimateTools } from './tool-calls.ts'

export interface PlanDeps {
  readonly models: Pick<ModelRegistry, 'pools'>
  readonly budgets: Pick<Budgets, 'stateOf'>
  readonly tenants: Pick<TenantCache<VersionedSettings>, 'of'>
}

/** What decides which models are asked. */
export interface Plan {
  readonly settings: TenantSettings
  readonly budget: BudgetState
  /** With the form of the answer. */
  readonly messages: readonly GenerationMessage[]
  readonly usable: readonly ModelPool[]
  /** Those of them that the messages fit. */
  readonly fitting: readonly ModelPool[]
  /** Absent where nothing fits. Where the budget is spent, it is that of a tenant who saves. */
  readonly route: Route | undefined
}

export type PlanQuery = Pick<GenerationQuery, 'messages' | 'schema' | 'tools' | 'tier' | 'hints' | 'tokensOutMax'>

const TOKENS_OUT_MAX = 1_000

/** An answer takes at most half of the context. */
export const tokensOutOf = ({ contextMax }: ModelEntry, { tokensOutMax = TOKENS_OUT_MAX }: Pick<PlanQuery, 'tokensOutMax'>): number =>
  Math.min(tokensOutMax, Math.floor(contextMax / 2))

/** Tokens of a model that are there for messages, beside the answer and the tools. */
export const roomIn = (entry: ModelEntry, query: Pick<PlanQuery, 'tokensOutMax' | 'tools'>): number =>
  entry.contextMax - tokensOutOf(entry, query) - estimateTools(query.tools ?? [])

/** Whether one of the models can be asked. */
export const hasUsable = (models: Pick<ModelRegistry, 'pools'>): boolean => models.pools().some(isUsable)

const isUsable = ({ unusable }: ModelPool): boolean => unusable === undefined

/** Plans a generation, without asking a model. */
export async function planGeneration({ models, budgets, tenants }: PlanDeps, tenant: string, query: PlanQuery): Promise<Plan> {
  const { messages: given, schema, hints } = query
  const { settings } = await tenants.of(tenant)
  const budget = await budgets.stateOf(tenant, settings)
  const usable = models.pools().filter(isUsable)
  const messages = schema === undefined ? given : withForm(given, schema)
  const fitting = usable.filter(({ entry }) => fitMessages(messages, roomIn(entry, query)) !== undefined)
  const present = TIERS.filter((tier) => fitting.some(({ entry }) => entry.tier === tier))
  const text = hints?.text ?? given.at(-1)?.content ?? ''
  const state = budget === 'spent' ? 'smaller' : budget
  const route = fitting.length === 0 ? undefined : routeOf({ ...query, text }, settings, present, state)
  return { settings, budget, messages, usable, fitting, route }
}

/** The tier that a generation asks first; see `TaskGeneration`. */
export type TierFor = (tenant: string, query: PlanQuery) => Promise<Tier | undefined>

export const createTierFor =
  (deps: PlanDeps): TierFor =>
  async (tenant, query) =>
    (await planGeneration(deps, tenant, query)).route?.tiers[0]
