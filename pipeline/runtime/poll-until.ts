import { setTimeout as delay } from 'node:timers/promises'
import { backOffMs, type Pauses } from './retry.ts'

const PAUSES: Pauses = { minMs: 5, maxMs: 250 }

export interface PollOptions {
  /** Ends the asking with its reason. */
  readonly signal?: AbortSignal
  /** Default: from 5 to 250 ms. */
  readonly pauses?: Pauses
  /** Settles when it may be worth while to ask before the pause is over. */
  readonly hint?: () => Promise<void>
}

/**
 * Asks until there is an answer, with pauses that double.
 *
 * @throws the signal's reason as soon as it aborts, and whatever `ask` throws.
 */
export async function pollUntil<T>(ask: () => Promise<T | undefined>, { signal, hint, pauses = PAUSES }: PollOptions = {}): Promise<T> {
  signal?.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    for (let unanswered = 0; ;) {
      // Before asking, so that nothing that happens meanwhile is missed.
      const hinted = hint?.().then(() => true)
      const answer = await Promise.race([ask(), aborted])
      if (answer !== undefined) return answer
      const pause = delay(backOffMs(unanswered, pauses), false)
      const isHinted = await Promise.race([aborted, pause, hinted ?? pause])
      unanswered = isHinted ? 0 : unanswered + 1
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    aborted.catch(() => undefined)
  }
}

/** The same question asked by many at one time is put once. */
export function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined
  return () => {
    asked ??= ask().finally(() => {
      asked = undefined
    })
    return asked
  }
}
