import type { NatsConnection, Status } from '@nats-io/transport-node'

/** Calls back each time the connection says so, such as after a `disconnect` or a `reconnect`. */
export function watchConnection(nc: NatsConnection, type: Status['type'], onStatus: () => void): { stop(): void } {
  const statuses = nc.status()[Symbol.asyncIterator]()
  let stopped = false
  const watch = async (): Promise<void> => {
    for (let next = await statuses.next(); next.done !== true && !stopped; next = await statuses.next()) {
      if (next.value.type === type) onStatus()
    }
  }
  void watch()
  return {
    stop() {
      stopped = true
      void statuses.return?.()
    },
  }
}
