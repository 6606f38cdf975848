import type { ErrorTexts } from './error-text.ts'

const INTENTS = '`colloquy intents`'
const TRAIN = `${INTENTS}, training of intents`
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
    meaning: 'The name of an intent cannot be used, or a command does not say which intents to change.',
    cause: 'The name is blank or too long, or a description or route is. The message says which.',
    remedy: 'Correct what the message names.',
    where: TRAIN,
  },
  not_taught: {
    meaning: 'A revision of a set is not complete.',
    cause: 'The hosts are behind or away, or an input was rejected.',
    remedy: 'See `colloquy status` and `colloquy dead ls`, then run the command again: it sends only what is missing.',
    where: INTENTS,
  },
  not_all_taught: {
    meaning: 'Some lines were not taught. All others were.',
    cause: 'They are no examples. The message lists each by its line with its problem.',
    remedy: 'Correct them and run the command again, which sends only what is missing.',
    where: '`colloquy intents teach`',
  },
  not_trained: {
    meaning: 'The newest version of a set is not trained yet.',
    cause: 'It was taught some seconds ago, or no process has the role `train`.',
    remedy: 'Wait until `colloquy status` shows the role `train` with lag 0, or start a process with it.',
    where: '`colloquy intents eval`, `propose`, `colloquy check --intents`',
  },
  no_intents: {
    meaning: 'Sets of intents cannot be read.',
    cause: 'A kind of `COLLOQUY_CONFIG` has the name `intents`, which the built-in kind needs.',
    remedy: 'Rename that kind.',
    where: `${INTENTS}, tasks, \`POST /v1/understand\``,
  },
  no_such_intent: {
    meaning: 'The set has no intent of this name.',
    cause: 'The name is misspelt, or the intent was forgotten before.',
    remedy: 'Use a name that `colloquy intents ls` lists.',
    where: INTENTS,
  },
  no_such_version: {
    meaning: 'The set never had this version.',
    cause: 'The number is wrong, or the set is another one.',
    remedy: 'Use a version that the message names; `colloquy intents ls` shows the newest one.',
    where: INTENTS,
  },
  training_ended: {
    meaning: 'A training ended without a result.',
    cause: 'Its thread failed, such as for lack of memory.',
    remedy: 'See the log for the cause. The role `train` tries again every half a minute; the version before serves meanwhile.',
    where: 'role `train`',
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
