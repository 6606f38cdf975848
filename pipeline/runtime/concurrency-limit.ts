/** Work side by side, no more of it than a bound, of which no failure goes unseen. */
export interface ConcurrencyLimit {
  /** Takes one more in, and settles as soon as there is room for another. @throws the first failure of any */
  add(work: Promise<void>): Promise<void>
  /** Settles when all is done. @throws the first failure of any */
  done(): Promise<void>
}

export function createConcurrencyLimit(countMax: number): ConcurrencyLimit {
  const underWay = new Set<Promise<void>>()
  const failures: unknown[] = []
  const check = (): void => {
    if (failures.length > 0) throw failures[0]
  }
  return {
    async add(work) {
      const one: Promise<void> = work.catch((error: unknown) => { failures.push(error) }).finally(() => underWay.delete(one))
      underWay.add(one)
      if (underWay.size >= countMax) await Promise.race(underWay)
      check()
    },
    async done() {
      await Promise.all(underWay)
      check()
    },
  }
}
