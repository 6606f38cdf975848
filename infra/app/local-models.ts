import { pino } from 'pino'
import { createGeneration, type Generate } from '../../pipeline/models/generate.ts'
import { createModelPlaces } from '../../pipeline/models/model-places.ts'
import { createModelPool } from '../../pipeline/models/model-pool.ts'
import { type ConfiguredModel, readModelsFile, withKeys } from '../../pipeline/models/read-models.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import type { TenantCache } from '../../pipeline/tenants/tenant-cache.ts'
import type { VersionedSettings } from '../../pipeline/tenants/tenant-settings-reader.ts'
import type { Tier } from '../../schemas/models-file.ts'
import { tenantSettingsOf } from '../../schemas/tenant-settings.ts'
import type { Settings } from '../settings.ts'
import { modelsSourceOf } from './model-access.ts'

/** Which of the models of the settings are asked. Default: all. */
export interface ModelSelection {
  /** Its name in the file of MODELS; without that file, any model at LLM_BASE_URL. */
  readonly model?: string | undefined
  readonly tier?: Tier | undefined
}

/** The models that a command asks by itself; empty where the settings name none of these. @throws ColloquyError `bad_models` */
export async function localModels(settings: Settings, { model, tier }: ModelSelection = {}): Promise<readonly ConfiguredModel[]> {
  const ownModel = settings.MODELS === undefined && model !== undefined ? { LLM_MODEL: model } : {}
  const source = modelsSourceOf({ ...settings, ...ownModel })
  if (source === undefined) return []
  const all =
    'entry' in source
      ? [{ ...source, unusable: undefined }]
      : withKeys(await readModelsFile(source.file), source.keyOf, source.file).filter(
          ({ entry }) => model === undefined || entry.name === model,
        )
  return all.filter(({ entry }) => tier === undefined || entry.tier === tier)
}

const DEFAULTS: Pick<TenantCache<VersionedSettings>, 'of'> = {
  of: async () => ({ version: 0, seq: 0, settings: tenantSettingsOf({}), set: {} }),
}

/**
 * Generates with some models for a command, beside the running system: no budget counts, and no model rests after a failure, so that each
 * request is made.
 *
 * @param tenants whose thresholds route. Default: the usual ones
 */
export function createLocalGeneration(
  models: readonly ConfiguredModel[],
  { CONCURRENT_REQUESTS_MAX: requestsMax }: Pick<Settings, 'CONCURRENT_REQUESTS_MAX'>,
  tenants = DEFAULTS,
): Generate {
  return createGeneration({
    // New for each call: what a call has learned of a model is not for the next one.
    models: { pools: () => models.map((model) => createModelPool(model, () => performance.now())) },
    places: createModelPlaces(requestsMax),
    budgets: { stateOf: async () => 'free', charge: () => undefined },
    tenants,
    metrics: createMetrics(),
    log: pino({ level: 'silent' }),
  })
}
