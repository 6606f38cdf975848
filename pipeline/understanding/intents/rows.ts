/** The examples as the solver sees them: one row an example. Sparse and dense rows share this shape. */
export interface Rows {
  readonly count: number
  readonly columns: number
  /** The squared length of each row. */
  readonly squares: Float32Array
  dot(row: number, weights: Float32Array): number
  addTo(row: number, factor: number, weights: Float32Array): void
}

/**
 * Compressed sparse rows.
 *
 * @param starts where each row begins in `indices` and `values`; one more than there are rows.
 */
export function sparseRows(columns: number, starts: Uint32Array, indices: Uint32Array, values: Float32Array): Rows {
  const count = starts.length - 1
  const squares = new Float32Array(count)
  for (let row = 0; row < count; row++) squares[row] = squareSum(values.subarray(starts[row], starts[row + 1]))
  return {
    count,
    columns,
    squares,
    dot(row, weights) {
      const end = starts[row + 1]!
      let sum = 0
      for (let at = starts[row]!; at < end; at++) sum += values[at]! * weights[indices[at]!]!
      return sum
    },
    addTo(row, factor, weights) {
      const end = starts[row + 1]!
      for (let at = starts[row]!; at < end; at++) {
        const column = indices[at]!
        weights[column] = weights[column]! + factor * values[at]!
      }
    },
  }
}

/** Dense rows of equal length. */
export function denseRows(vectors: readonly Float32Array[], columns: number): Rows {
  const values = new Float32Array(vectors.length * columns)
  for (const [row, vector] of vectors.entries()) values.set(vector, row * columns)
  return {
    count: vectors.length,
    columns,
    squares: Float32Array.from(vectors, squareSum),
    dot(row, weights) {
      const start = row * columns
      let sum = 0
      for (let column = 0; column < columns; column++) sum += values[start + column]! * weights[column]!
      return sum
    },
    addTo(row, factor, weights) {
      const start = row * columns
      for (let column = 0; column < columns; column++) {
        weights[column] = weights[column]! + factor * values[start + column]!
      }
    },
  }
}

function squareSum(values: Float32Array): number {
  let sum = 0
  for (const value of values) sum += value * value
  return sum
}
