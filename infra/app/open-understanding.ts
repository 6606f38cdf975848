import type { Logger } from 'pino'
import type { QuestionVectors } from '../../pipeline/embedding/question-vectors.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { createTenantSettingsReader } from '../../pipeline/tenants/tenant-settings-reader.ts'
import { createIntentChoice } from '../../pipeline/understanding/intent-choice.ts'
import { openTrainedModels } from '../../pipeline/understanding/training/trained-models.ts'
import { createTrainedSets } from '../../pipeline/understanding/training/trained-sets.ts'
import { createUnderstanding, type Understand } from '../../pipeline/understanding/understand.ts'
import { modelAccess, type ModelSettings } from './model-access.ts'

export interface UnderstandingOptions {
  readonly settings: ModelSettings
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
  const access = modelAccess(settings)
  const choice = access === undefined ? undefined : createIntentChoice({ ...access, log })
  return createUnderstanding({ tenants, sets, vectors, choice })
}
