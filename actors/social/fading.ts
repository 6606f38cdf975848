/** A sum of weights that fade: its value at a time. */
export interface Fading {
  readonly value: number
  /** Milliseconds since 1970. */
  readonly at: number
}

/** A weight halves in a week. */
const HALF_LIFE_MS = 7 * 86_400_000

/** What is left of a weight after a time. */
export const fadedBy = (ms: number): number => 2 ** (-Math.max(0, ms) / HALF_LIFE_MS)

/** The sum with another weight. It does not depend on the order in which weights come, but for rounding. */
export function withWeight(sum: Fading | null, weight: number, at: number): Fading {
  if (sum === null) return { value: weight, at }
  const latest = Math.max(sum.at, at)
  return { value: sum.value * fadedBy(latest - sum.at) + weight * fadedBy(latest - at), at: latest }
}

/** When something happened, of two times of an input. A clock that is ahead must not outweigh what comes after. */
export const happenedAt = ({ time, at }: { readonly time: string; readonly at: string }): number =>
  Math.min(Date.parse(time), Date.parse(at))
