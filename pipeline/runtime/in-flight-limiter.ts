/** Bounds work in flight by count and by bytes. The last item admitted may exceed the bound; the next one waits. */
export interface InFlightLimiter {
  acquire(bytes: number): void
  release(bytes: number): void
  readonly isFull: boolean
  /** Settles when the work in flight is below the bounds. */
  whenAvailable(): Promise<void>
  /** Settles when nothing is in flight. */
  whenIdle(): Promise<void>
  /** Settles all waits although the bounds are not met: the work they wait for has ended without a result. */
  cancelWaiters(): void
}

export function createInFlightLimiter(bounds: { countMax: number; bytesMax: number }): InFlightLimiter {
  let count = 0
  let bytes = 0
  let waiting: { until: () => boolean; go: () => void }[] = []
  const isFull = (): boolean => count >= bounds.countMax || bytes >= bounds.bytesMax
  const wait = (until: () => boolean): Promise<void> =>
    until()
      ? Promise.resolve()
      : new Promise((go) => {
          waiting.push({ until, go })
        })
  return {
    acquire(size) {
      count += 1
      bytes += size
    },
    release(size) {
      count -= 1
      bytes -= size
      if (waiting.length === 0) return
      const ready = waiting.filter((waiter) => waiter.until())
      waiting = waiting.filter((waiter) => !ready.includes(waiter))
      for (const waiter of ready) waiter.go()
    },
    get isFull() {
      return isFull()
    },
    whenAvailable: () => wait(() => !isFull()),
    whenIdle: () => wait(() => count === 0),
    cancelWaiters() {
      for (const waiter of waiting.splice(0)) waiter.go()
    },
  }
}
