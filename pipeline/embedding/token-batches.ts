/** The tokens of a text to embed. */
export interface Tokens {
  readonly tokens: readonly number[]
}

/** Groups queued texts into model runs. */
export interface Batcher<Item extends Tokens> {
  add(items: readonly Item[]): void
  /** Removes and returns the texts of the next run; `undefined` if the queue is empty. */
  next(): Item[] | undefined
  readonly isEmpty: boolean
}

/** Max texts of one run, however short they are. */
const BATCH_TEXTS_MAX = 256

/**
 * Batches texts of similar length, because all texts of a run are padded to the longest. Each batch has the oldest text and those nearest
 * to it in length, up to `tokensMax` padded tokens. A longer text gets a run of its own. Every text is sent eventually.
 */
export function createBatcher<Item extends Tokens>(tokensMax: number): Batcher<Item> {
  /** In order of arrival. */
  const waiting = new Set<Item>()
  /** The same texts, by length. */
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
      // With too few shorter texts, longer ones fill the batch; all others are padded to them.
      const fits = (next: Item | undefined): boolean =>
        next !== undefined && end - start < BATCH_TEXTS_MAX && (end - start + 1) * next.tokens.length <= tokensMax
      while (fits(sorted[end])) end += 1
      const batch = sorted.splice(start, end - start)
      for (const item of batch) waiting.delete(item)
      return batch
    },
    get isEmpty() {
      return waiting.size === 0
    },
  }
}
