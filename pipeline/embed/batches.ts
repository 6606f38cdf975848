/** Something to embed, as tokens. */
export interface Tokens {
  readonly tokens: readonly number[]
}

/** Texts of one run at most, however short they are. */
const BATCH_TEXTS_MAX = 256

/**
 * Shares texts out over runs of the model: those of like length together, since all of a run are padded to its longest, and no run of more
 * than `tokensMax` padded tokens unless one text alone is longer. The shortest come first.
 */
export function batchesOf<Item extends Tokens>(items: readonly Item[], tokensMax: number): Item[][] {
  const batches: Item[][] = []
  let batch: Item[] = []
  for (const item of items.toSorted((a, b) => a.tokens.length - b.tokens.length)) {
    // Sorted: the newest is the longest, and pads all others.
    const isFull = batch.length === BATCH_TEXTS_MAX || (batch.length + 1) * item.tokens.length > tokensMax
    if (isFull && batch.length > 0) {
      batches.push(batch)
      batch = []
    }
    batch.push(item)
  }
  if (batch.length > 0) batches.push(batch)
  return batches
}
