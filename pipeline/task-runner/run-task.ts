import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import type { TaskCall, TaskDefinition } from '../../actors/definition/define-kind.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { codeOf, messageOf, RetryLaterError, TerminalError } from '../../schemas/errors.ts'
import type { TaskError, TaskMessage } from '../../schemas/internal-messages.ts'
import { jsonProblem } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { backOffMs, type Pauses } from '../runtime/retry.ts'

const PAUSES: Pauses = { minMs: 200, maxMs: 30_000 }

/** The outcome of a run. `given_up`: the machine no longer needs the run, or another runner will repeat it. */
export type Outcome =
  | {
      readonly kind: 'done'
      readonly output: unknown
      readonly attempts: number
      /** Of the last failed attempt. */
      readonly attemptError?: TaskError
    }
  | { readonly kind: 'failed'; readonly error: TaskError; readonly attempts: number }
  | { readonly kind: 'given_up' }

export interface RunDeps extends Pick<
  TaskCall<unknown>,
  'log' | 'actor' | 'searchIndex' | 'understand' | 'evaluate' | 'generate' | 'hasModels' | 'promptFor'
> {
  /** Aborts at the deadline, when the machine no longer needs the run, and when the runner stops. */
  readonly signal: AbortSignal
  /** Wraps the call of the task up to its first `await`, so that the caller can watch it. */
  readonly call: <T>(work: () => T) => T
  /** Called after each attempt. */
  readonly onAttempt: (outcome: 'ok' | 'error') => void
  /** Called for each reason for which the output holds an answer back. */
  readonly onHeld: (reason: string) => void
}

/** Attempts of earlier runners that ended without an outcome. */
export interface AttemptsBefore {
  readonly count: number
  /** What the run did to the threads that it ended, oldest first. */
  readonly ends: readonly string[]
}

/**
 * Runs a task until it succeeds, fails permanently, or has used up its attempts. The pause doubles with each attempt. Never throws: an
 * error of the task is an outcome.
 */
export async function runTask(definition: TaskDefinition, message: TaskMessage, before: AttemptsBefore, deps: RunDeps): Promise<Outcome> {
  const { signal } = deps
  if (before.count >= definition.attemptsMax) {
    return { kind: 'failed', attempts: before.count, error: failureOf('runner_lost', lostText(before)) }
  }
  const input = read(definition.input, message.input, 'input')
  if (!input.ok) return { kind: 'failed', attempts: before.count + 1, error: failureOf('bad_task_input', input.problem) }
  let attemptError: TaskError | undefined
  for (let attempts = before.count + 1; ; attempts++) {
    try {
      const { log, actor, searchIndex, understand, evaluate, generate, hasModels, promptFor } = deps
      // `memory` is the deprecated name of `searchIndex`.
      const tools = { searchIndex, memory: searchIndex, understand, evaluate, generate, hasModels, promptFor }
      const call = { input: input.data, key: message.run, signal, log, actor, ...tools }
      const run = deps.call(() => definition.run(call))
      const output = await untilAborted(run, signal)
      deps.onAttempt('ok')
      const problem = outputProblem(definition, output)
      if (problem !== undefined) return { kind: 'failed', error: problem, attempts }
      for (const reason of definition.heldBack?.(output) ?? []) deps.onHeld(REASON.test(reason) ? reason : 'other')
      return { kind: 'done', output, attempts, ...(attemptError !== undefined && { attemptError }) }
    } catch (error) {
      if (signal.aborted) return { kind: 'given_up' }
      deps.onAttempt('error')
      const code = codeOf(error)?.slice(0, 128) ?? ('error' satisfies ErrorCode)
      attemptError = { code, message: messageOf(error).slice(0, 4096).toWellFormed() }
      deps.log.warn({ attempts, attemptsMax: definition.attemptsMax, err: error }, 'an attempt of a task failed')
      if (error instanceof TerminalError || attempts >= definition.attemptsMax) return { kind: 'failed', error: attemptError, attempts }
      if ((await pause(attempts, error, signal)) === 'aborted') return { kind: 'given_up' }
    }
  }
}

/** Reasons are labels of a metric: words, not texts. */
const REASON = /^[a-z][a-z0-9_]{0,63}$/

const lostText = ({ count, ends }: AttemptsBefore): string =>
  ends.length === 0
    ? `the runner of this task was lost ${count} times before it had an outcome`
    : `this task ended its thread ${ends.length} times: ${[...new Set(ends)].join(', then ')}`

/** A schema may throw, as any code of a kind. */
function read(schema: z.ZodType, value: unknown, root: string): { ok: true; data: unknown } | { ok: false; problem: string } {
  try {
    const result = schema.safeParse(value, IN_WORDS)
    return result.success ? { ok: true, data: result.data } : { ok: false, problem: zodProblem(result.error, root) }
  } catch (error) {
    return { ok: false, problem: `${root}: its schema threw: ${messageOf(error)}` }
  }
}

async function pause(attempts: number, error: unknown, signal: AbortSignal): Promise<'over' | 'aborted'> {
  const usualMs = backOffMs(attempts - 1, PAUSES, true)
  const pauseMs = error instanceof RetryLaterError ? Math.max(error.retryAfterMs, usualMs) : usualMs
  return delay(pauseMs, 'over' as const, { signal }).catch(() => 'aborted')
}

/** Rejects when the signal aborts, so that a task that ignores the signal does not keep its slot. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(new Error('aborted'))
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
    aborted.catch(() => undefined)
    work.catch(() => undefined)
  }
}

/** A failure that the runner finds, not the task. */
const failureOf = (code: ErrorCode, message: string): TaskError => ({ code, message })

/** The problem of an output that cannot be passed to the machine. */
function outputProblem(definition: TaskDefinition, output: unknown): TaskError | undefined {
  const problem = jsonProblem(output)
  if (problem !== undefined) return failureOf('result_unfit', problem)
  const checked = definition.output.safeParse(output, IN_WORDS)
  if (!checked.success) return failureOf('result_unfit', zodProblem(checked.error, 'output'))
  const bytes = Buffer.byteLength(JSON.stringify(output) ?? '')
  if (bytes <= LIMITS.resultBytesMax) return undefined
  return failureOf('result_too_large', `the result has ${bytes} bytes; at most ${LIMITS.resultBytesMax} are allowed`)
}
