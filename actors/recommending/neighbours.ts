/** Max neighbours of an item; the weakest one makes room. */
export const NEIGHBOURS_MAX = 100
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
 * Adds a weight to a neighbour. Where the row is full, the weakest neighbour is replaced, and the new one takes over its weight, as in
 * "space saving": Metwally, Agrawal and El Abbadi, "Efficient computation of frequent and top-k elements", ICDT 2005. Depends on the order
 * of calls only.
 */
export function addNeighbour(row: Row, id: number, weight: number): void {
  row.total += weight
  const at = row.ids.subarray(0, row.count).indexOf(id)
  if (at >= 0) {
    row.weights[at] = (row.weights[at] ?? 0) + weight
    return
  }
  if (row.count < NEIGHBOURS_MAX) {
    if (row.count === row.ids.length) grow(row)
    row.ids[row.count] = id
    row.weights[row.count] = weight
    row.count++
    return
  }
  let weakest = 0
  for (let index = 1; index < row.count; index++) {
    if ((row.weights[index] ?? 0) < (row.weights[weakest] ?? 0)) weakest = index
  }
  row.ids[weakest] = id
  row.weights[weakest] = (row.weights[weakest] ?? 0) + weight
}

function grow(row: Row): void {
  const size = Math.min(NEIGHBOURS_MAX, Math.max(FIRST_SIZE, Math.ceil(row.ids.length * 1.6)))
  const ids = new Int32Array(size)
  const weights = new Float32Array(size)
  ids.set(row.ids)
  weights.set(row.weights)
  row.ids = ids
  row.weights = weights
}
