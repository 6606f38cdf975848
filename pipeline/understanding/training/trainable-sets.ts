import { INTENTS_KIND, OUT_OF_SCOPE } from '../../../schemas/intent-events.ts'
import type { Embedder } from '../../embedding/embedder.ts'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import { actorsOfKind } from '../../jetstream/last-record.ts'
import { readTaughtSet, type SetName, type TaughtSet } from '../taught/taught-set.ts'
import type { TrainedFrom, TrainedModels } from './trained-models.ts'

type NamedModel = Pick<Embedder, 'kind' | 'fingerprint'>

/** What a trained set says of the model whose vectors it takes: its fingerprint, or `null` where it matches words only. */
export const vectorsName = ({ kind, fingerprint }: NamedModel): string | null => (kind === 'semantic' ? fingerprint : null)

/** What the newest version of a set is trained from, for a model. */
export const trainedFrom = ({ tenant, set, version, seq }: TaughtSet, model: NamedModel): TrainedFrom => ({
  tenant,
  set,
  version,
  seq,
  vectors: vectorsName(model),
})

/** A set without an intent recognises nothing, and one whose first teach is under way has no version. */
export const isTrainable = ({ version, intents }: TaughtSet): boolean => version > 0 && intents.some(({ name }) => name !== OUT_OF_SCOPE)

/** The sets of all tenants that can be trained. */
export async function* trainableSets(jetstream: JetStreamContext): AsyncGenerator<TaughtSet> {
  for (const name of await setsIn(jetstream)) {
    const set = await readTaughtSet(jetstream, name)
    if (isTrainable(set)) yield set
  }
}

/** All sets of all tenants, by the subjects of LOG. */
const setsIn = async (jetstream: JetStreamContext): Promise<SetName[]> =>
  (await actorsOfKind(jetstream, INTENTS_KIND)).map(({ tenant, id }) => ({ tenant, set: id }))

/** A set that answers with one model, and whose newest version is not trained for another one yet; `undefined` if there is none. */
export async function findUntrained(
  jetstream: JetStreamContext,
  models: Pick<TrainedModels, 'has' | 'versionsOf'>,
  inUse: NamedModel,
  next: NamedModel,
): Promise<SetName | undefined> {
  for await (const set of trainableSets(jetstream)) {
    if (await models.has(trainedFrom(set, next))) continue
    if ((await models.versionsOf(set, vectorsName(inUse))).length > 0) return { tenant: set.tenant, set: set.set }
  }
  return undefined
}
