/**
 * Waits for an answer, at most a time.
 *
 * @param ask gets a signal that aborts when the time is over: nobody waits for the answer any more.
 * @param late makes the error of an answer that did not come in time.
 */
export async function withinMs<T>(ms: number, ask: (signal: AbortSignal) => Promise<T>, late: () => Error): Promise<T> {
  const over = new AbortController()
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const timeout = setTimeout(() => {
    reject(late())
    over.abort()
  }, ms)
  try {
    return await Promise.race([ask(over.signal), tooLate])
  } finally {
    clearTimeout(timeout)
  }
}
