import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { createBudgets } from '../../pipeline/models/budgets.ts'
import { createGeneration, type Generate, noModel } from '../../pipeline/models/generate.ts'
import { createModelPlaces } from '../../pipeline/models/model-places.ts'
import { openModelRegistry } from '../../pipeline/models/model-registry.ts'
import { startModelsStatus } from '../../pipeline/models/models-status.ts'
import { createTierFor, hasUsable, type TierFor } from '../../pipeline/models/plan-generation.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import type { TenantCache } from '../../pipeline/tenants/tenant-cache.ts'
import type { VersionedSettings } from '../../pipeline/tenants/tenant-settings-reader.ts'
import type { Settings } from '../settings.ts'
import { modelsSourceOf } from './model-access.ts'

export interface GenerationOptions {
  readonly settings: Settings
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly tenants: Pick<TenantCache<VersionedSettings>, 'of'>
  readonly metrics: Metrics
  readonly log: Logger
}

/** The language models of a process. */
export interface ProcessGeneration {
  readonly generate: Generate
  readonly tierFor: TierFor
  hasModels(): boolean
}

/**
 * Opens the language models of this process or thread, as tasks see them. Without models, each `generate` fails with `no_model`.
 *
 * @throws ColloquyError `bad_models` if the file of models cannot be used
 */
export async function openGeneration(
  { settings, jetstream, kv, tenants, metrics, log }: GenerationOptions,
  started: AsyncDisposableStack,
): Promise<ProcessGeneration> {
  const source = modelsSourceOf(settings)
  if (source === undefined)
    return { generate: () => Promise.reject(noModel()), tierFor: () => Promise.resolve(undefined), hasModels: () => false }
  const models = await openModelRegistry({ source, now: () => performance.now(), log })
  started.defer(() => models.stop())
  const places = createModelPlaces(settings.CONCURRENT_REQUESTS_MAX)
  const status = startModelsStatus(jetstream.nc, { models, places, metrics })
  started.defer(() => status.stop())
  const budgets = createBudgets({ kv, log, now: Date.now })
  started.defer(() => budgets.stop())
  return {
    generate: createGeneration({ models, places, budgets, tenants, metrics, log }),
    tierFor: createTierFor({ models, budgets, tenants }),
    hasModels: () => hasUsable(models),
  }
}
