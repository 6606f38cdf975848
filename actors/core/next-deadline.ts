import type { RunInput } from '../../schemas/internal-messages.ts'
import type { State } from '../../schemas/record.ts'

/** A run that has reached its time: a timer that fires, or a task whose deadline has passed. */
export type ExpiredRun = Extract<RunInput, { type: 'timer.fired' | 'task.expired' }> & {
  /** ISO 8601 with milliseconds. */
  readonly at: string
}

/** Whether the actor has a pending task or timer. An actor that has ended has none. */
export const hasPending = (state: State | null): boolean =>
  state !== null && Object.keys(state.tasks).length + Object.keys(state.timers).length > 0

/**
 * The pending run with the earliest time. If several have the same time, the one that was started first. Runs whose wake-up was rejected
 * are skipped: only a redrive of their dead letter brings them back.
 */
export function nextDeadline(state: State | null): ExpiredRun | undefined {
  let first: ExpiredRun | undefined
  if (state === null) return first
  for (const [run, { deadlineAt: at, correlationid, traceparent, refused }] of Object.entries(state.tasks)) {
    if (refused !== true && (first === undefined || at < first.at)) first = { type: 'task.expired', run, at, correlationid, traceparent }
  }
  for (const [run, { at, correlationid, traceparent, refused }] of Object.entries(state.timers)) {
    if (refused !== true && (first === undefined || at < first.at)) first = { type: 'timer.fired', run, at, correlationid, traceparent }
  }
  return first
}
