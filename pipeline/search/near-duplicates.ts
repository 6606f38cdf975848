/** Texts with at least this much in common are told once. */
const OVERLAP_MIN = 0.9
/** What is compared of a text. */
const CHARACTERS_MAX = 4_096
const GRAM = 3

/**
 * Whether a text is nearly one that came before: by the groups of three characters that both have (Jaccard), letters and digits only.
 * The first one stays; who brings them best first keeps the best.
 */
export function createDuplicateCheck(): (text: string) => boolean {
  const seen: Set<string>[] = []
  return (text) => {
    const grams = gramsOf(text)
    if (seen.some((other) => overlap(grams, other) >= OVERLAP_MIN)) return true
    seen.push(grams)
    return false
  }
}

function gramsOf(text: string): Set<string> {
  const plain = [...text.slice(0, CHARACTERS_MAX).normalize('NFKC').toLowerCase().replaceAll(/[^\p{L}\p{M}\p{N}\p{Extended_Pictographic}]+/gu, '')]
  const grams = new Set<string>()
  for (let index = 0; index + GRAM <= plain.length; index++) grams.add(plain.slice(index, index + GRAM).join(''))
  // What is shorter than one group, or has no letters at all, is compared whole.
  if (grams.size === 0) grams.add(plain.join('') || text)
  return grams
}

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (Math.min(a.size, b.size) < OVERLAP_MIN * Math.max(a.size, b.size)) return 0
  let shared = 0
  for (const gram of a) if (b.has(gram)) shared += 1
  return shared / (a.size + b.size - shared)
}
