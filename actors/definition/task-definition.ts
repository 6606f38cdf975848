import type { Logger } from 'pino'
import type { z } from 'zod'
import type { Address } from '../../schemas/subjects.ts'
import type { TaskSearchIndex } from './task-search.ts'

/** What a task gets to work with. */
export interface TaskCall<Input> {
  readonly input: Input
  /** The same for every attempt of one run, and for no other run: an idempotency key for the outside world. */
  readonly key: string
  /** Aborts when the deadline passes, when the machine no longer wants the result, and when the runner stops. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** Whose machine invoked it. */
  readonly actor: Address
  /** Searches the messages and the knowledge of the actor's tenant. */
  readonly searchIndex: TaskSearchIndex
  /**
   * The same object as `searchIndex`.
   *
   * @deprecated Use `searchIndex`; the next version has no `memory`.
   */
  readonly memory: TaskSearchIndex
}

/** A task: work with effects outside, done by a runner and reported back to the machine that invoked it. */
export interface TaskDefinition<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly input: Input
  readonly output: Output
  /** From the start of the run, queueing included, to the error `deadline`. */
  readonly deadlineMs: number
  /** Attempts in all, at least 1. */
  readonly attemptsMax: number
  /** Runs at one time in the whole cluster. */
  readonly concurrencyMax: number
  run(call: TaskCall<z.output<Input>>): Promise<z.input<Output>>
}

/** Declares a task; it only ties the type of `run` to the schemas. */
export const defineTask = <Input extends z.ZodType, Output extends z.ZodType>(
  definition: TaskDefinition<Input, Output>,
): TaskDefinition<Input, Output> => definition

export type Tasks = Readonly<Record<string, TaskDefinition>>
