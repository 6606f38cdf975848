import type { ErrorCode } from './error-codes.ts'

/**
 * The error that Colloquy throws on purpose. `code` is stable and is what callers match on; `message` says what
 * happened, where, and what to do about it. Expected refusals (a bad message, a repeat) are results, never this.
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
 * An error under a code that was passed on, and that the catalogue need not have: the author of a task, a library, a server or another
 * process chose it.
 */
export class ForeignCodeError extends ColloquyError {
  override readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super('error', message, options)
    this.code = code
  }
}

/** The `code` of anything thrown, if it carries one: ours, Node's (`ECONNREFUSED`) or a library's. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' || typeof error.code === 'number' ? String(error.code) : undefined
}

/** Whether anything thrown carries this code of ours. */
export const hasCode = (error: unknown, code: ErrorCode): boolean => codeOf(error) === code

/** The message of anything thrown, for a log line or a record; a task's error is an object with code and message, and no Error. */
export function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const message: unknown = 'message' in error ? error.message : undefined
  if (typeof message !== 'string') return JSON.stringify(error)
  const code = error instanceof Error ? undefined : codeOf(error)
  return code === undefined ? message : `${code}: ${message}`
}

/** A task's failure that no retry can mend: the runner reports it at once. The code is the task's own. */
export class TerminalError extends ForeignCodeError {}

/** A task's failure after which the outside world asked for a pause: the next attempt waits at least this long. */
export class RetryLaterError extends ForeignCodeError {
  readonly retryAfterMs: number

  constructor(code: string, message: string, retryAfterMs: number, options?: { cause?: unknown }) {
    super(code, message, options)
    this.retryAfterMs = retryAfterMs
  }
}
