import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { TIERS } from '../../schemas/models-file.ts'
import { answerStatus, askProcesses } from '../cluster/process-status.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { periodicJob } from '../runtime/periodic-job.ts'
import type { ModelPlaces } from './model-places.ts'
import type { ModelPool } from './model-pool.ts'
import type { ModelRegistry } from './model-registry.ts'

const count = z.int().nonnegative()

/** A model as one process sees it. */
const modelStatusSchema = z.object({
  name: z.string(),
  tier: z.enum(TIERS),
  provider: z.string(),
  model: z.string(),
  /** `trial`: its rest is over, and the next request tries it. */
  state: z.enum(['ready', 'trial', 'resting', 'unusable']),
  /** Why it rests or cannot be used; empty otherwise. */
  detail: z.string(),
  restMs: count,
  inFlight: count,
  /** Concurrent requests that it may have now, and at most. */
  places: count,
  requestsMax: count,
  /** Since this process has it. */
  requests: count,
  failures: count,
  /** Usual time to the first token; `null` before the first answer. */
  firstTokenMs: z.number().nullable(),
})
export type ModelStatus = z.output<typeof modelStatusSchema>

const processModelsSchema = z.object({
  pid: z.int().positive(),
  /** The file, or `settings`. */
  from: z.string(),
  /** Why the changed file is not used; `null` while the file is used as it is. */
  problem: z.string().nullable(),
  waiting: count,
  models: z.array(modelStatusSchema),
})
/** The models of one process. */
export type ProcessModels = z.output<typeof processModelsSchema>

/** What is known of a model now. */
export function statusOf({ entry, unusable, health, limit, inFlight, counts }: ModelPool): ModelStatus {
  const { name, tier, provider, model, requestsMax } = entry
  const failure = health.lastFailure
  return {
    name,
    tier,
    provider,
    model,
    state: unusable === undefined ? health.readiness() : 'unusable',
    detail: unusable ?? (failure === undefined ? '' : `${failure.code}: ${failure.message}`),
    restMs: Math.ceil(health.restMs()),
    inFlight,
    places: limit.value,
    requestsMax,
    ...counts,
    firstTokenMs: limit.usualMs === undefined ? null : Math.round(limit.usualMs),
  }
}

const METRICS_MS = 1_000

/** Tells the models of this process: to `colloquy status`, and as metrics. */
export function startModelsStatus(
  nc: NatsConnection,
  { models, places, metrics }: { readonly models: ModelRegistry; readonly places: ModelPlaces; readonly metrics: Metrics },
): { stop(): Promise<void> } {
  const status = (): ProcessModels => ({
    pid: process.pid,
    from: models.from,
    problem: models.problem() ?? null,
    waiting: places.waiting,
    models: models.pools().map(statusOf),
  })
  const service = answerStatus(nc, status, 'colloquy.models')
  const job = periodicJob(0, async () => {
    // Models that a new file no longer has disappear.
    for (const gauge of [metrics.modelRested, metrics.modelPlaces, metrics.modelInFlight]) gauge.reset()
    for (const { name: model, state, places: free, inFlight } of models.pools().map(statusOf)) {
      metrics.modelRested.set({ model }, Number(state === 'resting'))
      metrics.modelPlaces.set({ model }, free)
      metrics.modelInFlight.set({ model }, inFlight)
    }
    return METRICS_MS
  })
  return {
    async stop() {
      service.stop()
      await job.stop()
    },
  }
}

/** Asks all processes for their models; empty if none has any. */
export async function askModelsStatus(nc: NatsConnection): Promise<ProcessModels[]> {
  const processes: ProcessModels[] = []
  for await (const one of askProcesses(nc, processModelsSchema, 'colloquy.models')) processes.push(one)
  return processes
}
