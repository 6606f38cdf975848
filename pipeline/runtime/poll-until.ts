import { setTimeout as delay } from 'node:timers/promises'
import { backOffMs, type Pauses } from './retry.ts'

const PAUSES: Pauses = { minMs: 5, maxMs: 250 }

export interface PollOptions {
  /** Ends the asking with its reason. */
  readonly signal?: AbortSignal
  /** Default: from 5 to 250 ms. */
  readonly pauses?: Pauses
}

/**
 * Asks until there is an answer, with pauses that double.
 *
 * @throws the signal's reason as soon as it aborts, and whatever `ask` throws.
 */
export async function pollUntil<T>(ask: () => Promise<T | undefined>, { signal, pauses = PAUSES }: PollOptions = {}): Promise<T> {
  signal?.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    for (let unanswered = 0; ; unanswered++) {
      const answer = await Promise.race([ask(), aborted])
      if (answer !== undefined) return answer
      await Promise.race([aborted, delay(backOffMs(unanswered, pauses))])
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
