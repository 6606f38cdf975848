import type { Logger } from 'pino'
import type { QuestionVectors } from '../../pipeline/embedding/question-vectors.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { createTenantSettingsReader } from '../../pipeline/tenants/tenant-settings-reader.ts'
import { createIntentChoice } from '../../pipeline/understanding/intent-choice.ts'
import { openTrainedModels } from '../../pipeline/understanding/training/trained-models.ts'
import { createTrainedSets } from '../../pipeline/understanding/training/trained-sets.ts'
import { createUnderstanding, type Understand } from '../../pipeline/understanding/understand.ts'
import type { Settings } from '../settings.ts'

export interface UnderstandingOptions {
  readonly settings: Pick<Settings, 'LLM_BASE_URL' | 'LLM_API_KEY' | 'LLM_MODEL'>
  readonly jetstream: JetStreamContext
  readonly replicas: number
  readonly vectors: QuestionVectors
  readonly log: Logger
}

/** Opens the understanding of this process or thread. Nothing is loaded before the first message of a tenant. */
export async function openUnderstanding(
  { settings, jetstream, replicas, vectors, log }: UnderstandingOptions,
  started: AsyncDisposableStack,
): Promise<Understand> {
  const models = await openTrainedModels(jetstream, replicas)
  const tenants = createTenantSettingsReader(jetstream)
  started.defer(() => tenants.stop())
  const sets = createTrainedSets({ jetstream, models, vectors: vectors.fingerprint, log })
  started.defer(() => sets.stop())
  const { LLM_BASE_URL: baseUrl, LLM_API_KEY: apiKey, LLM_MODEL: model } = settings
  const choice = baseUrl === undefined || model === undefined ? undefined : createIntentChoice({ baseUrl, apiKey, model, log })
  return createUnderstanding({ tenants, sets, vectors, choice })
}
