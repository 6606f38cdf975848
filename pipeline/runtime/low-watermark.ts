/**
 * Tracks a stream whose messages are taken in order and finished in any order. `low` is the highest sequence up to which every taken
 * message is finished. Memory grows with the messages in flight only.
 */
export interface LowWatermark {
  /** Sequences must ascend. */
  take(seq: number): void
  finish(seq: number): void
  readonly low: number
  readonly unfinished: number
}

export function createLowWatermark(start: number): LowWatermark {
  // In the order of taking: the first key is the oldest unfinished sequence.
  const open = new Map<number, true>()
  let highest = start
  let low = start
  return {
    take(seq) {
      open.set(seq, true)
      highest = seq
    },
    finish(seq) {
      open.delete(seq)
      const [oldest] = open.keys()
      low = oldest === undefined ? highest : oldest - 1
    },
    get low() {
      return low
    },
    get unfinished() {
      return open.size
    },
  }
}
