/** Counts what is under way, for somebody who waits until nothing is. */
export interface Countdown {
  enter(): void
  leave(): void
  readonly count: number
  /** Settles when nothing is under way. */
  empty(): Promise<void>
}

export function createCountdown(): Countdown {
  let count = 0
  let waiting: (() => void)[] = []
  return {
    enter() {
      count += 1
    },
    leave() {
      count -= 1
      if (count > 0) return
      for (const go of waiting) go()
      waiting = []
    },
    get count() {
      return count
    },
    empty: () => (count === 0 ? Promise.resolve() : new Promise((go) => void waiting.push(go))),
  }
}
