import { type HeadOptions, solveHead } from './dual-descent.ts'
import { createBayes } from './naive-bayes.ts'
import type { Rows } from './rows.ts'

/**
 * Solves linear heads one after another; each separates its intent from the rest.
 *
 * @param isMember whether a row is an example of a head.
 * @param isSeen rows that take part; the others are held out.
 * @param withBayes adds a naive Bayes classifier to each; the values must not be negative.
 * @param onSolved takes the weights of a head over, so that those of all need not be in memory; the same array comes again.
 */
export function* solveHeads(
  rows: Rows,
  heads: number,
  isMember: (row: number, head: number) => boolean,
  isSeen: (row: number) => boolean,
  options: HeadOptions,
  onSolved: (head: number, weights: Float32Array) => void,
  withBayes = false,
): Generator<number, void, void> {
  const signs = new Int8Array(rows.count)
  const duals = new Float64Array(rows.count)
  const weights = new Float32Array(rows.columns + 1)
  const addBayes = withBayes ? createBayes(rows, isSeen) : undefined
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < rows.count; row++) signs[row] = !isSeen(row) ? 0 : isMember(row, head) ? 1 : -1
    duals.fill(0)
    weights.fill(0)
    solveHead(rows, signs, weights, duals, options)
    addBayes?.((row) => isMember(row, head), weights)
    onSolved(head, weights)
    yield head + 1
  }
}
