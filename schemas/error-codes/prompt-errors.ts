import type { ErrorTexts } from './error-text.ts'

const PROMPTS = '`colloquy prompts`'
const EXPERIMENT = '`colloquy experiment`'

/** Codes of prompts and of experiments with them. */
export const PROMPT_ERRORS = {
  no_prompts: {
    meaning: 'Prompts cannot be read.',
    cause: 'A kind of `COLLOQUY_CONFIG` has the name `prompt`, which the built-in kind needs.',
    remedy: 'Rename that kind.',
    where: `${PROMPTS}, ${EXPERIMENT}, tasks`,
  },
  no_prompt_version: {
    meaning: 'The prompt never had this version.',
    cause: 'The number is wrong, or the name or the tenant is another one.',
    remedy: 'Use a version that the message names; `colloquy prompts ls` shows all prompts of a tenant.',
    where: `${PROMPTS}, ${EXPERIMENT}`,
  },
  bad_prompt: {
    meaning: 'A prompt cannot be set or released as it is given.',
    cause: 'A brace or a variable in its text is wrong, it is too long, or the release does not fit what is released now.',
    remedy: 'Correct what the message names; `colloquy prompts set --help` lists the variables.',
    where: PROMPTS,
  },
  prompt_not_changed: {
    meaning: 'Nobody has decided about a prompt yet.',
    cause: 'The hosts are behind or away, or the input was rejected.',
    remedy: 'See `colloquy status` and `colloquy dead ls`, then run the command again: setting or releasing the same changes nothing.',
    where: PROMPTS,
  },
  bad_dataset: {
    meaning: 'A dataset cannot be read.',
    cause: 'A line is no JSON, or it has no question, or the file has none.',
    remedy: 'Correct the line that the message names. `colloquy dataset from-log` writes such files.',
    where: EXPERIMENT,
  },
  bad_variant: {
    meaning: 'A variant of an experiment cannot be used.',
    cause: 'A key or a value is unknown, keys exclude each other, or it needs a model and the settings name none.',
    remedy: 'Correct what the message names; `colloquy experiment --help` lists the keys.',
    where: EXPERIMENT,
  },
  experiment_budget: {
    meaning: 'An experiment would ask a model more often than it may.',
    cause: 'Questions times variants, with judgements, are more than `--requests-max`. Nothing was asked.',
    remedy: 'Take fewer questions with `--limit`, or raise `--requests-max`.',
    where: EXPERIMENT,
  },
  experiment_failed: {
    meaning: 'An experiment has nothing to compare.',
    cause: 'A variant gave no answer to any question. The message has its most frequent error.',
    remedy: 'Check what the error names: the endpoint of the model, its key, or the search.',
    where: EXPERIMENT,
  },
} as const satisfies ErrorTexts
