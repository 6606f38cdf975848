/** How long runs of a task take, once they have started. */
export interface ServiceTimes {
  readonly meanMs: number
  readonly medianMs: number
}

/**
 * Milliseconds until a run is expected to end. A place gets free as often as runs take in the mean, not in the median, which is less where
 * a few take long; the run itself takes the median, as half of them do.
 *
 * @param place 0: it has started
 * @param places runs at one time
 */
export const expectedMs = (place: number, places: number, { meanMs, medianMs }: ServiceTimes): number =>
  Math.round((place / places) * meanMs + medianMs)

/** @returns `undefined` without durations */
export function serviceTimesOf(durationsMs: readonly number[]): ServiceTimes | undefined {
  if (durationsMs.length === 0) return undefined
  const sorted = [...durationsMs].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const [low = 0, high = 0] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]]
  return { meanMs: sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length, medianMs: (low + high) / 2 }
}
