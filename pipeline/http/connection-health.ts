import type { NatsConnection } from '@nats-io/transport-node'
import { natsAway } from './problems.ts'

export interface Health {
  readonly ok: boolean
  /** When `ok` last changed, ISO. */
  readonly since: string
  readonly detail: string
}

/** Whether NATS is there, so that a request need not find out by waiting. */
export interface ConnectionWatch {
  health(): Health
  /** @throws HttpProblem 503 while it is away. */
  demand(): void
  stop(): void
}

export function watchConnection(nc: NatsConnection, now: () => string): ConnectionWatch {
  let health: Health = { ok: true, since: now(), detail: `connected to ${nc.getServer()}` }
  const become = (ok: boolean, detail: string): void => {
    health = { ok, detail, since: ok === health.ok ? health.since : now() }
  }
  const statuses = nc.status()[Symbol.asyncIterator]()
  const watch = async (): Promise<void> => {
    for (let next = await statuses.next(); next.done !== true; next = await statuses.next()) {
      const { type } = next.value
      if (type === 'disconnect') become(false, 'the connection to NATS is lost; it is tried again')
      else if (type === 'close') become(false, 'the connection to NATS is closed')
      else if (type === 'reconnect') become(true, `connected to ${nc.getServer()}`)
    }
  }
  void watch()
  return {
    health: () => health,
    demand() {
      if (!health.ok) throw natsAway()
    },
    stop: () => void statuses.return?.(),
  }
}
