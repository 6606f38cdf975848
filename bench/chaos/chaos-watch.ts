import { setTimeout as delay } from 'node:timers/promises'
import type { JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { askStatus, type ProcessStatus } from '../../infra/app/status-service.ts'
import { lastSeqOf } from '../harness/caught-up.ts'

/** What somebody sees who looks at the workers and at the log from outside. */
export interface Watch {
  /** Partitions of the host that a process last said it has. */
  partitionsOf(pid: number): readonly number[]
  /** Settles with how long after `fromMs` (performance.now) others owned all the partitions, and the first of them had a record. */
  takenOver(pid: number, partitions: readonly number[], fromMs: number): Promise<TakeOver>
  /** Settles when host, dispatcher and projector have done all that INBOX and LOG hold now. @returns ms that it took, or how far they came in `msMax` */
  caughtUp(fromMs: number, msMax: number): Promise<number | string>
  stop(): Promise<void>
}

/** `undefined` where it did not happen in a minute. */
export interface TakeOver {
  readonly ownedMs: number | undefined
  readonly recordMs: number | undefined
}

type Followed = 'host' | 'dispatch' | 'project'

const POLL_MS = 50
const TIMEOUT_MS = 60_000
/** What a process sent just before it was killed may still be on its way. */
const ON_ITS_WAY_MS = 50

export function startWatch(nc: NatsConnection, jsm: JetStreamManager): Watch {
  const stopping = new AbortController()
  /** When the last record of each partition was seen. */
  const recordAt = new Map<number, number>()
  const subscription = nc.subscribe('log.>', {
    callback: (_, { subject }) => void recordAt.set(Number(subject.split('.', 2)[1]), performance.now()),
  })
  let seen: { readonly atMs: number; readonly statuses: readonly ProcessStatus[] } = { atMs: 0, statuses: [] }
  const known = new Map<number, readonly number[]>()
  const look = async (): Promise<void> => {
    const atMs = performance.now()
    // While there is no NATS nobody can be asked.
    seen = { atMs, statuses: await askStatus(nc).catch(() => []) }
    for (const { pid, stages } of seen.statuses) known.set(pid, stages.host?.partitions ?? [])
  }
  const looking = (async () => {
    while (!stopping.signal.aborted) {
      await look()
      await delay(POLL_MS)
    }
  })()

  /** Settles with the ms since `fromMs` at which it held, looked at again and again. */
  const until = async (holds: () => boolean, fromMs: number, msMax = TIMEOUT_MS): Promise<number | undefined> => {
    for (const deadline = performance.now() + msMax; performance.now() < deadline && !stopping.signal.aborted; await delay(10)) {
      if (holds()) return performance.now() - fromMs
    }
    return undefined
  }
  /** Of those that have partitions. */
  const positionsOf = (role: Followed): readonly number[] => seen.statuses.flatMap(({ stages }) => {
    const stage = stages[role]
    return stage === undefined || stage.partitions?.length === 0 ? [] : [stage.position]
  })
  const isLevel = (role: Followed, target: number): boolean => {
    const positions = positionsOf(role)
    return positions.length > 0 && Math.min(...positions) >= target
  }

  return {
    partitionsOf: (pid) => known.get(pid) ?? [],
    async takenOver(pid, partitions, fromMs) {
      const isOwned = (): boolean => {
        if (seen.atMs < fromMs) return false
        const owned = new Set(seen.statuses.filter((status) => status.pid !== pid).flatMap(({ stages }) => stages.host?.partitions ?? []))
        return partitions.every((partition) => owned.has(partition))
      }
      const hasRecord = (): boolean => partitions.some((partition) => (recordAt.get(partition) ?? 0) > fromMs + ON_ITS_WAY_MS)
      const [ownedMs, recordMs] = await Promise.all([until(isOwned, fromMs), until(hasRecord, fromMs)])
      return { ownedMs, recordMs }
    },
    async caughtUp(fromMs, msMax) {
      const targets = await tried(() => Promise.all(['INBOX', 'LOG'].map((name) => lastSeqOf({ jsm }, name))))
      const [inbox = 0, log = 0] = targets ?? []
      if (targets === undefined) return 'nobody says what there is'
      const wanted = [['host', inbox], ['dispatch', log], ['project', log]] as const
      return await until(() => wanted.every(([role, target]) => isLevel(role, target)), fromMs, msMax)
        ?? wanted.map(([role, target]) => `${role} at ${positionsOf(role).join(' and ')} of ${target}`).join(', ')
    },
    async stop() {
      stopping.abort()
      subscription.unsubscribe()
      await looking
    },
  }
}

/** Asked until there is an answer: servers take their time to come back. */
async function tried<T>(ask: () => Promise<T>): Promise<T | undefined> {
  for (const deadline = performance.now() + TIMEOUT_MS; performance.now() < deadline;) {
    try {
      return await ask()
    } catch {
      await delay(POLL_MS)
    }
  }
  return undefined
}
