import type { z } from 'zod'
import type { CachedFrom } from '../../schemas/cached-from.ts'
import type { Tier } from '../../schemas/models-file.ts'
import type { ChosenPrompt } from './task-prompts.ts'

/** A question whose answer may be given to others of the tenant, with all that decides the answer. */
export interface SharedQuestion<Schema extends z.ZodType = z.ZodType> {
  /** The question. Case, width, blanks and closing marks make no difference. */
  readonly text: string
  /** Language of the answer. */
  readonly lang: string
  /** Dialogue act, intents and entities, as they were understood. */
  readonly act: string | null
  /** Probability of the act, 0 to 1. Default: 1. */
  readonly actConfidence?: number | undefined
  readonly intents: readonly string[]
  readonly entities: readonly { readonly name: string; readonly value: string; readonly text?: string | undefined }[]
  /** `version` of what was understood: an answer is not given across versions. */
  readonly understanding: string
  /** `knowledgeSeq()` of the search index, after the passages were found. */
  readonly knowledgeSeq: number
  /** All passages that were found, not only those that an answer cites, in the order of the prompt. */
  readonly passages: readonly { readonly id: string; readonly text: string }[]
  /** The prompt, as `promptFor` gave it. */
  readonly prompt: ChosenPrompt
  /** The tier of the model, as `tierFor` tells it. */
  readonly tier: Tier
  /** What else decides the answer, such as the least quality: with another text, answers are not shared. */
  readonly setUp: string
  /**
   * The text of an answer: it is evaluated before an answer to another question that says the same is given. Default: only equal questions
   * share answers.
   */
  readonly textOf?: ((answer: z.output<Schema>) => string) | undefined
  /** Reads an answer. It is kept as JSON; one that does not fit is made again. */
  readonly schema: Schema
}

/** An answer that was made for an earlier question. */
export interface SharedAnswer<Answer> {
  readonly answer: Answer
  readonly cachedFrom: CachedFrom
}

/** Answers that are given to all of a tenant who ask the same, as a task sees them. */
export interface TaskAnswers {
  /**
   * The answer that was made for an equal question, or for one that says the same, if nothing that it rests on has changed since; else
   * `make` runs, and `undefined` is returned: its result is the caller's. Equal questions at one time are answered once.
   *
   * Ask for it only where nothing personal takes part in the answer: no earlier message, no profile, no data of the customer.
   *
   * @param make makes the answer; returns what may be kept of it and given to others, or `undefined` where nothing may. It rejects as the
   * caller wants to fail
   */
  shareAnswer<Schema extends z.ZodType>(
    question: SharedQuestion<Schema>,
    make: () => Promise<z.input<Schema> | undefined>,
  ): Promise<SharedAnswer<z.output<Schema>> | undefined>
}
