/** Neighbours that an item keeps when its row is full: the strongest. */
export const NEIGHBOURS_MAX = 100
/** Neighbours at which a row is full. In between, the chance ones are told from those that come again. */
export const ROW_MAX = 256
const FIRST_SIZE = 4

/** The items that visitors had together with one item, with the sums of their weights. */
export interface Row {
  ids: Int32Array
  weights: Float32Array
  count: number
  /** Sum of all weights that were ever added. */
  total: number
}

export const emptyRow = (): Row => ({ ids: new Int32Array(0), weights: new Float32Array(0), count: 0, total: 0 })

/**
 * Adds a weight to a neighbour. A full row keeps its strongest neighbours, as "lossy counting" does: Manku and Motwani, "Approximate
 * frequency counts over data streams", VLDB 2002. Depends on the order of calls only.
 *
 * @param strengthOf the strength of a neighbour, from its number and weight
 */
export function addNeighbour(row: Row, id: number, weight: number, strengthOf: (id: number, weight: number) => number): void {
  row.total += weight
  let at = 0
  while (at < row.count && row.ids[at] !== id) at++
  if (at < row.count) {
    row.weights[at] = (row.weights[at] ?? 0) + weight
    return
  }
  if (row.count === ROW_MAX) keepStrongest(row, strengthOf)
  if (row.count === row.ids.length) grow(row)
  row.ids[row.count] = id
  row.weights[row.count] = weight
  row.count++
}

/** Ties are won by the later neighbour: it has had less time. */
function keepStrongest(row: Row, strengthOf: (id: number, weight: number) => number): void {
  const ranked = Array.from(row.ids.subarray(0, row.count), (id, at) => ({ id, at, weight: row.weights[at] ?? 0 }))
    .map((one) => ({ ...one, strength: strengthOf(one.id, one.weight) }))
    .sort((one, other) => other.strength - one.strength || other.at - one.at)
    .slice(0, NEIGHBOURS_MAX)
    .sort((one, other) => one.at - other.at)
  for (const [at, { id, weight }] of ranked.entries()) [row.ids[at], row.weights[at]] = [id, weight]
  row.count = ranked.length
}

function grow(row: Row): void {
  const size = Math.min(ROW_MAX, Math.max(FIRST_SIZE, Math.ceil(row.ids.length * 1.5)))
  const ids = new Int32Array(size)
  const weights = new Float32Array(size)
  ids.set(row.ids)
  weights.set(row.weights)
  row.ids = ids
  row.weights = weights
}
