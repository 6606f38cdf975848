import { setTimeout as delay } from 'node:timers/promises'
import { backOffMs, type Pauses } from './retry.ts'

/** Waits until a number that only rises, such as the position of a stage, has reached a value. */
export interface LevelWait {
  /** @throws the signal's reason as soon as it aborts, and what reading the level throws while this call waits. */
  reached(value: number, signal: AbortSignal): Promise<void>
}

/** Pauses between two readings. They double while the level stands still. */
const PAUSES: Pauses = { minMs: 5, maxMs: 250 }

interface Waiter {
  readonly value: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** However many wait, the level is read by one of them at a time, and by none while nobody waits. */
export function createLevelWait(read: () => Promise<number>): LevelWait {
  const waiting = new Set<Waiter>()
  let isReading = false

  /** Reads once. Returns the level; `undefined` if it could not be read, which ends all waits. */
  const readOnce = async (): Promise<number | undefined> => {
    // Who comes during the reading is told by the next one.
    const asked = [...waiting]
    try {
      const level = await read()
      for (const waiter of asked) {
        if (waiter.value > level) continue
        waiting.delete(waiter)
        waiter.resolve()
      }
      return level
    } catch (error) {
      for (const waiter of asked) {
        waiting.delete(waiter)
        waiter.reject(error)
      }
      return undefined
    }
  }
  const readWhileWaiting = async (): Promise<void> => {
    isReading = true
    let before: number | undefined
    for (let unchanged = 0; waiting.size > 0;) {
      const level = await readOnce()
      unchanged = level === before ? unchanged + 1 : 0
      before = level
      if (waiting.size > 0) await delay(backOffMs(unchanged, PAUSES))
    }
    isReading = false
  }

  return {
    async reached(value, signal) {
      signal.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const waiter: Waiter = { value, resolve, reject }
      const abort = (): void => reject(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      waiting.add(waiter)
      if (!isReading) void readWhileWaiting()
      try {
        await promise
      } finally {
        waiting.delete(waiter)
        signal.removeEventListener('abort', abort)
      }
    },
  }
}
