/** Places for work that clients take in turns. */
export interface FairTurns {
  /**
   * Runs work when it is the client's turn. Its callers bound how much waits.
   *
   * @throws the reason of the signal where it aborts before the work begins, and the errors of the work
   */
  run<Result>(client: string, work: () => Promise<Result>, signal: AbortSignal): Promise<Result>
}

export interface TurnLimits {
  /** Work at one time. */
  readonly placesMax: number
  /** Work of one client at one time. With fewer than `placesMax`, no client alone keeps others waiting. */
  readonly perClientMax: number
}

/** Creates places that clients take in turns: who began last comes last. The work of one client begins in the order of the calls. */
export function createFairTurns({ placesMax, perClientMax }: TurnLimits): FairTurns {
  /** Beginnings that wait, by client; the next one's turn is first. */
  const waiting = new Map<string, (() => void)[]>()
  const running = new Map<string, number>()
  let taken = 0

  const change = (client: string, by: 1 | -1): void => {
    taken += by
    const count = (running.get(client) ?? 0) + by
    if (count > 0) running.set(client, count)
    else running.delete(client)
  }
  /** A client that has begun is put behind the others, and is looked at again there. */
  const beginNext = (): void => {
    for (const [client, [begin, ...later]] of waiting) {
      if (taken >= placesMax) return
      if ((running.get(client) ?? 0) >= perClientMax) continue
      waiting.delete(client)
      if (later.length > 0) waiting.set(client, later)
      change(client, 1)
      begin?.()
    }
  }
  const turnOf = async (client: string, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const begin = (): void => resolve()
    const leave = (): void => {
      const others = (waiting.get(client) ?? []).filter((one) => one !== begin)
      if (others.length > 0) waiting.set(client, others)
      else waiting.delete(client)
      reject(signal.reason)
    }
    waiting.set(client, [...(waiting.get(client) ?? []), begin])
    signal.addEventListener('abort', leave, { once: true })
    beginNext()
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }
  return {
    async run(client, work, signal) {
      await turnOf(client, signal)
      try {
        return await work()
      } finally {
        change(client, -1)
        beginNext()
      }
    },
  }
}
