const PASSES_MAX = 50
const STEP_MIN = 1e-6
/** Keeps the weights finite where the values separate the outcomes without an error. */
const RIDGE = 1e-2

export const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value))

/**
 * Logistic regression by Newton's method: the weights of the values, then a constant. With decision values it is Platt's calibration
 * (Platt: Probabilistic Outputs for Support Vector Machines, 1999), with more than one value each. As there, the outcomes are taken as a
 * little less certain than they are, the less the more of them there are: few points without an error do not make a probability of 1.
 *
 * @param points one a row; all of the same length.
 */
export function fitLogistic(points: readonly (readonly number[])[], outcomes: readonly boolean[]): number[] {
  const size = (points[0]?.length ?? 0) + 1
  const weights = new Array<number>(size).fill(0)
  const positives = outcomes.filter((outcome) => outcome).length
  const yes = (positives + 1) / (positives + 2)
  const no = 1 / (outcomes.length - positives + 2)
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const slope = weights.map((weight) => -RIDGE * weight)
    const bend = weights.map((_, row) => weights.map((__, column) => (row === column ? RIDGE : 0)))
    for (const [index, point] of points.entries()) {
      const row = [...point, 1]
      const guess = sigmoid(row.reduce((sum, value, at) => sum + value * weights[at]!, 0))
      const error = (outcomes[index] === true ? yes : no) - guess
      const spread = Math.max(guess * (1 - guess), 1e-6)
      for (let at = 0; at < size; at++) {
        slope[at]! += error * row[at]!
        for (let other = 0; other < size; other++) bend[at]![other]! += spread * row[at]! * row[other]!
      }
    }
    const step = solve(bend, slope)
    for (const [at, change] of step.entries()) weights[at]! += change
    if (Math.max(...step.map(Math.abs)) < STEP_MIN) break
  }
  return weights
}

/** The solution of a small system of linear equations, by elimination; the matrix is symmetric and positive. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, at) => [...row, right[at]!])
  for (const [pivot, row] of rows.entries()) {
    for (const other of rows) {
      if (other === row) continue
      const factor = other[pivot]! / row[pivot]!
      for (let at = pivot; at <= rows.length; at++) other[at]! -= factor * row[at]!
    }
  }
  return rows.map((row, at) => row[rows.length]! / row[at]!)
}
