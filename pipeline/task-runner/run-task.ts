import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import { RETRY_DEFAULTS, type TaskCall, type TaskDefinition } from '../../actors/definition/task-definition.ts'
import type { FanOut } from '../../actors/definition/task-fan-out.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { codeOf, messageOf, TerminalError } from '../../schemas/errors.ts'
import type { TaskError, TaskMessage } from '../../schemas/internal-messages.ts'
import { jsonProblem } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import type { SendToMany } from '../fan-out/fan-out.ts'
import { unlessAborted } from '../runtime/unless-aborted.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { LiveWriter } from './live-writer.ts'
import { pauseAfter } from './retry-policy.ts'
import type { RunProgress } from './task-progress.ts'

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
  | 'log'
  | 'actor'
  | 'searchIndex'
  | 'understand'
  | 'evaluate'
  | 'generate'
  | 'tierFor'
  | 'shareAnswer'
  | 'hasModels'
  | 'promptFor'
  | 'recommend'
  | 'vectorOf'
  | 'topicFor'
  | 'customer'
  | 'glossary'
  | 'waitingCases'
  | 'placeInQueue'
  | 'tellPlaces'
  | 'store'
  | 'object'
  | 'signingKey'
> {
  readonly fanOut: SendToMany
  /** Aborts at the deadline, when the machine no longer needs the run, and when the runner stops. */
  readonly signal: AbortSignal
  readonly progress: Pick<RunProgress, 'tell'>
  /** What a lost runner's attempt told last. */
  readonly toldBefore: unknown
  readonly live: LiveWriter
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
 * Runs a task until it succeeds, fails permanently, or has used up its attempts, with the pauses of its `retry`. Never throws: an
 * error of the task is an outcome.
 */
export async function runTask(definition: TaskDefinition, message: TaskMessage, before: AttemptsBefore, deps: RunDeps): Promise<Outcome> {
  const { signal, progress: reported, toldBefore, call: watched, onAttempt, onHeld, ...tools } = deps
  if (before.count >= definition.attemptsMax) {
    return { kind: 'failed', attempts: before.count, error: failureOf('runner_lost', lostText(before)) }
  }
  const input = read(definition.input, message.input, 'input')
  if (!input.ok) return { kind: 'failed', attempts: before.count + 1, error: failureOf('bad_task_input', input.problem) }
  let attemptError: TaskError | undefined
  let told = toldBefore
  for (let attempts = before.count + 1; ; attempts++) {
    const heartbeat = startHeartbeat(signal, definition.heartbeatMs)
    try {
      const attempt = { key: message.run, attempt: attempts, ...(attemptError !== undefined && { lastError: attemptError }) }
      const { signal: ends } = heartbeat
      const progress = (now: unknown): void => {
        ends.throwIfAborted()
        heartbeat.beat()
        reported.tell(attempts, now)
        told = now
      }
      const generate: TaskCall<unknown>['generate'] = (query) =>
        tools.generate({ ...query, signal: query.signal === undefined ? ends : AbortSignal.any([ends, query.signal]) })
      const lastProgress = told
      const call = {
        ...tools,
        fanOut: (what: FanOut) => tools.fanOut(what, { signal: ends, progress, lastProgress }),
        // The deprecated name of `searchIndex`.
        memory: tools.searchIndex,
        generate,
        input: input.data,
        ...attempt,
        signal: ends,
        progress,
        lastProgress,
      }
      const run = watched(() => definition.run(call))
      // A task that ignores its signal does not keep its slot.
      const output = await unlessAborted(run, ends)
      onAttempt('ok')
      const problem = outputProblem(definition, output)
      if (problem !== undefined) {
        tools.live.failed(problem.code)
        return { kind: 'failed', error: problem, attempts }
      }
      for (const reason of definition.heldBack?.(output) ?? []) onHeld(REASON.test(reason) ? reason : 'other')
      return { kind: 'done', output, attempts, ...(attemptError !== undefined && { attemptError }) }
    } catch (error) {
      if (signal.aborted) return { kind: 'given_up' }
      onAttempt('error')
      const code = codeOf(error)?.slice(0, 128) ?? ('error' satisfies ErrorCode)
      tools.live.failed(code)
      attemptError = { code, message: messageOf(error).slice(0, 4096).toWellFormed() }
      tools.log.warn({ attempts, attemptsMax: definition.attemptsMax, err: error }, 'an attempt of a task failed')
      if (error instanceof TerminalError || attempts >= definition.attemptsMax) return { kind: 'failed', error: attemptError, attempts }
      const pauseMs = pauseAfter(attempts, error, { ...RETRY_DEFAULTS, ...definition.retry })
      heartbeat.stop()
      if ((await pause(pauseMs, signal)) === 'aborted') return { kind: 'given_up' }
    } finally {
      heartbeat.stop()
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

const pause = (ms: number, signal: AbortSignal): Promise<'over' | 'aborted'> =>
  delay(ms, 'over' as const, { signal }).catch(() => 'aborted')

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
  return failureOf(
    'result_too_large',
    `the result has ${bytes} bytes; at most ${LIMITS.resultBytesMax} are allowed. Put the large part into "store" and return its reference`,
  )
}
