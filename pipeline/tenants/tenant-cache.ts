import type { NatsConnection } from '@nats-io/transport-node'
import { LRUCache } from 'lru-cache'
import { watchConnection } from '../jetstream/connection-events.ts'

/** Max tenants, or other keys, whose value is cached. */
const TENANTS_MAX = 10_000
/** Events invalidate the cache at once; this bounds its age if an event is lost. */
const VALUE_MS_MAX = 30_000

/** A value of each tenant, or other key: read once, and again after an event on OUT says that it has changed. */
export interface TenantCache<Value> {
  of(key: string): Promise<Value>
  stop(): void
}

/**
 * Creates a cache. A read that fails is not kept.
 *
 * @param changes a subject of OUT that announces changes
 * @param keyOf the key of a change by its subject's tokens. Default: the second, which is the tenant
 */
export function createTenantCache<Value>(
  nc: NatsConnection,
  changes: string,
  read: (key: string) => Promise<Value>,
  keyOf: (tokens: readonly string[]) => string = ([, tenant = '']) => tenant,
): TenantCache<Value> {
  // Promises, so that a change during a read fails nobody who waits for it.
  const values = new LRUCache<string, Promise<Value>>({ max: TENANTS_MAX, ttl: VALUE_MS_MAX })
  const subscription = nc.subscribe(changes, {
    callback: (_, { subject }) => {
      values.delete(keyOf(subject.split('.')))
    },
  })
  const connection = watchConnection(nc, 'reconnect', () => values.clear())
  return {
    of(key) {
      const known = values.get(key)
      if (known !== undefined) return known
      const reading = read(key)
      values.set(key, reading)
      reading.catch(() => values.delete(key))
      return reading
    },
    stop() {
      subscription.unsubscribe()
      connection.stop()
    },
  }
}
