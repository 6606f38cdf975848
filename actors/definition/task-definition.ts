import type { Logger } from 'pino'
import type { z } from 'zod'
import type { Address } from '../../schemas/subjects.ts'
import type { TaskEvaluation } from './task-evaluation.ts'
import type { TaskGeneration } from './task-generation.ts'
import type { TaskPrompts } from './task-prompts.ts'
import type { TaskSearchIndex } from './task-search.ts'
import type { TaskUnderstanding } from './task-understanding.ts'

/** The argument of a task's `run`. */
export interface TaskCall<Input> {
  readonly input: Input
  /** An idempotency key for outside systems: the same for every attempt of one run, and different for every other run. */
  readonly key: string
  /** Aborts when the deadline passes, when the machine no longer wants the result, and when the runner stops. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** The actor whose machine invoked the task. */
  readonly actor: Address
  /** Searches the messages and the knowledge of the actor's tenant. */
  readonly searchIndex: TaskSearchIndex
  /** Understands a message by what the actor's tenant has taught. */
  readonly understand: TaskUnderstanding['understand']
  /** Evaluates an answer before it is given. */
  readonly evaluate: TaskEvaluation['evaluate']
  /** Generates a text, or a value of a schema, with a language model of the fitting tier. It ends with the signal of the task. */
  readonly generate: TaskGeneration['generate']
  /** Whether there is a language model to generate with. */
  readonly hasModels: TaskGeneration['hasModels']
  /** A prompt that the actor's tenant has taught, or the built-in text. */
  readonly promptFor: TaskPrompts['promptFor']
  /**
   * The same object as `searchIndex`.
   *
   * @deprecated Use `searchIndex`; the next version has no `memory`.
   */
  readonly memory: TaskSearchIndex
}

/** A task: work with effects outside Colloquy. A runner executes it and reports the outcome to the machine that invoked it. */
export interface TaskDefinition<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly input: Input
  readonly output: Output
  /** Milliseconds from the start of the run, queueing included, until the machine gets the error `deadline`. At least 1. */
  readonly deadlineMs: number
  /** Attempts in all; at least 1. */
  readonly attemptsMax: number
  /** Concurrent runs in the whole cluster; at least 1. */
  readonly concurrencyMax: number
  run(call: TaskCall<z.output<Input>>): Promise<z.input<Output>>
  /**
   * Why an output holds answers back, a word of `a-z`, digits and `_` for each reason: counted in `colloquy_answers_held_total`. Default:
   * none.
   */
  heldBack?(output: z.input<Output>): readonly string[]
}

/** Declares a task; ties the type of `run` to the schemas. */
export const defineTask = <Input extends z.ZodType, Output extends z.ZodType>(
  definition: TaskDefinition<Input, Output>,
): TaskDefinition<Input, Output> => definition

/** Tasks by name. */
export type Tasks = Readonly<Record<string, TaskDefinition>>
