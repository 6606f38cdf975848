import pRetry from 'p-retry'
import type { Logger } from 'pino'
import { rateLimitedWarn } from './rate-limited-warn.ts'

/** Pauses that double from one to the other. */
export interface Pauses {
  readonly minMs: number
  readonly maxMs: number
}

export interface RetryOptions {
  readonly pauses: Pauses
  /** Spreads the pauses, so that callers that failed together do not come back together. Default: false. */
  readonly isJittered?: boolean
  /** Tries after the first one; default: without end. */
  readonly retriesMax?: number
  /** Ends the pauses, and the trying with them: the caller gets its reason. */
  readonly signal?: AbortSignal | undefined
  /** Whether another try cannot mend this; default: every error is worth another try. */
  readonly isFinal?: (error: unknown) => boolean
  /** Whether the try that just failed got something done: then it is not counted, and the next one follows at once. */
  readonly gotAhead?: () => Promise<boolean>
  /** Called before each pause, in ms. */
  readonly onRetry?: (error: unknown, pauseMs: number) => void
}

/**
 * Calls `attempt` until it succeeds. The first call is a plain one, so that a caller on a hot path pays for retries only after a failure.
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

/** p-retry gives up at a TypeError, which to it is a bug; a broken connection throws them too, so every failure goes to it in this. */
class AttemptFailed extends Error {
  constructor(cause: unknown) {
    super('an attempt failed', { cause })
  }
}

async function retry<T>(
  attempt: () => Promise<T>,
  first: AttemptFailed,
  { pauses, isJittered, retriesMax, signal, isFinal, gotAhead, onRetry }: RetryOptions,
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
      shouldConsumeRetry: async () => (await gotAhead?.()) !== true,
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
 * Asks again where there is no answer: one question that a busy server left unanswered must not end a stage, which would throw away what is
 * under way and ask a busy server for all of it once more.
 *
 * @throws what the last try threw, and the reason of the signal where it has aborted, even if there was an answer
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
    onRetry: (err, pauseMs) => rateLimitedWarn(log, { what, err, pauseMs }, 'a question had no answer; it is asked again'),
  })
  signal.throwIfAborted()
  return answer
}

/** The pauses before something that ended by itself is started again. */
export interface RestartPauses {
  /** The next pause. One that ran for long counts as healthy: the pause after it is the shortest again. */
  after(ranMs: number): number
  /** The next pause is the shortest again. */
  reset(): void
}

const RESTART_MIN_MS = 100
const RESTART_MAX_MS = 10_000
const HEALTHY_MS = 30_000

/** From 100 ms, doubling, to 10 s; jittered, each is shortened at random by up to a half. */
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

/** The pause after a failure that followed so many others in a row. */
export function backOffMs(failuresBefore: number, { minMs, maxMs }: Pauses, isJittered = false): number {
  const pauseMs = Math.min(minMs * 2 ** failuresBefore, maxMs)
  return isJittered ? Math.round(pauseMs * (0.5 + Math.random() / 2)) : pauseMs
}
