import { termsOf } from './search-terms.ts'

/** A stretch of a text: from and to in UTF-16 units, as JavaScript counts, the end not included. */
export type Stretch = readonly [from: number, to: number]

/** Stretches of one text that are told. */
const HIGHLIGHTS_MAX = 32
/** What is looked at of a text. */
const CHARACTERS_MAX = 8_192
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}]+)*|\p{Extended_Pictographic}/gu
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]/u

/** Where the words of a question stand in a text, in order. What stands side by side is one stretch. */
export function highlightsOf(text: string, terms: ReadonlySet<string>): Stretch[] {
  const found: Stretch[] = []
  const add = (from: number, to: number): void => {
    const last = found.at(-1)
    if (last !== undefined && last[1] >= from) found[found.length - 1] = [last[0], Math.max(last[1], to)]
    else found.push([from, to])
  }
  for (const match of text.slice(0, CHARACTERS_MAX).matchAll(WORD)) {
    for (const [from, part] of partsOf(match[0])) {
      const begin = match.index + from
      if (UNSPACED.test(part)) {
        // The longest term that begins here; single characters count only as words of their own.
        for (let at = 0; at < part.length; at++) {
          const length = [Math.min(part.length - at, 4), 3, 2].find((size) => size > 1 && terms.has(part.slice(at, at + size).toLowerCase()))
          if (length !== undefined) add(begin + at, begin + at + length)
          else if (part.length === 1 && terms.has(part)) add(begin, begin + 1)
        }
      } else if (termsOf(part).some((term) => terms.has(term))) add(begin, begin + part.length)
    }
  }
  return found.slice(0, HIGHLIGHTS_MAX)
}

/** Runs of one kind of writing in a word: Chinese and Latin may stand without a space between them. */
const partsOf = (word: string): [number, string][] =>
  [...word.matchAll(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+|[^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+/gu)]
    .map((match) => [match.index, match[0]])
