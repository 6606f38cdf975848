import type { z } from 'zod'
import type { Tier } from '../../schemas/models-file.ts'

export interface GenerationMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
  /** What the assistant called in this message, with what came of it. A message with calls and its results are one: none goes alone. */
  readonly calls?: readonly AnsweredCall[] | undefined
}

/** A tool that a model may call. Nothing executes a call: it is a part of what was generated. */
export interface GenerationTool {
  /** 1 to 64 letters, digits, `-` and `_`. */
  readonly name: string
  /** What it does, and when it is to be called. */
  readonly description: string
  /** The form of its arguments, which is shown to the model. What the model gives is not checked. */
  readonly args: z.ZodType
}

/** A call as a model wrote it: the tool may not exist, and the arguments may be of any form. Arguments that are no JSON are a text. */
export interface GenerationCall {
  readonly name: string
  readonly args: unknown
}

/** A call of an earlier step, with its result for the model. */
export interface AnsweredCall extends GenerationCall {
  /** Different for each call of a request. */
  readonly call: string
  readonly result: string
}

/** Hears a text while it is written. */
export interface GenerationStream {
  delta(text: string): void
  /** What was heard so far does not count: another model, or another attempt, starts from the beginning. */
  reset(reason: string): void
}

/** What is to be generated. */
export interface GenerationQuery<Schema extends z.ZodType = z.ZodType> {
  /** Oldest first; the last one is the user's, or that with the calls that it led to. */
  readonly messages: readonly GenerationMessage[]
  /** Default `auto`: by the complexity of the last message. */
  readonly tier?: Tier | 'auto' | undefined
  /** The form of the answer, as JSON. Default: text. */
  readonly schema?: Schema | undefined
  /** Tools that the model may call in place of a text, or beside one. Not together with `schema`. Default: none. */
  readonly tools?: readonly GenerationTool[] | undefined
  readonly stream?: GenerationStream | undefined
  /** Why an answer is not taken, in words of `a-z`, digits and `_`: the next model is asked then. Default: every answer is taken. */
  readonly refuse?: ((text: string, by: AnsweringModel) => readonly string[] | Promise<readonly string[]>) | undefined
  /** Told before `generate` fails, what the models that were asked took. Not where a signal ends it. */
  readonly onFailure?: ((failed: FailedGeneration) => void) | undefined
  /** What the complexity is computed from. */
  readonly hints?: {
    /** The message to answer. Default: the last one of `messages`, with all that a prompt puts around it. */
    readonly text?: string
    /** Whether the message is understood only with the turns before it. */
    readonly needsHistory?: boolean
    /** Scores of the passages found, best first, 0 to 1. */
    readonly passageScores?: readonly number[]
  }
  readonly temperature?: number
  /** Tokens of an answer, a model's reasoning included. Default 1,000. */
  readonly tokensOutMax?: number
  /** Ends the generation. The signal of the task does, too. */
  readonly signal?: AbortSignal | undefined
}

/** A model that was asked. */
export interface AnsweringModel {
  /** Its name among the models of the installation. */
  readonly model: string
  readonly tier: Tier
}

/** A model that was asked, and why its answer was not taken. */
export interface GenerationAttempt extends AnsweringModel {
  /** A word of `refuse`, or the code of an error, such as `model_timeout`. */
  readonly reasons: readonly string[]
  readonly text?: string
}

/** What was generated, with what it took. */
export interface Generated<Schema extends z.ZodType = z.ZodType> {
  readonly text: string
  /** With a schema: the answer in its form. */
  readonly object?: z.output<Schema>
  /** Calls of `tools`, in order; the text may be empty then. Absent: none. */
  readonly calls?: readonly GenerationCall[]
  /** Name of the model that answered. */
  readonly model: string
  readonly tier: Tier
  /** 0 to 1; absent where the tier was given. */
  readonly complexity?: number
  /** Why this tier: `complexity`, `given`, `budget`, or `fallback`. */
  readonly tierReason: string
  /** Sums over all models that were asked; absent where one did not tell. */
  readonly tokensIn?: number
  readonly tokensOut?: number
  readonly cost?: number
  /** Models whose answers were not taken, in order. */
  readonly attempts: readonly GenerationAttempt[]
}

/** What a generation took that gave no answer. */
export type FailedGeneration = Pick<Generated, 'attempts' | 'tokensIn' | 'tokensOut' | 'cost'>

/** Language models as a task sees them. */
export interface TaskGeneration {
  /** Whether a language model is configured. Its health and the tenant's budget may still be against it. */
  hasModels(): boolean
  /** The tier that `generate` would ask first; `undefined` where no model can be asked, or the messages fit none. */
  tierFor(query: Pick<GenerationQuery, 'messages' | 'schema' | 'tools' | 'tier' | 'hints' | 'tokensOutMax'>): Promise<Tier | undefined>
  /**
   * Generates a text, or a value of a schema, with a model of the fitting tier; asks another one where a model fails.
   *
   * @throws ColloquyError `no_model` where no model is configured; `model_budget` where the tenant has spent its budget; the error of the
   * last model where none gave an answer that is taken
   */
  generate<Schema extends z.ZodType>(query: GenerationQuery<Schema>): Promise<Generated<Schema>>
}
