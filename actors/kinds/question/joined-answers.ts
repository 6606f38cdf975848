/** Answers that have ended and may still be given to questions that waited meanwhile; the oldest are forgotten first. */
export const ENDED_ANSWERS_MAX = 1_000

/** An answer, and whether it was made for an equal question. */
export interface Joined<Value> {
  readonly value: Value
  readonly isJoined: boolean
}

/**
 * Answers equal questions once in this process: those that are asked until the answer is there.
 *
 * @param key equal for questions that may have one answer
 * @param askedMs when this question was asked, milliseconds since 1970
 * @param answer makes the answer. Where it rejects, an equal question that waits for it makes its own
 */
export type JoinAnswers<Value> = (key: string, askedMs: number, answer: () => Promise<Value>) => Promise<Joined<Value>>

interface Flight<Value> {
  readonly value: Promise<Value>
  /** `undefined`: it has not ended. */
  endedMs: number | undefined
}

/** @param now milliseconds since 1970 */
export function createJoinedAnswers<Value>(now: () => number): JoinAnswers<Value> {
  const flights = new Map<string, Flight<Value>>()
  const forgetOldest = (): void => {
    if (flights.size <= ENDED_ANSWERS_MAX) return
    const oldest = [...flights].find(([, { endedMs }]) => endedMs !== undefined)
    if (oldest !== undefined) flights.delete(oldest[0])
  }
  const start = (key: string, answer: () => Promise<Value>): Flight<Value> => {
    const ends = (): void => {
      flight.endedMs = now()
    }
    const fails = (error: unknown): never => {
      if (flights.get(key) === flight) flights.delete(key)
      throw error
    }
    const value = answer().then((given) => {
      ends()
      return given
    }, fails)
    const flight: Flight<Value> = { value, endedMs: undefined }
    flights.delete(key)
    flights.set(key, flight)
    forgetOldest()
    return flight
  }
  return async (key, askedMs, answer) => {
    for (let flight = flights.get(key); flight !== undefined; flight = flights.get(key)) {
      if (flight.endedMs !== undefined && flight.endedMs < askedMs) break
      try {
        return { value: await flight.value, isJoined: true }
      } catch {
        // The one that made the answer tells the error.
      }
    }
    return { value: await start(key, answer).value, isJoined: false }
  }
}
