import { setTimeout as delay } from 'node:timers/promises'
import { waitFor } from './in-time.ts'

export interface Sample {
  /** Time of the sample, by `performance.now()`. */
  readonly atMs: number
  readonly value: number
}

/** Polls a number that only rises, such as the last sequence of a stream. */
export interface CounterWatch {
  readonly value: number
  /**
   * Resolves with the first sample that has at least this value. The sample is late by at most one interval.
   *
   * @throws ColloquyError `not_level` if the value was not reached in time; errors of `read` pass through.
   */
  reached(value: number, timeoutMs: number): Promise<Sample>
  stop(): Promise<void>
}

/** @param name for error messages. @throws the error of the first `read` */
export async function watchCounter(name: string, read: () => Promise<number>, everyMs: number): Promise<CounterWatch> {
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
    // Current and later callers get the error. If there is no caller, Node must not report it as unhandled.
    upcoming.promise.catch(() => undefined)
    upcoming.reject(error)
  })
  return {
    get value() {
      return last.value
    },
    reached(value, timeoutMs) {
      const reach = async (): Promise<Sample> => {
        let sample = last
        while (sample.value < value) sample = await upcoming.promise
        return sample
      }
      return waitFor(reach(), timeoutMs, () => `${name} is ${last.value}; expected ${value}`)
    },
    async stop() {
      stopping.abort()
      await asking
    },
  }
}
