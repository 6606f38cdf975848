/** Counts work in flight; a caller can wait until it is zero. */
export interface InFlightCounter {
  increment(): void
  decrement(): void
  readonly count: number
  /** Settles when the count is zero. */
  whenZero(): Promise<void>
}

export function createInFlightCounter(): InFlightCounter {
  let count = 0
  let waiting: (() => void)[] = []
  return {
    increment() {
      count += 1
    },
    decrement() {
      count -= 1
      if (count > 0) return
      for (const go of waiting) go()
      waiting = []
    },
    get count() {
      return count
    },
    whenZero: () => (count === 0 ? Promise.resolve() : new Promise((go) => void waiting.push(go))),
  }
}
