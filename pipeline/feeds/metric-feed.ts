import { codeOf } from '../../schemas/errors.ts'
import { type Address, inputSubject, messageIdOf } from '../../schemas/subjects.ts'
import { SERIES_KIND, TRIGGER_LIMITS } from '../../schemas/trigger-events.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'
import { merged, type MetricsSnapshot } from '../runtime/metrics.ts'
import { type PeriodicJob, periodicJob } from '../runtime/periodic-job.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'

export interface MetricFeedOptions extends Pick<RetryDeps, 'log' | 'metrics' | 'publisher'> {
  /** Names of metrics, such as `colloquy_dead_letters`. */
  readonly names: readonly string[]
  /** Updates the metrics that are measured only when they are read. */
  readonly refresh: () => Promise<void>
  /** Metrics of the other threads. */
  readonly others: () => Promise<MetricsSnapshot[]>
  /** Tells this process apart from others that feed. */
  readonly process: string
  /** Default 10,000. */
  readonly everyMs?: number
}

const EVERY_MS = 10_000
/** Tenant of the series. */
const TENANT = 'default'
const SOURCE = 'colloquy-metrics'

/** Starts to send metrics of this process to series of their names, in the tenant `default`: the sum over all labels, again and again. */
export function startMetricFeed(options: MetricFeedOptions): PeriodicJob {
  const { names, refresh, others, publisher, log, metrics, everyMs = EVERY_MS } = options
  const feed = async (signal: AbortSignal): Promise<void> => {
    const at = new Date().toISOString()
    await refresh()
    const values = valuesOf(await (await merged(metrics, others)).getMetricsAsJSON())
    for (const name of names) {
      const value = values.get(name)
      if (value === undefined)
        rateLimitedWarn(log, { metric: name }, 'COLLOQUY_SERIES_METRICS names a metric that this process does not have')
      if (value === undefined || !(Math.abs(value) <= TRIGGER_LIMITS.valueMax)) continue
      const address: Address = { tenant: TENANT, kind: SERIES_KIND, id: name }
      const id = `${options.process}-${at}`
      const payload = JSON.stringify({ type: 'readings.taken', id, source: SOURCE, time: at, data: { readings: [{ value }] } })
      await publishWithRetry({ publisher, log, metrics, signal }, inputSubject(address), payload, {
        msgId: messageIdOf(address, id, payload),
      })
    }
  }
  return periodicJob(everyMs, async (signal) => {
    await feed(signal).catch((err: unknown) => {
      if (!signal.aborted) rateLimitedWarn(log, { err, code: codeOf(err) }, 'could not send metrics to their series; trying again')
    })
    return everyMs
  })
}

/** The value of each metric: the sum over its labels. A histogram has its `_sum` and its `_count`. */
export function valuesOf(all: MetricsSnapshot): Map<string, number> {
  const values = new Map<string, number>()
  for (const { name, values: labelled } of all) {
    for (const one of labelled) {
      // The values of a histogram have names of their own, which the types of prom-client do not tell.
      const key = 'metricName' in one && typeof one.metricName === 'string' ? one.metricName : name
      if (!key.endsWith('_bucket')) values.set(key, (values.get(key) ?? 0) + one.value)
    }
  }
  return values
}
