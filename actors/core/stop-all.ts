import type { Sent, TaskEnd } from '../../schemas/record.ts'
import { stopOfChild } from './children.ts'
import type { PendingRuns } from './snapshot.ts'

/** What a record says where all that an actor waits for is stopped. */
export interface StoppedRuns {
  readonly runs: readonly string[]
  readonly ended: readonly TaskEnd[]
  readonly sent: readonly Sent[]
}

/**
 * Stops all that an actor waits for: its tasks, its timers, its children. Children that are stopped stop their own.
 *
 * @param nextSentId gives the next message its id
 */
export const stopAll = ({ tasks, timers, children }: PendingRuns, nextSentId: () => string): StoppedRuns => ({
  runs: [...Object.keys(tasks), ...Object.keys(timers)],
  ended: Object.entries(tasks).map(([run, { task, startedAt }]) => ({ run, task, status: 'stopped', startedAt })),
  sent: Object.entries(children).map(([run, child]) => stopOfChild(nextSentId(), run, child)),
})
