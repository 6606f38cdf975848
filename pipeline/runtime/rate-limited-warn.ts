import type { Logger } from 'pino'

const WINDOW_MS = 10_000

/** When a message was last written, and how many lines of it were not since. */
interface Written {
  readonly atMs: number
  suppressed: number
}

const written = new WeakMap<Logger, Map<string, Written>>()

/**
 * Warns of what goes wrong for many at one time and over and over, as in an outage it does for everything that is under way: the first time
 * at once, then once in ten seconds at most, with how many lines of this message the logger left out since (`suppressed`).
 *
 * @param message one of a few: each is remembered.
 */
export function rateLimitedWarn(log: Logger, fields: object, message: string): void {
  let messages = written.get(log)
  if (messages === undefined) written.set(log, messages = new Map<string, Written>())
  const last = messages.get(message)
  const nowMs = performance.now()
  if (last !== undefined && nowMs - last.atMs < WINDOW_MS) {
    last.suppressed += 1
    return
  }
  messages.set(message, { atMs: nowMs, suppressed: 0 })
  log.warn(last === undefined || last.suppressed === 0 ? fields : { ...fields, suppressed: last.suppressed }, message)
}
