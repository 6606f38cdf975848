import { CHARACTER, type TermCutter } from './term-cutter.ts'

/** A range of a text in UTF-16 units; `to` is exclusive. */
export type TextRange = readonly [from: number, to: number]

/** Max ranges of one text. */
const HIGHLIGHTS_MAX = 32
/** Only this many characters of a text are highlighted. */
const CHARACTERS_MAX = 8_192
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}]+)*(?:\+\+|[#♯])?|\p{Extended_Pictographic}/gu
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]/u

/**
 * Creates a function that returns the ranges of a text that contain terms of a question, in order; adjacent ranges are merged.
 *
 * @param asked the terms of the question, by this cutter
 */
export function createHighlights(cutter: TermCutter, asked: readonly string[]): (text: string) => TextRange[] {
  const terms = new Set(asked)
  /** The length of the longest term that starts at a character. A word of one character counts only if it is a whole part. */
  const termLengthAt = (part: string, at: number): number | undefined => {
    const longest = [4, 3, 2].find((size) => at + size <= part.length && terms.has(part.slice(at, at + size).toLowerCase()))
    if (longest !== undefined) return longest
    const character = part.charAt(at)
    return terms.has(`${CHARACTER}${character}`) || (part.length === 1 && terms.has(character)) ? 1 : undefined
  }
  return (text) => {
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
          const folded = cutter.fold(part)
          // A rare character has a fold of another length in UTF-16 units.
          const same = folded.length === part.length ? folded : part
          for (let at = 0; at < part.length; at++) {
            const length = termLengthAt(same, at)
            if (length !== undefined) add(start + at, start + at + length)
          }
        } else if (cutter.ask(part).some((term) => terms.has(term))) add(start, start + part.length)
      }
    }
    return ranges.slice(0, HIGHLIGHTS_MAX)
  }
}

/** Splits a word into runs of one script, since Chinese and Latin text may adjoin without a space. */
const scriptRunsOf = (word: string): [number, string][] =>
  [
    ...word.matchAll(
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+|[^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+/gu,
    ),
  ].map((match) => [match.index, match[0]])
