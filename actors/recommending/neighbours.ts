/** Neighbours that an item keeps when its row is full: the strongest. */
export const NEIGHBOURS_MAX = 100
/** Neighbours at which a row is full. In between, the chance ones are told from those that come again. */
export const ROW_MAX = 224
/** A row is up to seven chunks of 32 cells, so that it grows without a move and leaves no hole. */
const CHUNK_BITS = 5
const CHUNK_SIZE = 1 << CHUNK_BITS
const CHUNKS_MAX = ROW_MAX / CHUNK_SIZE
/** Chunks lie in pages of so many cells: one object for thousands of them, and nothing is copied when the table grows. */
const PAGE_BITS = 16
const PAGE_SIZE = 1 << PAGE_BITS
/** A cell is one word: the number of a neighbour, and its weight in units of its row. */
const WEIGHT_BITS = 15
const WEIGHT_MAX = (1 << WEIGHT_BITS) - 1
/** Max items of a table: numbers that fit a cell. */
const NUMBERS_MAX = 1 << (32 - WEIGHT_BITS)
/** Units of a weight of 1, until a weight of the row has no room: then the unit of the row doubles. */
const UNITS = 64
/** A greater weight counts as this one, so that few doublings make room for it. */
const ADDED_MAX = 2 ** 32

/** The items that visitors had together with one item, as they are saved. */
export interface Row {
  /** Each with a number and a weight. */
  readonly cells: Uint32Array
  /** How often the unit of the weights has doubled. */
  readonly doublings: number
  /** Sum of all weights that were ever added. */
  readonly total: number
}

/** The neighbours of all items, by number. An item takes at most 928 bytes. */
export interface NeighbourTable {
  /** Adds a weight to a neighbour of an item. Depends on the order of calls only. */
  add(item: number, other: number, weight: number): void
  /** Sum of all weights that were ever added to an item. */
  totalOf(item: number): number
  /** How many neighbours an item has. */
  countOf(item: number): number
  /** Calls with each neighbour of an item and its weight, which is exact to 1 in 64 units of the row. */
  each(item: number, call: (other: number, weight: number) => void): void
  /** The weight of a neighbour; 0 where it is none. */
  weightOf(item: number, other: number): number
  /** The row of an item, as a copy. */
  rowOf(item: number): Row
  /** Takes a row over, for an item that has none. */
  restore(item: number, row: Row): void
}

/**
 * Creates the table, with room for so many items. A full row keeps its strongest neighbours, as "lossy counting" does: Manku and Motwani,
 * "Approximate frequency counts over data streams", VLDB 2002. What is chosen with everything says little of one item: the strength of a
 * neighbour is its weight divided by the root of its own total.
 */
