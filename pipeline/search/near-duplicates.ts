import { spellSigns } from '../../actors/core/fold-text.ts'

/** Texts with at least this similarity (Jaccard, 0 to 1) are duplicates. */
const OVERLAP_MIN = 0.9
/** Only this many characters of a text are compared. */
const CHARACTERS_MAX = 4_096

/**
 * Creates a finder that returns the index of the earlier text that a text nearly equals, among those without such a one; `undefined` if
 * there is none. It compares groups of three characters and ignores all characters but letters, digits, and the signs of names such as C#.
 * Pass texts best first, so that the best of several duplicates is kept.
 */
export function createDuplicateFinder(): (text: string) => number | undefined {
  const distinct: Set<string>[] = []
  return (text) => {
    const grams = gramsOf(text)
    const same = distinct.findIndex((other) => overlap(grams, other) >= OVERLAP_MIN)
    if (same >= 0) return same
    distinct.push(grams)
    return undefined
  }
}

function gramsOf(text: string): Set<string> {
  const normalised = spellSigns(text.slice(0, CHARACTERS_MAX).normalize('NFKC')).toLowerCase()
  const plain = [...normalised.replaceAll(/[^\p{L}\p{M}\p{N}\p{Extended_Pictographic}]+/gu, '')]
  const grams = new Set<string>()
  let [first = '', second = ''] = plain
  for (const third of plain.slice(2)) {
    grams.add(`${first}${second}${third}`)
    first = second
    second = third
  }
  // A text shorter than one group, or without letters, is compared as a whole.
  if (grams.size === 0) grams.add(plain.join('') || text)
  return grams
}

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (Math.min(a.size, b.size) < OVERLAP_MIN * Math.max(a.size, b.size)) return 0
  let shared = 0
  for (const gram of a) if (b.has(gram)) shared += 1
  return shared / (a.size + b.size - shared)
}
