import pRetry from 'p-retry'
import type { Logger } from 'pino'
import { rateLimitedWarn } from './rate-limited-warn.ts'

/** A back-off that doubles from the first pause to the longest. */
export interface Pauses {
  readonly minMs: number
  readonly maxMs: number
}

export interface RetryOptions {
  readonly pauses: Pauses
  /** Randomises the pauses, so that callers that failed together do not retry together. Default: false. */
  readonly isJittered?: boolean
  /** Attempts after the first one; default: unlimited. */
  readonly retriesMax?: number
  /** Ends the retries; the caller gets its reason. */
  readonly signal?: AbortSignal | undefined
  /** Whether another attempt cannot succeed; default: every error is retried. */
  readonly isFinal?: (error: unknown) => boolean
  /** Whether the failed attempt made progress: it then does not count, and the next one follows at once. */
  readonly madeProgress?: () => Promise<boolean>
  /** Called before each pause, with its length in milliseconds. */
  readonly onRetry?: (error: unknown, pauseMs: number) => void
}

/**
 * Calls `attempt` until it succeeds. The first call is a plain call: a caller on a hot path pays for retries only after a failure. p-retry
 * computes the back-off from `pauses`.
 *
 * @throws what the last attempt threw, or the reason of the signal once it has aborted after a failure
 */
export async function withRetry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  let failure: AttemptFailed
  try {
    return await attempt()
  } catch (error) {
    failure = new AttemptFailed(error)
  }
  return retry(attempt, failure, options)
}

/** Wraps every failure for p-retry, which treats a TypeError as a bug and gives up: broken connections throw TypeErrors too. */
class AttemptFailed extends Error {
  constructor(cause: unknown) {
    super('an attempt failed', { cause })
  }
}

async function retry<T>(
  attempt: () => Promise<T>,
  first: AttemptFailed,
  { pauses, isJittered, retriesMax, signal, isFinal, madeProgress, onRetry }: RetryOptions,
): Promise<T> {
  const again = async (tries: number): Promise<T> => {
    if (tries === 1) throw first
    try {
      return await attempt()
    } catch (error) {
      throw new AttemptFailed(error)
    }
  }
  try {
    return await pRetry(again, {
      retries: retriesMax ?? Infinity,
      minTimeout: pauses.minMs,
      maxTimeout: pauses.maxMs,
      randomize: isJittered ?? false,
      ...(signal && { signal }),
      shouldConsumeRetry: async () => (await madeProgress?.()) !== true,
      shouldRetry({ error, retryDelay }) {
        if (isFinal?.(error.cause) === true) return false
        onRetry?.(error.cause, retryDelay)
        return true
      },
    })
  } catch (error) {
    throw error instanceof AttemptFailed ? error.cause : error
  }
}

const ASK_RETRIES_MAX = 5
const ASK_PAUSES: Pauses = { minMs: 20, maxMs: 5_000 }

/**
 * Repeats a request without an answer. One request that a busy server leaves unanswered must not fail a stage: the restart would discard
 * the work in flight and load the server with all of it again.
 *
 * @throws what the last attempt threw; the signal's reason after it has aborted, even with an answer
 */
export async function askWithRetry<T>(
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
  what: string,
  ask: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const answer = await withRetry(ask, {
    pauses: ASK_PAUSES,
    retriesMax: ASK_RETRIES_MAX,
    signal,
    onRetry: (err, pauseMs) => rateLimitedWarn(log, { what, err, pauseMs }, 'a request had no answer; retrying'),
  })
  signal.throwIfAborted()
  return answer
}

/** The back-off before a process, thread or stage that ended by itself is restarted. */
export interface RestartPauses {
  /** The next pause. A long run counts as healthy and resets the back-off. */
  after(ranMs: number): number
  /** Resets the back-off. */
  reset(): void
}

const RESTART_MIN_MS = 100
const RESTART_MAX_MS = 10_000
const HEALTHY_MS = 30_000

/** From 100 ms, doubling, to 10 s. With jitter each pause is shortened at random by up to a half. */
export function restartPauses({ isJittered = false }: { readonly isJittered?: boolean } = {}): RestartPauses {
  let failures = 0
  return {
    after(ranMs) {
      if (ranMs > HEALTHY_MS) failures = 0
      return backOffMs(failures++, { minMs: RESTART_MIN_MS, maxMs: RESTART_MAX_MS }, isJittered)
    },
    reset() {
      failures = 0
    },
  }
}

/** The pause after a failure, by the number of failures in a row before it. */
export function backOffMs(failuresBefore: number, { minMs, maxMs }: Pauses, isJittered = false): number {
  const pauseMs = Math.min(minMs * 2 ** failuresBefore, maxMs)
  return isJittered ? Math.round(pauseMs * (0.5 + Math.random() / 2)) : pauseMs
}
