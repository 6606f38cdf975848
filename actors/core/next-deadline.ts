import type { RunInput } from '../../schemas/internal-messages.ts'
import type { State } from '../../schemas/record.ts'

/** The end of a run that time brings about: a timer fires, or a task has had its time. */
export type ExpiredRun = Extract<RunInput, { type: 'timer.fired' | 'task.expired' }> & {
  /** ISO, milliseconds. */
  readonly at: string
}

/** Whether an actor waits for a task or a timer; one that has ended waits for nothing. */
export const hasPending = (state: State | null): boolean =>
  state !== null && Object.keys(state.tasks).length + Object.keys(state.timers).length > 0

/** Of all that an actor waits for, what time ends first, that aside which was rejected when its time had come; of two at the same time the one that was begun first. */
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
