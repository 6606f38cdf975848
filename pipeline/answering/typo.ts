const LETTERS_MIN = 5
const VOWEL = /^[aeiou]$/

/**
 * Whether two English words are probably one that was mistyped: two neighbouring letters exchanged, a letter doubled or not, a vowel left
 * out inside. Other mistakes make other words: `contact` and `contract`, `employer` and `employee`.
 */
export function isTypo(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one]
  if (short.length < LETTERS_MIN - 1 || long.length < LETTERS_MIN || long.length - short.length > 1) return false
  let at = 0
  while (at < short.length && short[at] === long[at]) at += 1
  if (short.length === long.length) {
    return short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2)
  }
  const letter = long[at] ?? ''
  const isInside = at > 0 && at < long.length - 1
  return short.slice(at) === long.slice(at + 1) && isInside && (VOWEL.test(letter) || letter === long[at - 1])
}
