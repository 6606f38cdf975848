import type { Logger } from 'pino'
import { type Caches, openCaches } from '../../pipeline/cache/caches.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import type { Settings } from '../settings.ts'

export interface ProcessCachesOptions {
  readonly settings: Settings
  readonly jetstream: JetStreamContext
  readonly metrics: Metrics
  readonly log: Logger
}

/** Opens the caches of this process or thread, by its settings; `undefined` where nothing is to be cached. */
export function openProcessCaches(
  { settings, jetstream, metrics, log }: ProcessCachesOptions,
  started: AsyncDisposableStack,
): Caches | undefined {
  if (settings.CACHE === 'off') return undefined
  const caches = openCaches({
    jetstream,
    bytesMax: settings.CACHE_BYTES_MAX,
    sharedBytesMax: settings.CACHE_SHARED_BYTES_MAX,
    ttlMs: settings.CACHE_TTL * 1_000,
    eviction: settings.CACHE_EVICTION,
    metrics,
    log,
  })
  started.defer(() => caches.stop())
  return caches
}
