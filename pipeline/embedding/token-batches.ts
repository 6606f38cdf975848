/** Something to embed, as tokens. */
export interface Tokens {
  readonly tokens: readonly number[]
}

/** Shares texts out over runs of the model. */
export interface Batcher<Item extends Tokens> {
  add(items: readonly Item[]): void
  /** What the next run is to be made of; `undefined` where nothing waits. */
  next(): Item[] | undefined
  readonly isEmpty: boolean
}

/** Texts of one run at most, however short they are. */
const BATCH_TEXTS_MAX = 256

/**
 * Puts texts of like length together, since all of a run are padded to its longest: the text that has waited longest, and those that are
 * nearest to it in length, as many as make up `tokensMax` padded tokens. One text alone may be longer than that. None waits for ever.
 */
export function createBatcher<Item extends Tokens>(tokensMax: number): Batcher<Item> {
  /** In the order of their coming. */
  const waiting = new Set<Item>()
  /** The same by length. */
  let sorted: Item[] = []

  return {
    add(items) {
      for (const item of items) waiting.add(item)
      sorted = [...sorted, ...items].sort((a, b) => a.tokens.length - b.tokens.length)
    },
    next() {
      const [oldest] = waiting
      if (oldest === undefined) return undefined
      let end = sorted.indexOf(oldest) + 1
      const room = Math.min(BATCH_TEXTS_MAX, Math.max(1, Math.floor(tokensMax / Math.max(1, oldest.tokens.length))))
      const start = Math.max(0, end - room)
      // With too few shorter ones, longer ones fill the run up; they pad all others.
      for (let next = sorted[end]; next !== undefined && end - start < BATCH_TEXTS_MAX && (end - start + 1) * next.tokens.length <= tokensMax; next = sorted[end]) {
        end += 1
      }
      const batch = sorted.splice(start, end - start)
      for (const item of batch) waiting.delete(item)
      return batch
    },
    get isEmpty() {
      return waiting.size === 0
    },
  }
}
