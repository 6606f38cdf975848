import { countTerms, rarityOf, textVector } from './intents/text-vector.ts'

/** Texts that are compared. */
export const GROUPED_TEXTS_MAX = 5_000
/** Similarity of a text and a group from which the text belongs to it: by words, and by vectors of meaning. */
const SIMILAR_BY_WORDS = 0.3
const SIMILAR_BY_MEANING = 0.78

type Sparse = ReadonlyMap<number, number>

/**
 * Groups texts by meaning: each text joins the group whose mean it is closest to, or founds one. Texts are taken in their order, so that
 * the first ones found the groups. A second pass assigns all texts again to the groups of the first.
 *
 * @param vectors one of length 1 for each text; default: the terms of the texts by TF-IDF
 * @returns groups of indices, largest first; a text without a similar one is a group of its own
 */
export function groupByMeaning(texts: readonly string[], vectors?: readonly Float32Array[]): number[][] {
  const rows = vectors === undefined ? termRows(texts) : vectors.map((vector): Sparse => new Map(vector.entries()))
  const similarMin = vectors === undefined ? SIMILAR_BY_WORDS : SIMILAR_BY_MEANING
  const founders = assign(rows, [], similarMin, true)
  const means = founders.map((members) => meanOf(members.map((index) => rows[index] ?? new Map())))
  const groups = assign(rows, means, similarMin, false)
  return groups.filter((group) => group.length > 0).sort((one, other) => other.length - one.length)
}

/** @param founds whether a text that is like no group founds another; else it stays with the closest one */
function assign(rows: readonly Sparse[], means: readonly Sparse[], similarMin: number, founds: boolean): number[][] {
  const groups: number[][] = means.map(() => [])
  /** By column: the groups that have it, with their weights. */
  const index = new Map<number, Map<number, number>>()
  const sums: Map<number, number>[] = []
  const add = (group: number, row: Sparse): void => {
    const sum = (sums[group] ??= new Map())
    for (const [column, value] of row) {
      sum.set(column, (sum.get(column) ?? 0) + value)
      const entry = index.get(column) ?? new Map<number, number>()
      entry.set(group, sum.get(column) ?? 0)
      index.set(column, entry)
    }
  }
  for (const [group, mean] of means.entries()) add(group, mean)
  const norms = means.map(normOf)
  for (const [text, row] of rows.entries()) {
    const scores = new Map<number, number>()
    for (const [column, value] of row) {
      for (const [group, weight] of index.get(column) ?? []) scores.set(group, (scores.get(group) ?? 0) + value * weight)
    }
    let best = -1
    let bestScore = founds ? similarMin : -1
    for (const [group, score] of scores) {
      const similarity = score / ((norms[group] ?? 1) * normOf(row) || 1)
      if (similarity > bestScore) [best, bestScore] = [group, similarity]
    }
    if (best < 0) best = founds || groups.length === 0 ? groups.push([]) - 1 : 0
    groups[best]?.push(text)
    if (founds) {
      add(best, row)
      norms[best] = normOf(sums[best] ?? row)
    }
  }
  return groups
}

function normOf(row: Sparse): number {
  let squares = 0
  for (const value of row.values()) squares += value * value
  return Math.sqrt(squares)
}

function meanOf(rows: readonly Sparse[]): Sparse {
  const mean = new Map<number, number>()
  for (const row of rows) for (const [column, value] of row) mean.set(column, (mean.get(column) ?? 0) + value / rows.length)
  return mean
}

/** Words at a distance of each other: they tell intents apart, and make texts that mean the same unlike. */
const DISTANT_PAIRS = 2
/** Terms of a text that are compared: those that say most. */
const TERMS_MAX = 40
const HAS_LETTER = /[\p{L}\p{N}]/u

/** TF-IDF over these texts alone. */
function termRows(texts: readonly string[]): Sparse[] {
  const counted = texts.map(
    (text) => new Map([...countTerms(text)].filter(([, { family, shown }]) => family !== DISTANT_PAIRS && HAS_LETTER.test(shown))),
  )
  const columns = new Map<number, number>()
  const having: number[] = []
  for (const terms of counted) {
    for (const hash of terms.keys()) {
      const column = columns.get(hash) ?? columns.size
      columns.set(hash, column)
      having[column] = (having[column] ?? 0) + 1
    }
  }
  const rarity = Float32Array.from(having, (count) => rarityOf(texts.length, count))
  const table = { column: (hash: number) => columns.get(hash), rarity, unknownRarity: 1 }
  return counted.map((terms) => {
    const { columns: own, values } = textVector(terms, table)
    const weighed = own.map((column, at) => [column, values[at] ?? 0] as const)
    return new Map(weighed.sort(([, one], [, other]) => other - one).slice(0, TERMS_MAX))
  })
}
