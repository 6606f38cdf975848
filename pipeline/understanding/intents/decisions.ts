/** Mean and deviation over all decision values of a family of heads, which make those of two families comparable. */
export interface Scale {
  readonly mean: number
  readonly deviation: number
}

export function scaleOf(values: readonly Float32Array[]): Scale {
  let [sum, squares, count] = [0, 0, 0]
  for (const row of values) {
    for (const value of row) {
      sum += value
      squares += value * value
    }
    count += row.length
  }
  const mean = count === 0 ? 0 : sum / count
  const variance = count === 0 ? 0 : squares / count - mean * mean
  // A single head may say the same of all.
  return { mean, deviation: variance > 1e-9 ? Math.sqrt(variance) : 1 }
}

/** The best value but for one column; 0, the mean of all, without others. */
export function bestOther(values: ArrayLike<number>, column: number): number {
  let best = -Infinity
  for (let other = 0; other < values.length; other++) if (other !== column && values[other]! > best) best = values[other]!
  return best === -Infinity ? 0 : best
}

/** Column of the highest value; the first of equals. */
export function bestOf(values: ArrayLike<number>): number {
  let best = 0
  for (let column = 1; column < values.length; column++) if (values[column]! > values[best]!) best = column
  return best
}
