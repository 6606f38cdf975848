import { backOffMs, type Pauses } from '../runtime/retry.ts'

/** How long a model rests after a failure; it doubles with each further one in a row. */
const COOL_DOWN: Pauses = { minMs: 1_000, maxMs: 60_000 }
/** A `Retry-After` counts up to this. */
const RETRY_AFTER_MS_MAX = 10 * 60_000

/**
 * `ready`: requests may go to it. `trial`: its rest is over, and the next request is a trial. `resting`: no request may.
 */
export type Readiness = 'ready' | 'trial' | 'resting'

/** The health of one model: a failure rests it, then one request tries it, and others follow only after that one succeeds. */
export interface ModelHealth {
  readiness(): Readiness
  /** Milliseconds until it may be tried; 0 if it may now. */
  restMs(): number
  /** A request starts. @returns what its end must be reported with */
  start(): Attempt
  readonly failuresInARow: number
  /** Code and words of the newest failure; `undefined` after a success. */
  readonly lastFailure: Failure | undefined
}

export interface Failure {
  readonly code: string
  readonly message: string
}

/** One request. Exactly one of its functions is called. */
export interface Attempt {
  succeeded(): void
  /** @param retryAfterMs as the provider asks; default: by the failures in a row */
  failed(failure: Failure, retryAfterMs?: number): void
  /** It says nothing about the model: the caller left, or the answer itself was not taken. */
  ended(): void
}

/** @param now milliseconds of a monotonic clock */
export function createModelHealth(now: () => number): ModelHealth {
  let failures = 0
  let restedAt = -Infinity
  let restsUntil = -Infinity
  let trials = 0
  let lastFailure: Failure | undefined
  const restMs = (): number => Math.max(0, restsUntil - now())
  return {
    readiness() {
      if (failures === 0) return 'ready'
      return restMs() > 0 || trials > 0 ? 'resting' : 'trial'
    },
    restMs,
    start() {
      const startedAt = now()
      const isTrial = failures > 0
      if (isTrial) trials += 1
      const end = (): void => {
        if (isTrial) trials -= 1
      }
      return {
        succeeded() {
          end()
          // Others that were on their way when the model failed say nothing about it now.
          if (startedAt < restedAt) return
          failures = 0
          restsUntil = -Infinity
          lastFailure = undefined
        },
        failed(failure, retryAfterMs) {
          end()
          lastFailure = failure
          const asked = Math.min(retryAfterMs ?? 0, RETRY_AFTER_MS_MAX)
          // Requests that fail together are one failure.
          if (startedAt >= restedAt) {
            const pauseMs = Math.max(backOffMs(failures, COOL_DOWN), asked)
            failures += 1
            restedAt = now()
            restsUntil = restedAt + pauseMs
          } else restsUntil = Math.max(restsUntil, now() + asked)
        },
        ended: end,
      }
    },
    get failuresInARow() {
      return failures
    },
    get lastFailure() {
      return lastFailure
    },
  }
}
