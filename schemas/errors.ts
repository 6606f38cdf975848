import type { ErrorCode } from './error-codes.ts'
import { shownValue } from './shown-value.ts'

/**
 * An error that Colloquy throws on purpose. Callers match on `code`, which is stable. `message` says what happened, where, and what to do.
 * Expected refusals, such as an invalid or duplicate message, are results and not errors.
 */
export class ColloquyError extends Error {
  /** One of `ERROR_CODES`, except in a `ForeignCodeError`. */
  readonly code: string

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ColloquyError'
    this.code = code
  }
}

/**
 * An error with a code that Colloquy passes on. The author of a task, a library, a server or another process chose the code, so the
 * catalogue need not have it.
 */
export class ForeignCodeError extends ColloquyError {
  override readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super('error', message, options)
    this.code = code
  }
}

/** A DOMException has a number as its code (23: a timeout), which tells nobody anything. */
const DOM_CODES: Readonly<Record<string, string>> = { TimeoutError: 'timeout', AbortError: 'aborted' }

/** The `code` of any thrown value that has one: Colloquy's, Node's (`ECONNREFUSED`) or a library's. That of a DOMException is a word. */
export function codeOf(error: unknown): string | undefined {
  try {
    if (error instanceof DOMException) return DOM_CODES[error.name] ?? error.name
    if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
    const { code } = error
    return typeof code === 'string' || typeof code === 'number' ? String(code) : undefined
  } catch {
    // A getter threw.
    return undefined
  }
}

/** Whether a thrown value carries this code of Colloquy. */
export const hasCode = (error: unknown, code: ErrorCode): boolean => codeOf(error) === code

/**
 * The message of any thrown value, for a log line or a record. The error of a task is a plain object with code and message. Never throws:
 * the code of a kind may throw an object whose getters throw.
 */
export function messageOf(error: unknown): string {
  try {
    if (typeof error !== 'object' || error === null) return String(error)
    const message: unknown = 'message' in error ? error.message : undefined
    if (typeof message !== 'string') return JSON.stringify(error) ?? shownValue(error)
    const code = error instanceof Error ? undefined : codeOf(error)
    return code === undefined ? message : `${code}: ${message}`
  } catch {
    return shownValue(error)
  }
}

/** A failure of a task that no retry can fix. The runner reports it without another attempt. The code is the task's own. */
export class TerminalError extends ForeignCodeError {}

/** A failure of a task because an outside system asked it to wait. The next attempt waits at least `retryAfterMs`. */
export class RetryLaterError extends ForeignCodeError {
  readonly retryAfterMs: number

  constructor(code: string, message: string, retryAfterMs: number, options?: { cause?: unknown }) {
    super(code, message, options)
    this.retryAfterMs = retryAfterMs
  }
}
