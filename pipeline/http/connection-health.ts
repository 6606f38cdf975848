import type { NatsConnection } from '@nats-io/transport-node'
import { natsUnavailable } from './problems.ts'

/** The state of one readiness check. */
export interface Health {
  readonly ok: boolean
  /** When `ok` last changed, ISO. */
  readonly since: string
  readonly detail: string
}

/** Tracks whether NATS is connected, so that requests fail at once instead of timing out. */
export interface ConnectionWatch {
  health(): Health
  /** @throws HttpProblem 503 `nats_unavailable` while NATS is disconnected. */
  requireConnection(): void
  stop(): void
}

/** Watches the status of a connection until `stop` is called. @param now the time, ISO. */
export function watchConnection(nc: NatsConnection, now: () => string): ConnectionWatch {
  let health: Health = { ok: true, since: now(), detail: `connected to ${nc.getServer()}` }
  const become = (ok: boolean, detail: string): void => {
    health = { ok, detail, since: ok === health.ok ? health.since : now() }
  }
  const statuses = nc.status()[Symbol.asyncIterator]()
  const watch = async (): Promise<void> => {
    for (let next = await statuses.next(); next.done !== true; next = await statuses.next()) {
      const { type } = next.value
      if (type === 'disconnect') become(false, 'the connection to NATS is lost; reconnecting')
      else if (type === 'close') become(false, 'the connection to NATS is closed')
      else if (type === 'reconnect') become(true, `connected to ${nc.getServer()}`)
    }
  }
  void watch()
  return {
    health: () => health,
    requireConnection() {
      if (!health.ok) throw natsUnavailable()
    },
    stop: () => void statuses.return?.(),
  }
}
