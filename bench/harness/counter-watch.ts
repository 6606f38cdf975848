import { setTimeout as delay } from 'node:timers/promises'
import { ColloquyError } from '../../schemas/errors.ts'

export interface Sample {
  /** Time of the sample, by `performance.now()`. */
  readonly atMs: number
  readonly value: number
}

/** Polls a number that only rises, such as the last sequence of a stream. */
export interface CounterWatch {
  readonly value: number
  /** Resolves with the next sample. */
  next(): Promise<Sample>
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
    next: () => upcoming.promise,
    async reached(value, timeoutMs) {
      const deadline = performance.now() + timeoutMs
      for (let sample = last; ; sample = await upcoming.promise) {
        if (sample.value >= value) return sample
        if (performance.now() < deadline) continue
        throw new ColloquyError('not_level', `${name} was ${sample.value} after ${timeoutMs} ms; expected ${value}`)
      }
    },
    async stop() {
      stopping.abort()
      await asking
    },
  }
}
