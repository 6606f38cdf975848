import type { StreamName } from '../../schemas/subjects.ts'
import type { JetStreamContext } from './connection.ts'
import { nextOf } from './stream-info.ts'

export interface StaleWatchOptions {
  readonly stream: StreamName
  /** Empty for all. */
  readonly filterSubjects: readonly string[]
  /** The next sequence that is waited for; `undefined` while something came lately. */
  readonly waitedFor: () => number | undefined
  readonly onStale: (what: string) => void
}

const CHECK_MS = 5_000

/**
 * Asks the stream's leader, while nothing comes, whether there is something after all. In a cluster a consumer lives on one replica, and
 * nats-server 2.15 was seen to leave one behind after kills: such a consumer sends its heartbeats, says that nothing is pending, and
 * never delivers again.
 */
export function watchForStaleReplica({ jsm }: JetStreamContext, { stream, filterSubjects, waitedFor, onStale }: StaleWatchOptions): { stop(): void } {
  const filters = filterSubjects.length === 0 ? ['>'] : filterSubjects
  /** What the leader had already at the last look. */
  let missed: number | undefined
  const look = async (): Promise<void> => {
    const seq = waitedFor()
    if (seq === undefined) {
      missed = undefined
      return
    }
    const there = await Promise.all(filters.map((filter) => nextOf(jsm, stream, seq, filter)))
    if (there.every((message) => message === null) || waitedFor() !== seq) missed = undefined
    else if (missed === seq) onStale(`its consumer delivers nothing from ${seq} on, which the leader has`)
    else missed = seq
  }
  const timer = setInterval(() => {
    // Who cannot be asked now is asked again.
    look().catch(() => undefined)
  }, CHECK_MS)
  return { stop: () => clearInterval(timer) }
}
