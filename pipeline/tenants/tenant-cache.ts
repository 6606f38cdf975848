import type { NatsConnection } from '@nats-io/transport-node'
import { LRUCache } from 'lru-cache'
import { watchConnection } from '../jetstream/connection-events.ts'

/** Max tenants whose value is cached. */
const TENANTS_MAX = 10_000
/** Events invalidate the cache at once; this bounds its age if an event is lost. */
const VALUE_MS_MAX = 30_000

/** A value of each tenant: read once, and again after an event on OUT says that it has changed. */
export interface TenantCache<Value> {
  of(tenant: string): Promise<Value>
  stop(): void
}

/**
 * Creates a cache. A read that fails is not kept.
 *
 * @param changes a subject of OUT that announces changes; its second token is the tenant
 */
export function createTenantCache<Value>(
  nc: NatsConnection,
  changes: string,
  read: (tenant: string) => Promise<Value>,
): TenantCache<Value> {
  // Promises, so that a change during a read fails nobody who waits for it.
  const values = new LRUCache<string, Promise<Value>>({ max: TENANTS_MAX, ttl: VALUE_MS_MAX })
  const subscription = nc.subscribe(changes, {
    callback: (_, { subject }) => {
      values.delete(subject.split('.')[1] ?? '')
    },
  })
  const connection = watchConnection(nc, 'reconnect', () => values.clear())
  return {
    of(tenant) {
      const known = values.get(tenant)
      if (known !== undefined) return known
      const reading = read(tenant)
      values.set(tenant, reading)
      reading.catch(() => values.delete(tenant))
      return reading
    },
    stop() {
      subscription.unsubscribe()
      connection.stop()
    },
  }
}
