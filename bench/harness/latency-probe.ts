import type { NatsConnection } from '@nats-io/transport-node'
import { build, type Histogram } from 'hdr-histogram-js'
import type { z } from 'zod'
import type { Figures } from './bench-scenario.ts'
import { CAUGHT_UP_MS_MAX } from './in-time.ts'
import { rounded, type Spread, spreadOf } from './statistics.ts'

/** Latencies of inputs, each from the time at which the input was due. Stored as HDR histograms in microseconds, to three digits. */
export interface Probe {
  /** All windows together. */
  readonly histogram: Histogram
  readonly windows: readonly Histogram[]
  /** Adds a latency to a window; windows below 0 are warm-up and are ignored. */
  record(window: number, ms: number): void
}

export function createProbe(windowCount: number): Probe {
  const create = (): Histogram => build({ highestTrackableValue: CAUGHT_UP_MS_MAX * 1_000, numberOfSignificantValueDigits: 3 })
  const histogram = create()
  const windows = Array.from({ length: windowCount }, create)
  return {
    histogram,
    windows,
    record(window, ms) {
      if (window < 0) return
      const microseconds = Math.min(CAUGHT_UP_MS_MAX * 1_000, Math.max(1, Math.round(ms * 1_000)))
      histogram.recordValue(microseconds)
      windows[Math.min(window, windowCount - 1)]?.recordValue(microseconds)
    },
  }
}

const at = (histogram: Histogram, percentile: number): number => histogram.getValueAtPercentile(percentile) / 1_000

/** Percentiles over all windows, and their spread between windows. */
export function percentilesOf(name: string, { histogram, windows }: Probe): { figures: Figures; spread: Record<string, Spread> } {
  const filled = windows.filter(({ totalCount }) => totalCount > 0)
  const of = (percentile: number): Spread => spreadOf(filled.map((window) => at(window, percentile)))
  return {
    figures: {
      [`${name}P50Ms`]: rounded(at(histogram, 50)),
      [`${name}P99Ms`]: rounded(at(histogram, 99)),
      [`${name}MaxMs`]: rounded(histogram.maxValue / 1_000),
    },
    spread: { [`${name}P50Ms`]: of(50), [`${name}P99Ms`]: of(99) },
  }
}

/** The percentiles in a latency chart. */
const CHART_PERCENTILES = [50, 90, 99, 99.9, 100] as const
export const percentilesForChart = ({ histogram }: Probe): number[] =>
  CHART_PERCENTILES.map((percentile) => rounded(at(histogram, percentile)))
export const percentileLabels: readonly string[] = CHART_PERCENTILES.map((percentile) =>
  percentile === 100 ? 'slowest' : `p${percentile}`,
)

/**
 * Calls `onMessage` for every message on a subject, by a core subscription that sees it on its way into the stream. Settles when the server
 * has the subscription: it would miss the first message of another connection otherwise, which may overtake it on a busy machine.
 *
 * @returns a function that unsubscribes
 */
export async function watchSubject<T>(
  nc: NatsConnection,
  subject: string,
  schema: z.ZodType<T>,
  onMessage: (message: T, subject: string, atMs: number) => void,
): Promise<() => void> {
  const subscription = nc.subscribe(subject, {
    callback: (error, message) => {
      if (error !== null) return
      const atMs = performance.now()
      onMessage(schema.parse(message.json()), message.subject, atMs)
    },
  })
  await nc.flush()
  return () => subscription.unsubscribe()
}
