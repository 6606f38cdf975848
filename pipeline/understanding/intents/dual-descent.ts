import type { Rows } from './rows.ts'
import { createRandom } from './seeded-random.ts'

/** Options of one head. */
export interface HeadOptions {
  /** Price of an error against the length of the weights: the `C` of support vector machines. */
  readonly cost: number
  /** Factor of `cost` for the positive examples. */
  readonly positiveFactor: number
  /** The largest change of a gradient in a pass at which the solver ends. */
  readonly tolerance: number
  readonly passesMax: number
  readonly seed: number
}

/** Dual variables of a head, one an example. Start values are allowed; the solver changes them in place. */
export type Duals = Float64Array

/**
 * One linear head: a support vector machine with squared hinge loss, solved by coordinate descent in the dual with shrinking.
 *
 * Source: Hsieh, Chang, Lin, Keerthi, Sundararajan: A Dual Coordinate Descent Method for Large-scale Linear SVM, ICML 2008, algorithm 3.
 * The order of the examples in a pass is a permutation by `seed`, so equal input gives equal output.
 *
 * @param signs +1 for an example of the intent, −1 for a counterexample, 0 for one that this head does not see.
 * @param weights one a column, zero at the start (or those that belong to `duals`); the last one is the bias.
 */
export function solveHead(rows: Rows, signs: Int8Array, weights: Float32Array, duals: Duals, options: HeadOptions): void {
  const { cost, positiveFactor, tolerance, passesMax, seed } = options
  const random = createRandom(seed)
  const active = new Int32Array(signs.length)
  let size = 0
  for (let row = 0; row < signs.length; row++) if (signs[row] !== 0) active[size++] = row
  const all = size
  const bias = weights.length - 1
  const diagonal = [0.5 / cost, 0.5 / (cost * positiveFactor)] as const
  let upperBefore = Infinity
  for (let pass = 0; pass < passesMax; pass++) {
    let upper = -Infinity
    let lower = Infinity
    for (let at = 0; at < size; at++) {
      const other = at + Math.floor(random() * (size - at))
      const swapped = active[at]!
      active[at] = active[other]!
      active[other] = swapped
    }
    for (let at = 0; at < size; at++) {
      const row = active[at]!
      const sign = signs[row]!
      const dual = duals[row]!
      const extra = sign > 0 ? diagonal[1] : diagonal[0]
      const gradient = sign * (rows.dot(row, weights) + weights[bias]!) - 1 + dual * extra
      let projected = gradient
      if (dual === 0) {
        if (gradient > upperBefore) {
          size -= 1
          active[at] = active[size]!
          active[size] = row
          at -= 1
          continue
        }
        projected = Math.min(0, gradient)
      }
      upper = Math.max(upper, projected)
      lower = Math.min(lower, projected)
      if (Math.abs(projected) < 1e-12) continue
      const next = Math.max(0, dual - gradient / (rows.squares[row]! + 1 + extra))
      duals[row] = next
      const step = (next - dual) * sign
      rows.addTo(row, step, weights)
      weights[bias] = weights[bias]! + step
    }
    if (upper - lower <= tolerance) {
      if (size === all) return
      size = all
      upperBefore = Infinity
      continue
    }
    upperBefore = upper <= 0 ? Infinity : upper
  }
}
