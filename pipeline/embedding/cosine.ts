/** The cosine of two vectors of length 1 and of one model. */
export function cosine(one: Float32Array, other: Float32Array): number {
  let sum = 0
  for (let at = 0; at < one.length; at++) sum += (one[at] ?? NaN) * (other[at] ?? NaN)
  return sum
}
