import { APICallError } from 'ai'
import { clip } from '../../actors/kinds/support/clip.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, messageOf, RetryLaterError, TerminalError } from '../../schemas/errors.ts'

/** Milliseconds to wait after a 429 without `Retry-After`. */
const RETRY_AFTER_DEFAULT_MS = 5_000

/** Causes that are followed; an SDK wraps an error two or three times. */
const CAUSES_MAX = 8

/** The first error of Colloquy's own in a chain of causes. */
function ownErrorIn(error: unknown): ColloquyError | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < CAUSES_MAX; cause = cause.cause, depth++) {
    if (cause instanceof ColloquyError) return cause
  }
  return undefined
}

const CHECK_SETTINGS = 'check COLLOQUY_LLM_BASE_URL, COLLOQUY_LLM_MODEL and COLLOQUY_LLM_API_KEY'

/**
 * The error of the task for an error of the request or of its stream.
 *
 * @param check what to do where the endpoint refuses the request
 */
export function asTaskError(error: unknown, baseUrl: string, check = CHECK_SETTINGS): ColloquyError {
  const own = ownErrorIn(error)
  if (own !== undefined) return own
  if (!APICallError.isInstance(error)) {
    const isOtherFormat = error instanceof Error && FORMAT_ERRORS.has(error.name)
    return isOtherFormat
      ? new TerminalError('model_unfit' satisfies ErrorCode, `${baseUrl}: ${clip(messageOf(error), 500)}`, { cause: error })
      : new ColloquyError('model_unavailable', `${baseUrl}: ${clip(messageOf(error), 500)}`, { cause: error })
  }
  const { statusCode: status = 0, responseHeaders: headers = {} } = error
  const what = `${baseUrl} answered ${status}: ${clip(messageOf(error), 500)}`
  const retryAfterMs = retryAfter(headers['retry-after'])
  if (status === 429 || (status === 503 && retryAfterMs !== undefined)) {
    return new RetryLaterError('model_busy' satisfies ErrorCode, what, retryAfterMs ?? RETRY_AFTER_DEFAULT_MS, { cause: error })
  }
  if (status >= 400 && status < 500 && !error.isRetryable) {
    return new TerminalError('model_refused' satisfies ErrorCode, `${what}; ${check}`, { cause: error })
  }
  return new ColloquyError('model_unavailable', what, { cause: error })
}

/** Names of the SDK's errors for a response that is no stream of chat completions. */
const FORMAT_ERRORS: ReadonlySet<string> = new Set([
  'AI_JSONParseError',
  'AI_TypeValidationError',
  'AI_InvalidResponseDataError',
  'AI_EmptyResponseBodyError',
])

/** The milliseconds of a `Retry-After`, which is a number of seconds or a date. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, Math.ceil(ms)) : undefined
}
