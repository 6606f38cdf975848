import type { ErrorTexts } from './error-text.ts'

const INTENTS = '`colloquy intents`'

/** Codes of taught intents and of what understands messages by them. */
export const UNDERSTANDING_ERRORS = {
  too_many_intents: {
    meaning: 'A set would have more intents than it can hold.',
    cause: 'The file names more of them than the message says, together with those that were taught before.',
    remedy: 'Join intents that lead to the same answer, or teach a second set and choose one with `colloquy tenant set <tenant> INTENTS`.',
    where: INTENTS,
  },
  too_many_examples: {
    meaning: 'An intent would have more examples than it can hold, or one revision would take too many inputs.',
    cause: 'The file has more of them than the message says.',
    remedy: 'Keep the examples that differ most from each other; a few hundred are enough. Teach a large set in several files.',
    where: INTENTS,
  },
  not_taught: {
    meaning: 'A revision of a set is not complete.',
    cause: 'The hosts are behind or away, or an input was rejected.',
    remedy: 'See `colloquy status` and `colloquy dead ls`, then run the command again: it sends only what is missing.',
    where: INTENTS,
  },
  no_intents: {
    meaning: 'Sets of intents cannot be read.',
    cause: 'A kind of `COLLOQUY_CONFIG` has the name `intents`, which the built-in kind needs.',
    remedy: 'Rename that kind.',
    where: `${INTENTS}, tasks, \`POST /v1/understand\``,
  },
  bad_intent: {
    meaning: 'The command does not say which intents to change, or how.',
    cause: 'A name is missing or has no valid form, or a description or route is too long.',
    remedy: 'Correct what the message names.',
    where: INTENTS,
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
  not_all_taught: {
    meaning: 'Some lines were not taught. All others were.',
    cause: 'They are no examples. The message lists each by its line with its problem.',
    remedy: 'Correct them and run the command again, which sends only what is missing.',
    where: '`colloquy intents teach`',
  },
} as const satisfies ErrorTexts
