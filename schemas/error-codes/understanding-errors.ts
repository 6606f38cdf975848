import type { ErrorTexts } from './error-text.ts'

const TRAIN = 'training of intents'
const CLASSIFY = 'reading of a trained set'

/** Codes of intents and entities. */
export const UNDERSTANDING_ERRORS = {
  intents_missing: {
    meaning: 'A set of examples teaches no intent.',
    cause: 'It has no example, or all of its examples are out of scope.',
    remedy: 'Give at least one example with an intent.',
    where: TRAIN,
  },
  intents_too_many: {
    meaning: 'A set has too many intents.',
    cause:
      'It has more different intents than the limit in the message. Often the column of the texts was read as the column of the intents.',
    remedy: 'Correct the column, merge intents that lead to the same answer, or divide them among several sets.',
    where: TRAIN,
  },
  examples_too_many: {
    meaning: 'A set, or an intent of it, has too many examples.',
    cause: 'There are more than the limit in the message. Further examples of the same kind hardly change a decision.',
    remedy: 'Keep a varied choice of them.',
    where: TRAIN,
  },
  bad_intent: {
    meaning: 'The name of an intent cannot be used.',
    cause: 'It is blank, or longer than the limit in the message.',
    remedy: 'Give the intent a short name.',
    where: TRAIN,
  },
  vectors_unfit: {
    meaning: 'The vectors of the examples do not fit the examples.',
    cause: 'Their number is not that of the examples, their dimensions differ, or one has numbers that are not finite.',
    remedy: 'Embed all examples with the same model.',
    where: TRAIN,
  },
  vector_unfit: {
    meaning: 'The vector of a message does not fit the trained set.',
    cause: 'The set was trained without vectors, or with a model of other dimensions.',
    remedy: 'Train the set again with the embedding model in use.',
    where: CLASSIFY,
  },
  model_torn: {
    meaning: 'A trained set is not whole.',
    cause: 'Its object was cut or changed, or it is something else. Nothing is classified with it.',
    remedy: 'Train the intents again, or restore the object.',
    where: CLASSIFY,
  },
  model_of_other_version: {
    meaning: 'Another version of the trainer made a trained set.',
    cause: 'Colloquy was upgraded or downgraded since. Its terms may be cut otherwise now.',
    remedy: 'Train the intents again.',
    where: CLASSIFY,
  },
  bad_entity: {
    meaning: 'The definition of an entity cannot be used.',
    cause: 'Its pattern is not a regular expression in the syntax of RE2, it has neither pattern nor values, or it exceeds a limit.',
    remedy: 'Correct the definition that the message names.',
    where: 'definition of entities',
  },
} as const satisfies ErrorTexts
