import type { Logger } from 'pino'
import pRetry from 'p-retry'
import { rateLimitedWarn } from './rate-limited-warn.ts'

const RETRIES_MAX = 5
const PAUSE_MIN_MS = 20
const PAUSE_MAX_MS = 5_000

/**
 * Asks again where there is no answer: one question that a busy server left unanswered must not end a stage, which would throw away what is
 * under way and ask a busy server for all of it once more. @throws what the last try threw
 */
export const withRetry = <T>(deps: { readonly log: Logger; readonly signal: AbortSignal }, what: string, ask: () => Promise<T>): Promise<T> =>
  pRetry(ask, {
    retries: RETRIES_MAX, minTimeout: PAUSE_MIN_MS, maxTimeout: PAUSE_MAX_MS, signal: deps.signal,
    onFailedAttempt: ({ error }) => rateLimitedWarn(deps.log, { what, err: error }, 'a question had no answer; it is asked again unless that was the last try'),
  })
