import type { Sample } from './watch.ts'

/** The value below which this share of them lies; 0 where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

const WINDOW_MS = 1_000
const WINDOWS_MIN = 5

/** How much a number rose per second, window by window, between two times: about a second each, and never fewer than five. */
export function windowRates(samples: readonly Sample[], fromMs: number, toMs: number): number[] {
  const windowMs = Math.min(WINDOW_MS, (toMs - fromMs) / WINDOWS_MIN)
  const rates: number[] = []
  let start: Sample | undefined
  for (const sample of samples) {
    if (sample.atMs < fromMs || sample.atMs > toMs) continue
    start ??= sample
    const elapsedMs = sample.atMs - start.atMs
    if (elapsedMs < windowMs) continue
    rates.push((sample.value - start.value) / elapsedMs * 1_000)
    start = sample
  }
  return rates
}

/** Figures are not more exact than this; what is measured to more digits only looks so. */
export const rounded = (value: number): number => Number(value.toPrecision(4))
