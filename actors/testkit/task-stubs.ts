import type { z } from 'zod'
import { ColloquyError, codeOf, messageOf } from '../../schemas/errors.ts'
import { zodProblem } from '../../schemas/envelope.ts'
import type { TaskError } from '../../schemas/internal-messages.ts'
import { jsonProblem } from '../../schemas/json.ts'
import type { Kind, TaskDefinition } from '../definition/define-kind.ts'
import { millisecondsOf, type Duration } from './durations.ts'

const STUB = Symbol('stub')

export interface Failure { readonly [STUB]: 'failure'; readonly error: TaskError }
export interface Never { readonly [STUB]: 'never' }
export interface InTurn<S> { readonly [STUB]: 'in turn'; readonly outcomes: readonly S[] }
export interface Taking<S> { readonly [STUB]: 'taking'; readonly ms: number; readonly outcome: S }

type Outcome<Output> = Output | Failure | Never
type TimedOutcome<Output> = Outcome<Output> | Taking<Outcome<Output>>
type Answer<Input, Output> = TimedOutcome<Output> | ((input: Input) => TimedOutcome<Output>)

/**
 * What a task comes back with in a test: its output; `fails(…)`; `never`; `takes('5s', …)` any of these; a function of the task's
 * input that gives any of these (one that throws fails the task, as the task's own `run` would); or one of all these after the
 * other by `inTurn(…)`.
 */
export type Stub<Input, Output> = Answer<Input, Output> | Taking<Answer<Input, Output>> | InTurn<Answer<Input, Output> | Taking<Answer<Input, Output>>>

export type StubOf<Definition> = Definition extends TaskDefinition<infer Input, infer Output>
  ? Stub<z.output<Input>, z.input<Output>>
  : never

export type AnyStub = Stub<unknown, unknown>

/** The task fails after all its attempts, as the machine's `onError` sees it. */
export const fails = (code: string, message: string = code): Failure => ({ [STUB]: 'failure', error: { code, message } })

/** The task has no outcome: its deadline passes. */
export const never: Never = { [STUB]: 'never' }

/** One outcome after the other; a run more than there are outcomes is an error of the test. */
export const inTurn = <const S extends readonly [unknown, ...unknown[]]>(...outcomes: S): InTurn<S[number]> => ({ [STUB]: 'in turn', outcomes })

/** The outcome comes so much later than the start. Without it, at once. */
export const takes = <S>(duration: Duration, outcome: S): Taking<S> => ({ [STUB]: 'taking', ms: millisecondsOf(duration), outcome })

export const isFailure = (value: unknown): value is Failure => brandOf(value) === 'failure'

const brandOf = (value: unknown): unknown => (typeof value === 'object' && value !== null && STUB in value ? value[STUB] : undefined)
const isInTurn = (value: AnyStub): value is InTurn<AnyStub> => brandOf(value) === 'in turn'
const isTaking = (value: unknown): value is Taking<unknown> => brandOf(value) === 'taking'
const isFunction = (value: unknown): value is (input: unknown) => unknown => typeof value === 'function'

/** How a run comes out, and when. */
export type StubbedRun =
  | { readonly kind: 'done'; readonly afterMs: number; readonly output: unknown }
  | { readonly kind: 'failed'; readonly afterMs: number; readonly error: TaskError }
  | { readonly kind: 'never' }

/**
 * What a stub says about one run.
 *
 * @param call how many runs of the task there were before
 * @throws ColloquyError `stub_exhausted` where `inTurn` has no outcome left, `bad_stub` where an output does not fit the task's schema.
 */
export function runStub(kind: Kind, task: string, stub: AnyStub, input: unknown, call: number): StubbedRun {
  if (isInTurn(stub)) {
    const outcome = stub.outcomes[call]
    if (call < stub.outcomes.length) return runStub(kind, task, outcome, input, 0)
    throw new ColloquyError('stub_exhausted', `task "${task}" is started for the ${call + 1}. time, and inTurn(…) has ${stub.outcomes.length} outcomes; give it more`)
  }
  let afterMs = 0
  let outcome: unknown = stub
  // A function may say how long it takes, and what takes long may be a function.
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

/** An output as the machine gets it. @throws ColloquyError `bad_stub` where it does not fit the task's schema */
export function fitOutput(kind: Kind, task: string, output: unknown): unknown {
  const problem = jsonProblem(output)
  const checked = kind.tasks[task]?.output.safeParse(output)
  const what = problem ?? (checked?.success === false ? zodProblem(checked.error, 'output') : undefined)
  if (what !== undefined) throw new ColloquyError('bad_stub', `the output given for task "${task}" does not fit its schema: ${what}; correct it in the test`)
  return output
}

const parsedInput = (kind: Kind, task: string, input: unknown): unknown => kind.tasks[task]?.input.parse(input)
