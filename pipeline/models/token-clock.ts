import { ColloquyError } from '../../schemas/errors.ts'
import type { ModelEntry } from '../../schemas/models-file.ts'

/** Bounds the time of a streamed answer. The timeouts of the SDK begin with the response: a server that never responds has none there. */
export interface TokenClock {
  /** Aborts with the error `model_timeout`, whose message says which time has passed. */
  readonly signal: AbortSignal
  /** A token came. */
  token(): void
  stop(): void
}

/**
 * Starts with the request.
 *
 * @param who names the model in the error
 */
export function startTokenClock(
  who: string,
  { totalMs, firstTokenMs, stallMs }: Pick<ModelEntry, 'totalMs' | 'firstTokenMs' | 'stallMs'>,
): TokenClock {
  const timeout = new AbortController()
  const after = (ms: number, what: string) =>
    setTimeout(() => timeout.abort(new ColloquyError('model_timeout', `${who} gave ${what} within ${ms} ms`)), ms)
  const total = after(totalMs, 'no whole answer')
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
