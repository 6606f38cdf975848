/** Edits that a slip of the fingers or of memory has at most: a third of the letters, and three. */
const EDITS_MAX = 3

/** The candidate that is likely meant by a misspelt word; `undefined` if none is close. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let found: string | undefined
  let fewest = Math.min(EDITS_MAX, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= fewest) continue
    const edits = editsBetween(word.toLowerCase(), candidate.toLowerCase())
    if (edits < fewest) [found, fewest] = [candidate, edits]
  }
  return found
}

/** Insertions, deletions, replacements and swaps of neighbours that make one word of the other (optimal string alignment). */
function editsBetween(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let edits = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (isSame ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, (beforeLast[j - 2] ?? 0) + 1)
      row.push(edits)
    }
    ;[beforeLast, last] = [last, row]
  }
  return last[b.length] ?? 0
}
