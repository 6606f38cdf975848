import { pino } from 'pino'
import type { TaskGeneration } from '../../actors/definition/task-generation.ts'
import type { Budgets } from '../../pipeline/models/budgets.ts'
import { createGeneration, type Generate } from '../../pipeline/models/generate.ts'
import { createModelPlaces, type ModelPlaces } from '../../pipeline/models/model-places.ts'
import { createModelPool, type ModelPool } from '../../pipeline/models/model-pool.ts'
import { createMetrics, type Metrics } from '../../pipeline/runtime/metrics.ts'
import { type ModelEntry, modelsFileSchema } from '../../schemas/models-file.ts'
import { tenantSettingsOf } from '../../schemas/tenant-settings.ts'

/** An entry as a file has it. */
export type EntryInput = Partial<ModelEntry> & Pick<ModelEntry, 'name' | 'tier' | 'baseUrl'>

/** Entries with their defaults. */
export const entriesOf = (...inputs: readonly EntryInput[]): ModelEntry[] =>
  modelsFileSchema.parse(inputs.map((input) => ({ model: `${input.name}-at-provider`, ...input })))

export const poolsOf = (entries: readonly ModelEntry[], now: () => number = () => performance.now()): ModelPool[] =>
  entries.map((entry) => createModelPool({ entry, apiKey: undefined, unusable: undefined }, now))

export interface GenerationSetup {
  readonly generate: Generate
  readonly places: ModelPlaces
  readonly metrics: Metrics
}

/** A generation with these models in this process, for tenants with these settings and without counted budgets. */
export function generationWith(
  pools: () => readonly ModelPool[],
  {
    settings = {},
    requestsMax = 100,
    budgets = { stateOf: async () => 'free', charge: () => undefined },
  }: {
    readonly settings?: Readonly<Record<string, unknown>>
    readonly requestsMax?: number
    readonly budgets?: Pick<Budgets, 'stateOf' | 'charge'>
  } = {},
): GenerationSetup {
  const places = createModelPlaces(requestsMax)
  const metrics = createMetrics()
  const versioned = { version: 1, seq: 0, settings: tenantSettingsOf(settings), set: settings }
  const generate = createGeneration({
    models: { pools },
    places,
    budgets,
    tenants: { of: async () => versioned },
    metrics,
    log: pino({ level: 'silent' }),
  })
  return { generate, places, metrics }
}

/** Generation by these models, as a task of the tenant `acme` has it. */
export function taskGenerationAt(...inputs: readonly EntryInput[]): TaskGeneration {
  const pools = poolsOf(entriesOf(...inputs))
  const { generate } = generationWith(() => pools)
  return {
    hasModels: () => true,
    tierFor: async () => inputs[0]?.tier,
    generate: (query) => generate('acme', query, new AbortController().signal),
  }
}
