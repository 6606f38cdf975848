import { type Duals, type HeadOptions, solveHead } from './dual-descent.ts'
import type { Rows } from './rows.ts'

/** Linear heads over the same rows, one an intent: each separates its intent from the rest. */
export interface Heads {
  readonly weights: readonly Float32Array[]
  readonly duals: readonly Duals[]
}

/**
 * Solves one head after another.
 *
 * @param isMember whether a row is an example of a head.
 * @param isSeen rows that take part; the others are held out.
 * @param onSolved takes the weights of a head over, so that those of all need not be in memory; the same array comes again.
 */
export function* solveHeads(
  rows: Rows,
  heads: number,
  isMember: (row: number, head: number) => boolean,
  isSeen: (row: number) => boolean,
  options: HeadOptions,
  onSolved: (head: number, weights: Float32Array) => void,
): Generator<number, void, void> {
  const signs = new Int8Array(rows.count)
  const duals = new Float64Array(rows.count)
  const weights = new Float32Array(rows.columns + 1)
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < rows.count; row++) signs[row] = !isSeen(row) ? 0 : isMember(row, head) ? 1 : -1
    duals.fill(0)
    weights.fill(0)
    solveHead(rows, signs, weights, duals, options)
    onSolved(head, weights)
    yield head + 1
  }
}
