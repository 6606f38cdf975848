import type { Logger } from 'pino'
import type { JetStreamContext } from '../jetstream/connection.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { startCachesStatus } from './caches-status.ts'
import type { Eviction } from './process-memory.ts'
import { openSharedLevel } from './shared-level.ts'
import { type Cache, type CacheOptions, createCache } from './two-level-cache.ts'

/** All caches of a process or thread. */
export interface Caches {
  /** Creates a cache. Names are unique. @param share share of the memory of all caches, 0 to 1 */
  create<Value>(
    options: Omit<CacheOptions<Value>, 'bytesMax' | 'eviction' | 'shared' | 'metrics'> & { readonly share: number },
  ): Cache<Value>
  stop(): Promise<void>
}

export interface CachesOptions {
  readonly jetstream: Pick<JetStreamContext, 'nc' | 'jsm' | 'mux'>
  /** Max bytes of all caches in the memory of this process. */
  readonly bytesMax: number
  readonly sharedBytesMax: number
  readonly ttlMs: number
  readonly eviction: Eviction
  readonly metrics: Metrics
  readonly log: Logger
}

/** Opens the caches. It does not wait for NATS. */
export function openCaches({ jetstream, bytesMax, sharedBytesMax, ttlMs, eviction, metrics, log }: CachesOptions): Caches {
  const shared = openSharedLevel({ jetstream, ttlMs, bytesMax: sharedBytesMax, metrics, log })
  const created: Pick<Cache<unknown>, 'status'>[] = []
  const status = startCachesStatus(jetstream.nc, { caches: () => created.map((cache) => cache.status()), shared: shared.size })
  return {
    create({ share, ...options }) {
      const cache = createCache({ ...options, eviction, bytesMax: Math.floor(bytesMax * share), shared, metrics })
      created.push(cache)
      return cache
    },
    async stop() {
      status.stop()
      await shared.stop()
    },
  }
}
