import type { Logger } from 'pino'

const WINDOW_MS = 10_000

/** When a message was last logged, and how many lines of it were suppressed since. */
interface Written {
  readonly atMs: number
  suppressed: number
}

const written = new WeakMap<Logger, Map<string, Written>>()

/**
 * Logs a warning at most once in ten seconds per message and logger, with the number of lines suppressed since (`suppressed`). For faults
 * that hit everything in flight at once, as an outage does.
 *
 * @param message one of a fixed set: each is kept in memory
 * @param windowMs instead of ten seconds
 */
export function rateLimitedWarn(log: Logger, fields: object, message: string, windowMs = WINDOW_MS): void {
  let messages = written.get(log)
  if (messages === undefined) written.set(log, (messages = new Map<string, Written>()))
  const last = messages.get(message)
  const nowMs = performance.now()
  if (last !== undefined && nowMs - last.atMs < windowMs) {
    last.suppressed += 1
    return
  }
  messages.set(message, { atMs: nowMs, suppressed: 0 })
  log.warn(last === undefined || last.suppressed === 0 ? fields : { ...fields, suppressed: last.suppressed }, message)
}
