/** Runs work concurrently up to a limit, and reports the first failure to the next caller. */
export interface ConcurrencyLimit {
  /** Adds work and settles when another may be added. @throws the first failure of any work */
  add(work: Promise<void>): Promise<void>
  /** Settles when all work is done. @throws the first failure of any work */
  done(): Promise<void>
}

export function createConcurrencyLimit(countMax: number): ConcurrencyLimit {
  const inFlight = new Set<Promise<void>>()
  const failures: unknown[] = []
  const check = (): void => {
    if (failures.length > 0) throw failures[0]
  }
  return {
    async add(work) {
      const one: Promise<void> = work
        .catch((error: unknown) => {
          failures.push(error)
        })
        .finally(() => inFlight.delete(one))
      inFlight.add(one)
      if (inFlight.size >= countMax) await Promise.race(inFlight)
      check()
    },
    async done() {
      await Promise.all(inFlight)
      check()
    },
  }
}
