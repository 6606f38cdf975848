/**
 * Pools the token vectors of each text into one vector. The library's own pooling takes up to a quarter of the time of a quantised model.
 *
 * @param hidden batch × length × dimension, the output of the model; texts are padded on the right.
 * @param lengths number of tokens of each text.
 * @returns a vector for each text, not normalised: `mean` is a sum, which has the same direction.
 */
export function pool(
  hidden: Float32Array,
  lengths: readonly number[],
  length: number,
  dimension: number,
  by: 'mean' | 'cls',
): Float32Array[] {
  return lengths.map((tokens, row) => {
    const start = row * length * dimension
    const vector = hidden.slice(start, start + dimension)
    if (by === 'cls') return vector
    const end = start + tokens * dimension
    for (let at = start + dimension; at < end; at += dimension) {
      for (let index = 0; index < dimension; index++) vector[index]! += hidden[at + index]!
    }
    return vector
  })
}

/**
 * Scales a vector to length 1, in place.
 *
 * @returns false if the length is 0 or not finite; the vector is then unchanged.
 */
export function normalise(vector: Float32Array): boolean {
  let squares = 0
  for (const value of vector) squares += value * value
  const length = Math.sqrt(squares)
  if (!Number.isFinite(length) || length === 0) return false
  for (let index = 0; index < vector.length; index++) vector[index]! /= length
  return true
}

/** Adds a vector times `weight` to `sum`, in place. */
export function addScaled(sum: Float32Array, vector: Float32Array, weight: number): void {
  for (let index = 0; index < sum.length; index++) sum[index]! += vector[index]! * weight
}
