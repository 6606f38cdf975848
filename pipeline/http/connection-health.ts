import { setTimeout as delay } from 'node:timers/promises'
import type { NatsConnection } from '@nats-io/transport-node'
import { periodicJob } from '../runtime/periodic-job.ts'
import { natsUnavailable } from './problems.ts'

/** The state of one readiness check. */
export interface Health {
  readonly ok: boolean
  /** When `ok` last changed, ISO. */
  readonly since: string
  readonly detail: string
}

/** Tracks whether NATS is connected and answers, so that requests fail at once instead of timing out. */
export interface ConnectionWatch {
  health(): Health
  /** @throws HttpProblem 503 `nats_unavailable` while NATS is disconnected. @param effect as in `natsUnavailable` */
  requireConnection(effect?: string): void
  stop(): void
}

/** How often NATS is asked for an answer, and how long it may take. */
const PING_MS = 1_000
const ANSWER_MS_MAX = 2_000

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))

/** Watches a connection until `stop` is called: its status, and whether the server answers. @param now the time, ISO. */
export function watchConnection(nc: NatsConnection, now: () => string): ConnectionWatch {
  let isConnected = true
  let health: Health = { ok: true, since: now(), detail: `connected to ${nc.getServer()}` }
  const become = (ok: boolean, detail: string): void => {
    health = { ok, detail, since: ok === health.ok ? health.since : now() }
  }
  const statuses = nc.status()[Symbol.asyncIterator]()
  const watch = async (): Promise<void> => {
    for (let next = await statuses.next(); next.done !== true; next = await statuses.next()) {
      const { type } = next.value
      if (type === 'disconnect' || type === 'close') isConnected = false
      else if (type === 'reconnect') isConnected = true
      if (type === 'disconnect') become(false, 'the connection to NATS is lost; reconnecting')
      else if (type === 'close') become(false, 'the connection to NATS is closed')
      else if (type === 'reconnect') become(true, `connected to ${nc.getServer()}`)
    }
  }
  void watch()
  // A server that hangs keeps its connections.
  const pings = periodicJob(PING_MS, async (signal) => {
    if (!isConnected) return PING_MS
    const stopped = aborted(signal)
    const answer = nc.flush().catch(() => undefined)
    const isLate = await Promise.race([answer, stopped, delay(ANSWER_MS_MAX, true, { signal }).catch(() => undefined)])
    if (isLate !== true) return PING_MS
    become(false, `NATS at ${nc.getServer()} has not answered for ${ANSWER_MS_MAX / 1_000} s`)
    await Promise.race([answer, stopped])
    // The connection may have been lost meanwhile.
    if (isConnected && !signal.aborted) become(true, `connected to ${nc.getServer()}`)
    return PING_MS
  })
  return {
    health: () => health,
    requireConnection(effect) {
      if (!isConnected) throw natsUnavailable(undefined, effect)
    },
    stop() {
      void statuses.return?.()
      void pings.stop()
    },
  }
}
