import { setTimeout as delay } from 'node:timers/promises'
import { backOffMs, type Pauses } from '../runtime/retry.ts'

export interface KeepReadingOptions {
  /** After interruptions in a row. One that follows a reading longer than the longest pause counts as the first. */
  readonly pauses: Pauses
  /** Ends it; the caller also stops the reader that is open. */
  readonly signal: AbortSignal
  /** Asked before each reading. Default: until the signal aborts. */
  readonly isWanted?: () => boolean
  readonly onInterrupted: (error: unknown) => void
}

/** Reads again whenever a reading has ended: at once where its reader was stopped, with back-off after an interruption. Never rejects. */
export async function keepReading(
  read: () => Promise<void>,
  { pauses, signal, isWanted = () => true, onInterrupted }: KeepReadingOptions,
): Promise<void> {
  for (let failures = 0; isWanted() && !signal.aborted;) {
    const startedMs = performance.now()
    try {
      await read()
    } catch (error) {
      onInterrupted(error)
      failures = performance.now() - startedMs > pauses.maxMs ? 0 : failures + 1
      await delay(backOffMs(failures, pauses), undefined, { signal }).catch(() => undefined)
    }
  }
}
