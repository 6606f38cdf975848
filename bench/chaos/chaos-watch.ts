import { setTimeout as delay } from 'node:timers/promises'
import type { JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { askStatus, type ProcessStatus } from '../../infra/app/status-service.ts'
import { lastSeqOf } from '../harness/caught-up.ts'

/** Observes workers and log from the outside, by the status service and a core subscription. */
export interface ChaosWatch {
  /** The partitions that a process hosts, by its last status. */
  partitionsOf(pid: number): readonly number[]
  /**
   * Measures two times from `fromMs` (performance.now): until other processes own all the partitions, and until the first new record in one
   * of them.
   */
  takenOver(pid: number, partitions: readonly number[], fromMs: number): Promise<TakeOver>
  /**
   * Settles when host, dispatcher and projector have processed what INBOX and LOG hold now.
   *
   * @returns the milliseconds, or the positions after `msMax`
   */
  caughtUp(fromMs: number, msMax: number): Promise<number | string>
  stop(): Promise<void>
}

/** Times are `undefined` after `TIMEOUT_MS`. */
export interface TakeOver {
  readonly ownedMs: number | undefined
  readonly recordMs: number | undefined
}

type Followed = 'host' | 'dispatch' | 'project'

const POLL_MS = 50
const TIMEOUT_MS = 60_000
/** Records that arrive within this time after a kill may still come from the killed process. */
const IN_FLIGHT_MS = 50

export function startChaosWatch(nc: NatsConnection, jsm: JetStreamManager): ChaosWatch {
  const stopping = new AbortController()
  /** When the last record of each partition was seen. */
  const recordAt = new Map<number, number>()
  const subscription = nc.subscribe('log.>', {
    callback: (_, { subject }) => void recordAt.set(Number(subject.split('.', 2)[1]), performance.now()),
  })
  let latest: { readonly atMs: number; readonly statuses: readonly ProcessStatus[] } = { atMs: 0, statuses: [] }
  const known = new Map<number, readonly number[]>()
  const poll = async (): Promise<void> => {
    const atMs = performance.now()
    // During an outage of NATS no process answers, so the list is empty.
    latest = { atMs, statuses: await askStatus(nc).catch(() => []) }
    for (const { pid, stages } of latest.statuses) known.set(pid, stages.host?.partitions ?? [])
  }
  const polling = (async () => {
    while (!stopping.signal.aborted) {
      await poll()
      await delay(POLL_MS)
    }
  })()

  /** Polls the condition. @returns milliseconds from `fromMs` until it held */
  const until = async (holds: () => boolean, fromMs: number, msMax = TIMEOUT_MS): Promise<number | undefined> => {
    for (const deadline = performance.now() + msMax; performance.now() < deadline && !stopping.signal.aborted; await delay(10)) {
      if (holds()) return performance.now() - fromMs
    }
    return undefined
  }
  /** Positions of the processes that have partitions. */
  const positionsOf = (role: Followed): readonly number[] =>
    latest.statuses.flatMap(({ stages }) => {
      const stage = stages[role]
      return stage === undefined || stage.partitions?.length === 0 ? [] : [stage.position]
    })
  const hasReached = (role: Followed, target: number): boolean => {
    const positions = positionsOf(role)
    return positions.length > 0 && Math.min(...positions) >= target
  }

  return {
    partitionsOf: (pid) => known.get(pid) ?? [],
    async takenOver(pid, partitions, fromMs) {
      const isOwned = (): boolean => {
        if (latest.atMs < fromMs) return false
        const owned = new Set(latest.statuses.filter((status) => status.pid !== pid).flatMap(({ stages }) => stages.host?.partitions ?? []))
        return partitions.every((partition) => owned.has(partition))
      }
      const hasRecord = (): boolean => partitions.some((partition) => (recordAt.get(partition) ?? 0) > fromMs + IN_FLIGHT_MS)
      const [ownedMs, recordMs] = await Promise.all([until(isOwned, fromMs), until(hasRecord, fromMs)])
      return { ownedMs, recordMs }
    },
    async caughtUp(fromMs, msMax) {
      const targets = await retried(() => Promise.all(['INBOX', 'LOG'].map((name) => lastSeqOf({ jsm }, name))))
      const [inbox = 0, log = 0] = targets ?? []
      if (targets === undefined) return 'NATS did not answer'
      const wanted = [
        ['host', inbox],
        ['dispatch', log],
        ['project', log],
      ] as const
      return (
        (await until(() => wanted.every(([role, target]) => hasReached(role, target)), fromMs, msMax))
        ?? wanted.map(([role, target]) => `${role} at ${positionsOf(role).join(' and ')} of ${target}`).join(', ')
      )
    },
    async stop() {
      stopping.abort()
      subscription.unsubscribe()
      await polling
    },
  }
}

/** Retries until the server answers, because a restarted server needs some time. */
async function retried<T>(ask: () => Promise<T>): Promise<T | undefined> {
  for (const deadline = performance.now() + TIMEOUT_MS; performance.now() < deadline;) {
    try {
      return await ask()
    } catch {
      await delay(POLL_MS)
    }
  }
  return undefined
}
