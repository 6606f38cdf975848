import type { TaskRetry } from '../../actors/definition/task-definition.ts'
import { RetryLaterError } from '../../schemas/errors.ts'

/**
 * The pause after a failed attempt of a task: `initialMs × factor^(attempt − 1)`, at most `maxMs`, shortened at random by up to `jitter` of
 * itself. A `RetryLaterError` makes it at least as long as it says.
 *
 * @param attempt the one that failed, from 1
 */
export function pauseAfter(attempt: number, error: unknown, { initialMs, factor, maxMs, jitter }: Required<TaskRetry>): number {
  const pauseMs = Math.min(initialMs * factor ** (attempt - 1), maxMs) * (1 - jitter * Math.random())
  return Math.round(error instanceof RetryLaterError ? Math.max(error.retryAfterMs, pauseMs) : pauseMs)
}
