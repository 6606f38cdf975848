/**
 * The area under the ROC curve: how often a right answer scores above a wrong one; equal scores count half. By the ranks of all scores
 * (Hanley and McNeil, 1982). NaN where either is missing.
 */
export function auc(right: readonly number[], wrong: readonly number[]): number {
  const sorted = wrong.toSorted((one, other) => one - other)
  const below = right.reduce((sum, score) => sum + (firstFrom(sorted, score, false) + firstFrom(sorted, score, true)) / 2, 0)
  return below / (right.length * wrong.length)
}

/** The number of values below `score`, or with `orEqual` up to it. */
function firstFrom(sorted: readonly number[], score: number, orEqual: boolean): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < score || (orEqual && sorted[middle] === score)) low = middle + 1
    else high = middle
  }
  return low
}
