/** Neighbours that an item keeps when its row is full: the strongest. */
export const NEIGHBOURS_MAX = 100
/** Neighbours at which a row is full. In between, the chance ones are told from those that come again. */
export const ROW_MAX = 224
/** Sizes of rows. A row moves to the next one when it is full. */
const SIZES = [4, 8, 16, 32, 64, 128, ROW_MAX]
/** Rows lie in pages of so many neighbours: one object for hundreds of rows, and none is copied when another one grows. */
const PAGE_BITS = 16
const PAGE_SIZE = 1 << PAGE_BITS

/** The items that visitors had together with one item, with the sums of their weights. */
export interface Row {
  readonly ids: Int32Array
  readonly weights: Float32Array
  /** Sum of all weights that were ever added. */
  readonly total: number
}

/** The neighbours of all items, by number. */
export interface NeighbourTable {
  /** Adds a weight to a neighbour of an item. Depends on the order of calls only. */
  add(item: number, other: number, weight: number): void
  /** Sum of all weights that were ever added to an item. */
  totalOf(item: number): number
  /** The row of an item: views, which are good until the next `add`. */
  rowOf(item: number): Row
  /** Takes a row over, for an item that has none. */
  restore(item: number, row: Row): void
}

interface Page {
  readonly ids: Int32Array
  readonly weights: Float32Array
}

const EMPTY: Row = { ids: new Int32Array(0), weights: new Float32Array(0), total: 0 }

/**
 * Creates the table, with room for so many items. A full row keeps its strongest neighbours, as "lossy counting" does: Manku and Motwani,
 * "Approximate frequency counts over data streams", VLDB 2002. What is chosen with everything says little of one item: the strength of a
 * neighbour is its weight divided by the root of its own total.
 */
export function createNeighbourTable(itemsMax: number): NeighbourTable {
  const pages: Page[] = []
  /** By class of size: places of rows that have moved, and the place at which the next row begins. */
  const free = SIZES.map((): number[] => [])
  const next = SIZES.map(() => 0)
  const places = new Int32Array(itemsMax)
  const counts = new Uint8Array(itemsMax)
  /** By item, its class of size and one more; 0 where it has no row. */
  const classes = new Uint8Array(itemsMax)
  const totals = new Float64Array(itemsMax)
  const strengths = new Float64Array(ROW_MAX)

  const pageAt = (place: number): Page => {
    const page = pages[place >>> PAGE_BITS]
    if (page === undefined) throw new RangeError(`no page of neighbours at ${place}`)
    return page
  }
  const takePlace = (sizeClass: number): number => {
    const known = free[sizeClass]?.pop()
    if (known !== undefined) return known
    const size = SIZES[sizeClass] ?? ROW_MAX
    let place = next[sizeClass] ?? 0
    if (place % PAGE_SIZE === 0 || (place % PAGE_SIZE) + size > PAGE_SIZE) {
      place = pages.push({ ids: new Int32Array(PAGE_SIZE), weights: new Float32Array(PAGE_SIZE) }) * PAGE_SIZE - PAGE_SIZE
    }
    next[sizeClass] = place + size
    return place
  }
  /** Moves a row to the first class of size that has room for so many. */
  const moveTo = (item: number, size: number): void => {
    const sizeClass = SIZES.findIndex((one) => one >= size)
    const before = classes[item] ?? 0
    const { ids, weights } = rowOf(item)
    const place = takePlace(sizeClass)
    const page = pageAt(place)
    page.ids.set(ids, place % PAGE_SIZE)
    page.weights.set(weights, place % PAGE_SIZE)
    if (before > 0) free[before - 1]?.push(places[item] ?? 0)
    places[item] = place
    classes[item] = sizeClass + 1
  }
  const rowOf = (item: number): Row => {
    const count = counts[item] ?? 0
    if (count === 0) return { ...EMPTY, total: totals[item] ?? 0 }
    const place = places[item] ?? 0
    const [page, from] = [pageAt(place), place % PAGE_SIZE]
    return { ids: page.ids.subarray(from, from + count), weights: page.weights.subarray(from, from + count), total: totals[item] ?? 0 }
  }
  /** Ties are won by the later neighbour: it has had less time. */
  const keepStrongest = (item: number): void => {
    const { ids, weights } = rowOf(item)
    for (let at = 0; at < ids.length; at++) strengths[at] = (weights[at] ?? 0) / Math.sqrt(totals[ids[at] ?? 0] || 1)
    const least = strengths.slice(0, ids.length).sort()[ids.length - NEIGHBOURS_MAX] ?? 0
    let ties = NEIGHBOURS_MAX
    for (let at = 0; at < ids.length; at++) if ((strengths[at] ?? 0) > least) ties--
    let skipped = -ties
    for (let at = 0; at < ids.length; at++) if (strengths[at] === least) skipped++
    let kept = 0
    for (let at = 0; at < ids.length; at++) {
      const strength = strengths[at] ?? 0
      if (strength < least || (strength === least && skipped-- > 0)) continue
      ids[kept] = ids[at] ?? 0
      weights[kept++] = weights[at] ?? 0
    }
    counts[item] = kept
  }

  return {
    add(item, other, weight) {
      totals[item] = (totals[item] ?? 0) + weight
      let count = counts[item] ?? 0
      if (count > 0) {
        const place = places[item] ?? 0
        const [{ ids, weights }, from] = [pageAt(place), place % PAGE_SIZE]
        for (let at = from; at < from + count; at++) {
          if (ids[at] !== other) continue
          weights[at] = (weights[at] ?? 0) + weight
          return
        }
      }
      if (count === ROW_MAX) {
        keepStrongest(item)
        count = counts[item] ?? 0
      }
      if (count === (SIZES[(classes[item] ?? 0) - 1] ?? 0)) moveTo(item, count + 1)
      const place = places[item] ?? 0
      const [{ ids, weights }, from] = [pageAt(place), place % PAGE_SIZE]
      ids[from + count] = other
      weights[from + count] = weight
      counts[item] = count + 1
    },
    totalOf: (item) => totals[item] ?? 0,
    rowOf,
    restore(item, { ids, weights, total }) {
      totals[item] = total
      if (ids.length === 0) return
      moveTo(item, ids.length)
      const place = places[item] ?? 0
      const page = pageAt(place)
      page.ids.set(ids, place % PAGE_SIZE)
      page.weights.set(weights, place % PAGE_SIZE)
      counts[item] = ids.length
    },
  }
}