export function createNeighbourTable(itemsMax: number): NeighbourTable {
  if (itemsMax > NUMBERS_MAX) throw new RangeError(`a table of neighbours has at most ${NUMBERS_MAX} items, not ${itemsMax}`)
  const pages: Uint32Array[] = []
  let chunksTaken = 0
  /** By item, the chunks of its row; those after the first `held` ones mean nothing. */
  const chunks = new Int32Array(itemsMax * CHUNKS_MAX)
  const held = new Uint8Array(itemsMax)
  const counts = new Uint8Array(itemsMax)
  const doublings = new Uint8Array(itemsMax)
  const totals = new Float64Array(itemsMax)
  const strengths = new Float64Array(ROW_MAX)

  /** Of a row, the page of a chunk and the place in it at which the chunk begins. */
  const chunkAt = (item: number, chunk: number): readonly [page: Uint32Array, from: number] => {
    const place = (chunks[item * CHUNKS_MAX + chunk] ?? 0) * CHUNK_SIZE
    const page = pages[place >>> PAGE_BITS]
    if (page === undefined) throw new RangeError(`no page of neighbours at ${place}`)
    return [page, place % PAGE_SIZE]
  }
  const takeChunk = (item: number): void => {
    if ((chunksTaken * CHUNK_SIZE) % PAGE_SIZE === 0) pages.push(new Uint32Array(PAGE_SIZE))
    const own = held[item] ?? 0
    chunks[item * CHUNKS_MAX + own] = chunksTaken++
    held[item] = own + 1
  }
  const unitOf = (item: number): number => 2 ** (doublings[item] ?? 0) / UNITS
  /** Calls with the cells of a row, a chunk at a time. */
  const eachChunk = (item: number, call: (page: Uint32Array, from: number, to: number) => void): void => {
    const count = counts[item] ?? 0
    for (let chunk = 0; chunk * CHUNK_SIZE < count; chunk++) {
      const [page, from] = chunkAt(item, chunk)
      call(page, from, from + Math.min(CHUNK_SIZE, count - chunk * CHUNK_SIZE))
    }
  }
  const cellsOf = (item: number): Uint32Array => {
    const cells = new Uint32Array(counts[item] ?? 0)
    let count = 0
    eachChunk(item, (page, from, to) => {
      cells.set(page.subarray(from, to), count)
      count += to - from
    })
    return cells
  }
  const setCells = (item: number, cells: Uint32Array): void => {
    for (let at = 0; at < cells.length; at += CHUNK_SIZE) {
      if (at === (held[item] ?? 0) * CHUNK_SIZE) takeChunk(item)
      const [page, from] = chunkAt(item, at / CHUNK_SIZE)
      page.set(cells.subarray(at, at + CHUNK_SIZE), from)
    }
    counts[item] = cells.length
  }
  /** A weight in units of the row, which double until it has room beside what a cell has. */
  const unitsOf = (item: number, weight: number, before: number): number => {
    let sum = before + Math.max(1, Math.round(weight / unitOf(item)))
    while (sum > WEIGHT_MAX) {
      doublings[item] = (doublings[item] ?? 0) + 1
      eachChunk(item, (page, from, to) => {
        for (let at = from; at < to; at++) page[at] = halved(page[at] ?? 0)
      })
      sum = Math.ceil(sum / 2)
    }
    return sum
  }
  /** Ties are won by the later neighbour: it has had less time. */
  const keepStrongest = (item: number): void => {
    const cells = cellsOf(item)
    for (let at = 0; at < cells.length; at++) {
      const cell = cells[at] ?? 0
      strengths[at] = (cell & WEIGHT_MAX) / Math.sqrt(totals[cell >>> WEIGHT_BITS] || 1)
    }
    const least = strengths.slice(0, cells.length).sort()[cells.length - NEIGHBOURS_MAX] ?? 0
    let ties = NEIGHBOURS_MAX
    for (let at = 0; at < cells.length; at++) if ((strengths[at] ?? 0) > least) ties--
    let skipped = -ties
    for (let at = 0; at < cells.length; at++) if (strengths[at] === least) skipped++
    let kept = 0
    for (let at = 0; at < cells.length; at++) {
      const strength = strengths[at] ?? 0
      if (strength < least || (strength === least && skipped-- > 0)) continue
      cells[kept++] = cells[at] ?? 0
    }
    setCells(item, cells.subarray(0, kept))
  }
  /** Where the cell of a neighbour is. Without calls: it reads each cell of a row for each weight that is added. */
  const find = (item: number, other: number): readonly [page: Uint32Array, at: number] | undefined => {
    const count = counts[item] ?? 0
    for (let chunk = 0; chunk * CHUNK_SIZE < count; chunk++) {
      const [page, from] = chunkAt(item, chunk)
      const to = from + Math.min(CHUNK_SIZE, count - chunk * CHUNK_SIZE)
      for (let at = from; at < to; at++) if ((page[at] ?? 0) >>> WEIGHT_BITS === other) return [page, at]
    }
    return undefined
  }

  return {
    add(item, other, given) {
      const weight = Math.min(given, ADDED_MAX)
      totals[item] = (totals[item] ?? 0) + weight
      const known = find(item, other)
      if (known !== undefined) {
        const [page, at] = known
        page[at] = cellOf(other, unitsOf(item, weight, (page[at] ?? 0) & WEIGHT_MAX))
        return
      }
      if (counts[item] === ROW_MAX) keepStrongest(item)
      const units = unitsOf(item, weight, 0)
      const count = counts[item] ?? 0
      if (count === (held[item] ?? 0) * CHUNK_SIZE) takeChunk(item)
      const [page, from] = chunkAt(item, count >>> CHUNK_BITS)
      page[from + (count % CHUNK_SIZE)] = cellOf(other, units)
      counts[item] = count + 1
    },
    totalOf: (item) => totals[item] ?? 0,
    countOf: (item) => counts[item] ?? 0,
    each(item, call) {
      const unit = unitOf(item)
      eachChunk(item, (page, from, to) => {
        for (let at = from; at < to; at++) {
          const cell = page[at] ?? 0
          call(cell >>> WEIGHT_BITS, (cell & WEIGHT_MAX) * unit)
        }
      })
    },
    weightOf(item, other) {
      const [page, at] = find(item, other) ?? []
      return page === undefined || at === undefined ? 0 : ((page[at] ?? 0) & WEIGHT_MAX) * unitOf(item)
    },
    rowOf: (item) => ({ cells: cellsOf(item), doublings: doublings[item] ?? 0, total: totals[item] ?? 0 }),
    restore(item, row) {
      totals[item] = row.total
      doublings[item] = row.doublings
      setCells(item, row.cells)
    },
  }
}

const cellOf = (other: number, units: number): number => ((other << WEIGHT_BITS) | units) >>> 0

/** The cell with half of its units, and at least one. */
const halved = (cell: number): number => cellOf(cell >>> WEIGHT_BITS, ((cell & WEIGHT_MAX) + 1) >>> 1)
