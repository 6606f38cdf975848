import type { NatsConnection } from '@nats-io/transport-node'

/** Calls back after each reconnect: the server that is back may have lost its last messages. */
export function watchReconnects(nc: NatsConnection, onReconnect: () => void): { stop(): void } {
  const statuses = nc.status()[Symbol.asyncIterator]()
  let stopped = false
  const watch = async (): Promise<void> => {
    for (let next = await statuses.next(); next.done !== true && !stopped; next = await statuses.next()) {
      if (next.value.type === 'reconnect') onReconnect()
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
