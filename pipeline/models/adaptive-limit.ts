/** How many requests a model may have at a time, adapted to what it stands. */
export interface AdaptiveLimit {
  /** Whole requests, from 1 to the maximum. */
  readonly value: number
  /** A request had its first token. @param inFlight requests at its start, itself included */
  answered(request: { readonly startedAt: number; readonly firstTokenMs: number; readonly inFlight: number }): void
  /** The model was asked for too much: 429, or no token in time. */
  overloaded(request: { readonly startedAt: number }): void
  /** Milliseconds to the first token that count as usual; `undefined` before the first answer. */
  readonly usualMs: number | undefined
}

const MIN = 1
/** What is left of the limit after an overload. */
const DECREASE = 0.7
/** Slower than this many times the usual time to the first token, and by this many milliseconds, is an overload. */
const SLOW_FACTOR = 3
const SLOW_MS_MIN = 500
/** How fast the usual time follows slower answers: a share of the difference. Faster ones count at once, so that a queue shows. */
const DRIFT = 0.01

/**
 * Additive increase, multiplicative decrease (D.-M. Chiu, R. Jain, 1989): a limit that is in use grows by one each time that as many
 * requests as it allows have been answered, and shrinks to 0.7 of itself where the model is overloaded. What had started before the limit
 * shrank says nothing about it now. It starts at the maximum: operators state what a model stands, and it is to be found out only where
 * that is wrong.
 *
 * @param max `requestsMax` of the model
 * @param now milliseconds of a monotonic clock
 */
export function createAdaptiveLimit(max: number, now: () => number): AdaptiveLimit {
  let limit = max
  let shrunkAt = -Infinity
  let usualMs: number | undefined
  const shrink = (startedAt: number): void => {
    if (startedAt < shrunkAt) return
    shrunkAt = now()
    limit = Math.max(MIN, limit * DECREASE)
  }
  return {
    get value() {
      return Math.max(MIN, Math.floor(limit))
    },
    answered({ startedAt, firstTokenMs, inFlight }) {
      const usual = usualMs ?? firstTokenMs
      usualMs = firstTokenMs < usual ? firstTokenMs : usual + (firstTokenMs - usual) * DRIFT
      if (firstTokenMs > usual * SLOW_FACTOR && firstTokenMs > usual + SLOW_MS_MIN) return shrink(startedAt)
      if (inFlight >= Math.floor(limit)) limit = Math.min(max, limit + 1 / limit)
    },
    overloaded: ({ startedAt }) => shrink(startedAt),
    get usualMs() {
      return usualMs
    },
  }
}
