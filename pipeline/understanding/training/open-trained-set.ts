import { ColloquyError } from '../../../schemas/errors.ts'
import { type QuestionVectors, remoteQuestionVectors } from '../../embedding/question-vectors.ts'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import { type Classification, createIntentClassifier, type IntentClassifier } from '../intents/intent-classifier.ts'
import { readTaughtSet, type SetName, type TaughtSet } from '../taught/taught-set.ts'
import { openTrainedModels } from './trained-models.ts'

/** A trained set of a running system, for commands. */
export interface OpenSet {
  readonly taught: TaughtSet
  readonly classifier: IntentClassifier
  /** Classifies as the running system does: with the vector of the message where the set takes one. */
  classify(text: string): Promise<Classification>
}

/**
 * Loads the newest trained version of a set from the object store, which is the one that answers.
 *
 * @throws ColloquyError `no_such_version` where nothing is taught, `not_trained`, `model_torn`, `no_memory`
 */
export async function openTrainedSet(jetstream: JetStreamContext, name: SetName): Promise<OpenSet> {
  const taught = await readTaughtSet(jetstream, name)
  if (taught.intents.length === 0) {
    throw new ColloquyError('no_such_version', `the tenant ${name.tenant} has taught no intents in the set "${name.set}"; teach some first`)
  }
  const vectors = remoteQuestionVectors(jetstream.nc)
  const models = await openTrainedModels(jetstream, 1)
  const fingerprint = await vectors.fingerprint()
  const [from] = await models.versionsOf(name, fingerprint)
  const bytes = from && (await models.load(from))
  if (from === undefined || bytes === undefined) {
    throw new ColloquyError(
      'not_trained',
      `the set "${name.set}" of ${name.tenant} is not trained yet; see the role train in "colloquy status"`,
    )
  }
  return { taught: { ...taught, version: from.version, seq: from.seq }, ...withVectors(createIntentClassifier(bytes), vectors) }
}

/** A classifier that gets the vectors of its messages from the running system, if it takes some. */
export const withVectors = (classifier: IntentClassifier, vectors: QuestionVectors): Pick<OpenSet, 'classifier' | 'classify'> => ({
  classifier,
  classify: async (text) => classifier.classify(text, classifier.dimension === 0 ? undefined : (await vectors.of(text)).vector),
})
