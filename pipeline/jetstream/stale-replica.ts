import type { StreamName } from '../../schemas/subjects.ts'
import type { JetStreamContext } from './connection.ts'
import { nextOf } from './stream-info.ts'

export interface StaleWatchOptions {
  readonly stream: StreamName
  /** Empty for all. */
  readonly filterSubjects: readonly string[]
  /** The next expected sequence; `undefined` while messages arrive. */
  readonly waitedFor: () => number | undefined
  readonly onStale: (what: string) => void
  /** Called with the next expected sequence when the leader has nothing for it either. */
  readonly onNothing?: (seq: number) => Promise<void>
}

const CHECK_MS = 5_000

/**
 * While nothing arrives, asks the stream's leader whether it has messages. In a cluster a consumer lives on one replica, and nats-server
 * 2.15 can leave a replica behind after a kill: its consumer sends heartbeats, reports nothing pending, and never delivers again.
 */
export function watchForStaleReplica(
  { jsm }: JetStreamContext,
  { stream, filterSubjects, waitedFor, onStale, onNothing }: StaleWatchOptions,
): { stop(): void } {
  const filters = filterSubjects.length === 0 ? ['>'] : filterSubjects
  /** The sequence that the leader had at the last check and this consumer had not delivered. */
  let missed: number | undefined
  const check = async (): Promise<void> => {
    const seq = waitedFor()
    if (seq === undefined) {
      missed = undefined
      return
    }
    const there = await Promise.all(filters.map((filter) => nextOf(jsm, stream, seq, filter)))
    if (waitedFor() !== seq) missed = undefined
    else if (there.every((message) => message === null)) {
      missed = undefined
      await onNothing?.(seq)
    } else if (missed === seq) onStale(`its consumer delivers nothing from ${seq} on, which the leader has`)
    else missed = seq
  }
  const timer = setInterval(() => {
    // A leader that cannot be asked now is asked at the next check.
    check().catch(() => undefined)
  }, CHECK_MS)
  return { stop: () => clearInterval(timer) }
}
