import type { z } from 'zod'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { TaskError } from '../../schemas/internal-messages.ts'
import { jsonProblem } from '../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import type { Kind } from '../definition/kind.ts'
import type { TaskDefinition } from '../definition/task-definition.ts'
import { type Duration, millisecondsOf } from './durations.ts'

const STUB = Symbol('stub')

/** The outcome of `fails(…)`. */
export interface Failure {
  readonly [STUB]: 'failure'
  readonly error: TaskError
}
/** The outcome `never`. */
export interface Never {
  readonly [STUB]: 'never'
}
/** The outcomes of `inTurn(…)`. */
export interface InTurn<S> {
  readonly [STUB]: 'in turn'
  readonly outcomes: readonly S[]
}
/** The outcome of `takes(…)`. */
export interface Taking<S> {
  readonly [STUB]: 'taking'
  readonly ms: number
  readonly outcome: S
}

type Outcome<Output> = Output | Failure | Never
type TimedOutcome<Output> = Outcome<Output> | Taking<Outcome<Output>>
type Answer<Input, Output> = TimedOutcome<Output> | ((input: Input) => TimedOutcome<Output>)

/**
 * The outcome of a task in a test: its output; `fails(…)`; `never`; `takes('5s', …)` with any of these; a function of the task's input that
 * returns any of these (if it throws, the task fails, as with its own `run`); or `inTurn(…)` with a list of these, one for each run.
 */
export type Stub<Input, Output> =
  Answer<Input, Output> | Taking<Answer<Input, Output>> | InTurn<Answer<Input, Output> | Taking<Answer<Input, Output>>>

export type StubOf<Definition> =
  Definition extends TaskDefinition<infer Input, infer Output> ? Stub<z.output<Input>, z.input<Output>> : never

export type AnyStub = Stub<unknown, unknown>

/** The task fails after all its attempts, as the machine's `onError` sees it. */
export const fails = (code: string, message: string = code): Failure => ({ [STUB]: 'failure', error: { code, message } })

/** The task has no outcome: its deadline passes. */
export const never: Never = { [STUB]: 'never' }

/** One outcome for each run, in order. A run beyond the last outcome is an error of the test. */
export const inTurn = <const S extends readonly [unknown, ...unknown[]]>(...outcomes: S): InTurn<S[number]> => ({
  [STUB]: 'in turn',
  outcomes,
})

/** Delays an outcome by this duration from the start of the run. Without it, the outcome is immediate. */
export const takes = <S>(duration: Duration, outcome: S): Taking<S> => ({ [STUB]: 'taking', ms: millisecondsOf(duration), outcome })

export const isFailure = (value: unknown): value is Failure => brandOf(value) === 'failure'

const brandOf = (value: unknown): unknown => (typeof value === 'object' && value !== null && STUB in value ? value[STUB] : undefined)
const isInTurn = (value: AnyStub): value is InTurn<AnyStub> => brandOf(value) === 'in turn'
const isTaking = (value: unknown): value is Taking<unknown> => brandOf(value) === 'taking'
const isFunction = (value: unknown): value is (input: unknown) => unknown => typeof value === 'function'

/** The outcome of a run, with its time after the start. */
export type StubbedRun =
  | { readonly kind: 'done'; readonly afterMs: number; readonly output: unknown }
  | { readonly kind: 'failed'; readonly afterMs: number; readonly error: TaskError }
  | { readonly kind: 'never' }

/**
 * Computes the outcome of one run from a stub.
 *
 * @param call number of earlier runs of the task
 * @throws ColloquyError `stub_exhausted` where `inTurn` has no outcome left, `bad_stub` where an output does not match the task's schema.
 */
export function runStub(kind: Kind, task: string, stub: AnyStub, input: unknown, call: number): StubbedRun {
  if (isInTurn(stub)) {
    const outcome = stub.outcomes[call]
    if (call < stub.outcomes.length) return runStub(kind, task, outcome, input, 0)
    throw new ColloquyError(
      'stub_exhausted',
      `run ${call + 1} of task "${task}" has no outcome: inTurn(…) has ${stub.outcomes.length}; add more`,
    )
  }
  let afterMs = 0
  let outcome: unknown = stub
  // `takes` may contain a function, and a function may return `takes`.
  while (isTaking(outcome) || isFunction(outcome)) {
    if (isTaking(outcome)) {
      afterMs += outcome.ms
      outcome = outcome.outcome
      continue
    }
    try {
      outcome = outcome(parsedInput(kind, task, input))
    } catch (error) {
      outcome = fails(codeOf(error)?.slice(0, 128) ?? 'error', messageOf(error))
    }
  }
  if (brandOf(outcome) === 'never') return { kind: 'never' }
  if (isFailure(outcome)) return { kind: 'failed', afterMs, error: outcome.error }
  return { kind: 'done', afterMs, output: fitOutput(kind, task, outcome) }
}

/**
 * Returns the output unchanged.
 *
 * @throws ColloquyError `bad_stub` where it does not match the task's schema
 */
export function fitOutput(kind: Kind, task: string, output: unknown): unknown {
  const problem = jsonProblem(output)
  const checked = kind.tasks[task]?.output.safeParse(output, IN_WORDS)
  const what = problem ?? (checked?.success === false ? zodProblem(checked.error, 'output') : undefined)
  if (what !== undefined) {
    throw new ColloquyError('bad_stub', `the output given for task "${task}" does not match its schema: ${what}; correct it in the test`)
  }
  return output
}

const parsedInput = (kind: Kind, task: string, input: unknown): unknown => kind.tasks[task]?.input.parse(input)
