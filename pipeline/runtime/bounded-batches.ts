/** Bounds of one statement or request to a server. An item that alone exceeds the bytes is sent alone. */
export interface BatchBounds {
  readonly itemsMax: number
  readonly bytesMax: number
}

/** Splits items, in order, into batches within the bounds. No batch is empty. */
export function* boundedBatches<Item>(
  items: Iterable<Item>,
  { itemsMax, bytesMax }: BatchBounds,
  bytesOf: (item: Item) => number,
): Generator<Item[]> {
  let batch: Item[] = []
  let bytes = 0
  for (const item of items) {
    const size = bytesOf(item)
    if (batch.length > 0 && (batch.length >= itemsMax || bytes + size > bytesMax)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(item)
    bytes += size
  }
  if (batch.length > 0) yield batch
}

export interface HalvingOptions<Item> {
  readonly send: (items: readonly Item[]) => Promise<void>
  /** Whether the server refuses what is in the items. Any other error, such as that of a server that is away, is thrown. */
  readonly isRefusal: (error: unknown) => boolean
  /** Receives each item that is refused alone. */
  readonly onRefused: (item: Item, error: unknown) => Promise<void>
}

/** Sends items together. Halves a batch that is refused for what is in it, until the refused item is alone; all others are sent. */
export async function sendInHalves<Item>(items: readonly Item[], options: HalvingOptions<Item>): Promise<void> {
  const [only] = items
  if (only === undefined) return
  try {
    await options.send(items)
  } catch (error) {
    if (!options.isRefusal(error)) throw error
    if (items.length === 1) return options.onRefused(only, error)
    const middle = items.length >> 1
    await sendInHalves(items.slice(0, middle), options)
    await sendInHalves(items.slice(middle), options)
  }
}
