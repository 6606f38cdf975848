import { ColloquyError } from '../../../schemas/errors.ts'
import { FIRST_TOKEN_DEFAULT_MS, type ModelOptions, STALL_DEFAULT_MS, TIMEOUT_DEFAULT_MS } from './model-options.ts'

/** Bounds the time of a streamed answer. The timeouts of the SDK begin with the response: a server that never responds has none there. */
export interface TokenClock {
  /** Aborts with the error `model_timeout`, whose message says which time has passed. */
  readonly signal: AbortSignal
  /** A token came. */
  token(): void
  stop(): void
}

/** Starts with the request. */
export function startTokenClock({
  baseUrl,
  timeoutMs = TIMEOUT_DEFAULT_MS,
  firstTokenMs = FIRST_TOKEN_DEFAULT_MS,
  stallMs = STALL_DEFAULT_MS,
}: ModelOptions): TokenClock {
  const timeout = new AbortController()
  const after = (ms: number, what: string) =>
    setTimeout(() => timeout.abort(new ColloquyError('model_timeout', `${baseUrl} gave ${what} within ${ms} ms`)), ms)
  const total = after(timeoutMs, 'no whole answer')
  let next = after(firstTokenMs, 'no token')
  return {
    signal: timeout.signal,
    token() {
      clearTimeout(next)
      next = after(stallMs, 'no further token')
    },
    stop() {
      clearTimeout(next)
      clearTimeout(total)
    },
  }
}
