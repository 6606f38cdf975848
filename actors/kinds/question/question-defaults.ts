/** Defaults of `QuestionOptions`, and of the settings for the built-in kind. */
export const QUESTION_DEFAULTS = { places: 16, waitingMax: 1_000 } as const
