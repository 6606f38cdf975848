import { type AdaptiveLimit, createAdaptiveLimit } from './adaptive-limit.ts'
import { createModelHealth, type ModelHealth } from './model-health.ts'
import { openModel, type ProvidedModel } from './provider.ts'
import type { ConfiguredModel } from './read-models.ts'

/** A model of this process, with what is known of it. Its key is in `provided` alone. */
export interface ModelPool extends Pick<ConfiguredModel, 'entry' | 'unusable'> {
  readonly health: ModelHealth
  readonly limit: AdaptiveLimit
  /** Requests on their way. */
  inFlight: number
  /** Since the process has this model. */
  readonly counts: { requests: number; failures: number }
  provided(): Promise<ProvidedModel>
}

/** @param now milliseconds of a monotonic clock */
export function createModelPool(configured: ConfiguredModel, now: () => number): ModelPool {
  let opened: Promise<ProvidedModel> | undefined
  return {
    entry: configured.entry,
    unusable: configured.unusable,
    health: createModelHealth(now),
    limit: createAdaptiveLimit(configured.entry.requestsMax, now),
    inFlight: 0,
    counts: { requests: 0, failures: 0 },
    provided: () => (opened ??= openModel(configured)),
  }
}

/** Whether a request may start now: `none` while the model rests, `full` while all its places are taken. */
export function admission(pool: ModelPool): 'free' | 'trial' | 'full' | 'none' {
  if (pool.unusable !== undefined) return 'none'
  const readiness = pool.health.readiness()
  if (readiness === 'resting') return 'none'
  if (readiness === 'trial') return 'trial'
  return pool.inFlight < pool.limit.value ? 'free' : 'full'
}
