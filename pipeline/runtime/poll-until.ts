import { setTimeout as delay } from 'node:timers/promises'

const PAUSE_MIN_MS = 5
const PAUSE_MAX_MS = 250

export interface PollOptions {
  /** Ends the asking with its reason. */
  readonly signal: AbortSignal
  /** Settles when it may be worth while to ask before the pause is over. */
  readonly hint?: () => Promise<void>
}

/**
 * Asks until there is an answer, with pauses that double up to a quarter of a second.
 *
 * @throws the signal's reason as soon as it aborts, and whatever `ask` throws.
 */
export async function pollUntil<T>(ask: () => Promise<T | undefined>, { signal, hint }: PollOptions): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    for (let pauseMs = PAUSE_MIN_MS; ;) {
      // Before asking, so that nothing that happens meanwhile is missed.
      const hinted = hint?.().then(() => true)
      const answer = await Promise.race([ask(), aborted])
      if (answer !== undefined) return answer
      const pause = delay(pauseMs, false)
      const isHinted = await Promise.race([aborted, pause, hinted ?? pause])
      pauseMs = isHinted ? PAUSE_MIN_MS : Math.min(pauseMs * 2, PAUSE_MAX_MS)
    }
  } finally {
    signal.removeEventListener('abort', abort)
    aborted.catch(() => undefined)
  }
}

/** The same question asked by many at one time is put once. */
export function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined
  return () => {
    asked ??= ask().finally(() => { asked = undefined })
    return asked
  }
}
