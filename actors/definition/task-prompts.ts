/** Languages that a prompt is built in. */
export type PromptLanguage = 'en' | 'zh'

/** Values of the variables of a template, by their names. */
export type Variables = Readonly<Record<string, string>>

/** A text that is used where none is taught. */
export interface BuiltInPrompt {
  readonly text: string
  /** The part of `promptVersion` after the `@`. */
  readonly version: string
}

/** The texts of a prompt by the language of the answer. */
export type BuiltInPrompts = Readonly<Record<PromptLanguage, BuiltInPrompt>>

/** The text that is used where none is released, and the language of the answer. */
export interface PromptWanted {
  readonly builtIn: BuiltInPrompts
  readonly lang: PromptLanguage
  /** Exactly this version, whatever is released; 0 is the built-in text. Default: the one that the actor gets. */
  readonly version?: number | undefined
}

/** A prompt for one actor. */
export interface ChosenPrompt {
  /** `<name>@<version>`, the `promptVersion` of what is made with it: at most 64 characters. */
  readonly promptVersion: string
  readonly template: string
  /** Those that the tenant's settings give, and the prompt's own. */
  readonly variables: Variables
  /** What it was read from. Absent in tests: an answer that is made with it is not shared. */
  readonly readFrom?: PromptSource
}

/** LOG sequences of the last records of the actors that a prompt was read from; 0 where there was none. */
export interface PromptSource {
  /** Name of the prompt. */
  readonly name: string
  readonly promptSeq: number
  readonly settingsSeq: number
}

/** Prompts that the actor's tenant has taught, as a task sees them. */
export interface TaskPrompts {
  /**
   * The prompt of this name: the version that the actor gets, or the built-in text where none is released for it. An actor keeps a version
   * while its share grows.
   *
   * @throws ColloquyError `no_prompts` where a kind of the installation's own has the name `prompt`; `no_prompt_version` where the prompt
   * has no such `version`
   */
  promptFor(name: string, wanted: PromptWanted): Promise<ChosenPrompt>
}
