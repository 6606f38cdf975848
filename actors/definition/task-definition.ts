import type { Logger } from 'pino'
import type { z } from 'zod'
import type { TaskError } from '../../schemas/internal-messages.ts'
import type { RecommendSource } from '../../schemas/recommendation-query.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { TaskAnswers } from './task-answers.ts'
import type { TaskCustomers } from './task-customers.ts'
import type { TaskEvaluation } from './task-evaluation.ts'
import type { TaskFanOut } from './task-fan-out.ts'
import type { TaskGeneration } from './task-generation.ts'
import type { TaskGlossary } from './task-glossary.ts'
import type { TaskLive } from './task-live.ts'
import type { TaskObjects } from './task-objects.ts'
import type { TaskPrompts } from './task-prompts.ts'
import type { TaskQueue } from './task-queue.ts'
import type { TaskRecommending } from './task-recommending.ts'
import type { TaskSearchIndex } from './task-search.ts'
import type { TaskTopics } from './task-topics.ts'
import type { TaskUnderstanding } from './task-understanding.ts'
import type { TaskWaitingCases } from './task-waiting-cases.ts'

/** The argument of a task's `run`. */
export interface TaskCall<Input> {
  readonly input: Input
  /** An idempotency key for outside systems: the same for every attempt of one run, and different for every other run. */
  readonly key: string
  /** From 1. Attempts of runners that were lost count. */
  readonly attempt: number
  /** How the attempt before failed; absent for the first one, and where its runner was lost. */
  readonly lastError?: TaskError
  /**
   * Tells how far the task is, for people (`colloquy show`, the page of `colloquy dev`) and for the next attempt. It is a heart-beat, too.
   * At most one a second is stored. Costs no wait.
   *
   * @param told JSON, at most `LIMITS.progressBytesMax` bytes
   * @throws ColloquyError `bad_progress`
   */
  progress(told: unknown): void
  /** What an earlier attempt told last, also one whose runner was lost; `undefined` if none told anything. */
  readonly lastProgress: unknown
  /**
   * Aborts when the deadline passes, when the machine no longer wants the result, when the runner stops, and when an attempt with a
   * `heartbeatMs` tells nothing for so long.
   */
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
  /** The tier of the model that `generate` would ask first. */
  readonly tierFor: TaskGeneration['tierFor']
  /** Gives an answer again to those of the tenant who ask the same, where nothing that it rests on has changed. */
  readonly shareAnswer: TaskAnswers['shareAnswer']
  /** Tells those who follow the actor what the task writes, while it writes. */
  readonly live: TaskLive
  /** Whether there is a language model to generate with. */
  readonly hasModels: TaskGeneration['hasModels']
  /** A prompt that the actor's tenant has taught, or the built-in text. */
  readonly promptFor: TaskPrompts['promptFor']
  /** Stores what is too large for a record, and returns a reference for the output. */
  readonly store: TaskObjects['store']
  /** Opens what a task of the tenant has stored, by its reference. */
  readonly object: TaskObjects['object']
  /**
   * The key with which calls of the actor are signed, as those of hooks are. `colloquy hooks key <kind>/<id>` shows it to the receiver, who
   * can forge calls of this actor with it, and of no other.
   */
  signingKey(): Promise<Uint8Array>
  /** Recommends items of a catalogue that events teach. */
  readonly recommend: TaskRecommending['recommend']
  /** The vector of a text by the embedding model in use. */
  readonly vectorOf: TaskRecommending['vectorOf']
  /** What a customer said about himself in any conversation. */
  readonly customer: TaskCustomers['customer']
  /** The terms of the actor's tenant, each with its translations. */
  readonly glossary: TaskGlossary['glossary']
  /** Sends an input to many actors; `toMany` makes the task that does. */
  readonly fanOut: TaskFanOut['fanOut']
  /** The cases that are next at the desk that the actor is. */
  readonly waitingCases: TaskWaitingCases['waitingCases']
  /** The topic that a text belongs to. */
  readonly topicFor: TaskTopics['topicFor']
  /** Where another run of the actor is in the queue of its task. */
  readonly placeInQueue: TaskQueue['placeInQueue']
  /** Tells those who follow the actor the later places of that run. */
  readonly tellPlaces: TaskQueue['tellPlaces']
  /**
   * The same object as `searchIndex`.
   *
   * @deprecated Use `searchIndex`; the next version has no `memory`.
   */
  readonly memory: TaskSearchIndex
}

/**
 * Pauses between the attempts of a task: `initialMs`, times `factor` after each further failure, at most `maxMs`. Each is shortened at
 * random by up to the share `jitter` of itself, so that tasks that failed together do not try again together.
 */
export interface TaskRetry {
  /** Milliseconds, from 1. Default 200. */
  readonly initialMs?: number
  /** From 1, which keeps the pause the same. Default 2. */
  readonly factor?: number
  /** Milliseconds. Default 30,000. */
  readonly maxMs?: number
  /** 0 to 1. Default 0.5. */
  readonly jitter?: number
}

/** The `retry` of a task that states none. */
export const RETRY_DEFAULTS: Required<TaskRetry> = { initialMs: 200, factor: 2, maxMs: 30_000, jitter: 0.5 }

/** A task: work with effects outside Colloquy. A runner executes it and reports the outcome to the machine that invoked it. */
export interface TaskDefinition<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly input: Input
  readonly output: Output
  /** Milliseconds from the start of the run, queueing included, until the machine gets the error `deadline`. At least 1. */
  readonly deadlineMs: number
  /** Attempts in all; at least 1. */
  readonly attemptsMax: number
  /** An attempt that calls no `progress` for so many milliseconds has failed with `no_heartbeat`. Default: no limit but the deadline. */
  readonly heartbeatMs?: number
  /** Default: `RETRY_DEFAULTS`. */
  readonly retry?: TaskRetry
  /** Concurrent runs in the whole cluster; at least 1. With `hasTenantTurns`, in each process. */
  readonly concurrencyMax: number
  /**
   * True: tenants take turns. One has at most three quarters of a process's `concurrencyMax`; its further runs come later, and those of
   * other tenants behind them do not wait for it. Attempts of lost runners do not count, and `tellsPlaces` is not possible. Default: false,
   * runs start in the order of their records.
   */
  readonly hasTenantTurns?: boolean
  /**
   * True: a run that waits has a place in the queue and an expected time (`placeInQueue`, `GET /v1/actors/…`), for which the durations of
   * the runs are measured. Default: false.
   */
  readonly tellsPlaces?: boolean
  run(call: TaskCall<z.output<Input>>): Promise<z.input<Output>>
  /** From which catalogue and how the task recommends, for `colloquy backtest`. Default: it does not. */
  readonly recommends?: RecommendSource
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
