import { setTimeout as delay } from 'node:timers/promises'
import { ColloquyError } from '../../schemas/errors.ts'

export interface Sample {
  /** Of `performance.now()`. */
  readonly atMs: number
  readonly value: number
}

/** Follows a number that only rises, such as the last sequence of a stream, by asking for it over and over. */
export interface Watch {
  readonly value: number
  /** Settles with the next answer. */
  next(): Promise<Sample>
  /**
   * The sample that first showed a value of at least this one; it is late by the interval at most.
   *
   * @throws ColloquyError `not_level` where it was not reached in time, or whatever asking came to.
   */
  reached(value: number, timeoutMs: number): Promise<Sample>
  stop(): Promise<void>
}

/** @param name for the error. @throws whatever the first `read` throws */
export async function startWatch(name: string, read: () => Promise<number>, everyMs: number): Promise<Watch> {
  const stopping = new AbortController()
  let last: Sample = { value: await read(), atMs: performance.now() }
  let upcoming = Promise.withResolvers<Sample>()
  const ask = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await delay(everyMs, undefined, { signal: stopping.signal })
      last = { value: await read(), atMs: performance.now() }
      upcoming.resolve(last)
      upcoming = Promise.withResolvers()
    }
  }
  const asking = ask().catch((error: unknown) => {
    // Whoever waits now, or comes later, is told; nobody may be waiting.
    upcoming.promise.catch(() => undefined)
    upcoming.reject(error)
  })
  return {
    get value() {
      return last.value
    },
    next: () => upcoming.promise,
    async reached(value, timeoutMs) {
      const deadline = performance.now() + timeoutMs
      for (let sample = last; ; sample = await upcoming.promise) {
        if (sample.value >= value) return sample
        if (performance.now() < deadline) continue
        throw new ColloquyError('not_level', `${name} was at ${sample.value} after ${timeoutMs} ms, not at ${value}`)
      }
    },
    async stop() {
      stopping.abort()
      await asking
    },
  }
}
