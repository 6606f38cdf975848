import type { Rows } from './rows.ts'

/** What each term is taken to have had besides its examples. Chosen by cross-validation. */
const SMOOTHING = 0.003
/** Share of the classifier's decision against that of the machine's, in deviations. Chosen by cross-validation. */
const SHARE = 0.5
/** Examples over which the deviations of the two are compared. */
const COMPARED_MAX = 500

/** Adds to the weights of a head those of a naive Bayes classifier over the same rows. */
export type AddBayes = (isMember: (row: number) => boolean, weights: Float32Array) => void

/**
 * Naive Bayes with the values of TF-IDF in place of counts: the weight of a term is the logarithm of how much more often examples of the
 * intent have it than others. It errs on other messages than the support vector machine does, so their sum errs less than either.
 *
 * Source: Rennie, Shih, Teevan, Karger: Tackling the Poor Assumptions of Naive Bayes Text Classifiers, ICML 2003; the interpolation of both
 * is that of Wang, Manning: Baselines and Bigrams, ACL 2012.
 *
 * @param isSeen rows that take part
 */
export function createBayes(rows: Rows, isSeen: (row: number) => boolean): AddBayes {
  const { columns } = rows
  const all = new Float32Array(columns)
  const seen: number[] = []
  for (let row = 0; row < rows.count; row++) if (isSeen(row)) seen.push(row)
  for (const row of seen) rows.addTo(row, 1, all)
  const compared = seen.filter((_, index) => index % Math.ceil(seen.length / COMPARED_MAX) === 0)
  const absent = all.map((value) => Math.log(SMOOTHING / (value + SMOOTHING)))
  const total = all.reduce((sum, value) => sum + value, 0)
  const own = new Float32Array(columns)
  return (isMember, weights) => {
    own.fill(0)
    for (const row of seen) if (isMember(row)) rows.addTo(row, 1, own)
    const sum = own.reduce((before, value) => before + value, 0)
    const shift = Math.log((total - sum + columns * SMOOTHING) / (sum + columns * SMOOTHING))
    for (let column = 0; column < columns; column++) {
      const value = own[column]!
      const rest = Math.max(0, all[column]! - value)
      own[column] = shift + (value === 0 ? absent[column]! : Math.log((value + SMOOTHING) / (rest + SMOOTHING)))
    }
    const factor = (SHARE * deviationOf(rows, compared, weights)) / (deviationOf(rows, compared, own) || 1)
    for (let column = 0; column < columns; column++) weights[column] = weights[column]! + factor * own[column]!
  }
}

function deviationOf(rows: Rows, compared: readonly number[], weights: Float32Array): number {
  let [sum, squares] = [0, 0]
  for (const row of compared) {
    const value = rows.dot(row, weights)
    sum += value
    squares += value * value
  }
  const mean = sum / Math.max(1, compared.length)
  return Math.sqrt(Math.max(0, squares / Math.max(1, compared.length) - mean * mean))
}
