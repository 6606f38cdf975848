import { termsOf } from './search-terms.ts'

/** A range of a text in UTF-16 units; `to` is exclusive. */
export type TextRange = readonly [from: number, to: number]

/** Max ranges of one text. */
const HIGHLIGHTS_MAX = 32
/** Only this many characters of a text are highlighted. */
const CHARACTERS_MAX = 8_192
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}]+)*|\p{Extended_Pictographic}/gu
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]/u

/** The ranges of a text that contain terms of a query, in order; adjacent ranges are merged. */
export function highlightsOf(text: string, terms: ReadonlySet<string>): TextRange[] {
  const ranges: TextRange[] = []
  const add = (from: number, to: number): void => {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] >= from) ranges[ranges.length - 1] = [last[0], Math.max(last[1], to)]
    else ranges.push([from, to])
  }
  for (const match of text.slice(0, CHARACTERS_MAX).matchAll(WORD)) {
    for (const [from, part] of scriptRunsOf(match[0])) {
      const start = match.index + from
      if (UNSPACED.test(part)) {
        // Marks the longest term that starts here. A single character counts only if it is a whole part.
        for (let at = 0; at < part.length; at++) {
          const length = [Math.min(part.length - at, 4), 3, 2].find(
            (size) => size > 1 && terms.has(part.slice(at, at + size).toLowerCase()),
          )
          if (length !== undefined) add(start + at, start + at + length)
          else if (part.length === 1 && terms.has(part)) add(start, start + 1)
        }
      } else if (termsOf(part).some((term) => terms.has(term))) add(start, start + part.length)
    }
  }
  return ranges.slice(0, HIGHLIGHTS_MAX)
}

/** Splits a word into runs of one script, since Chinese and Latin text may adjoin without a space. */
const scriptRunsOf = (word: string): [number, string][] =>
  [
    ...word.matchAll(
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+|[^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+/gu,
    ),
  ].map((match) => [match.index, match[0]])
