import { LRUCache } from 'lru-cache'
import { CHARACTER, type TermCutter } from './term-cutter.ts'

/** A range of a text in UTF-16 units; `to` is exclusive. */
export type TextRange = readonly [from: number, to: number]

/** Max ranges of one text. */
const HIGHLIGHTS_MAX = 32
/** Only this many characters of a text are highlighted. */
const CHARACTERS_MAX = 8_192
/** Words whose terms are kept: texts repeat their words, and cutting one takes 5 µs. At most a few MB. */
const WORDS_MAX = 10_000
/** Longer words are not kept. */
const WORD_CHARACTERS_MAX = 64
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}]+)*(?:\+\+|[#♯])?|\p{Extended_Pictographic}/gu
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]/u

/** The ranges of a text that contain terms of one question, in order; adjacent ranges are merged. */
export type Highlights = (text: string) => TextRange[]

/**
 * Creates the highlights of one collection. The second function takes the terms of a question, by the same cutter.
 *
 * @param cutter cuts the texts of the collection
 */
export function createHighlights(cutter: TermCutter): (asked: readonly string[]) => Highlights {
  const known = new LRUCache<string, readonly string[]>({ max: WORDS_MAX })
  const termsOf = (word: string): readonly string[] => {
    const kept = known.get(word)
    if (kept !== undefined) return kept
    const terms = cutter.ask(word)
    if (word.length <= WORD_CHARACTERS_MAX) known.set(word, terms)
    return terms
  }
  return (asked) => {
    const terms = new Set(asked)
    /** The first characters of terms; nearly all characters of a text begin none. */
    const firsts = new Set(asked.map((term) => term.charAt(term.startsWith(CHARACTER) ? CHARACTER.length : 0)))
    /** The length of the longest term that starts at a character. A word of one character counts only if it is a whole part. */
    const termLengthAt = (part: string, at: number): number | undefined => {
      if (!firsts.has(part.charAt(at))) return undefined
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
          } else if (termsOf(part).some((term) => terms.has(term))) add(start, start + part.length)
        }
      }
      return ranges.slice(0, HIGHLIGHTS_MAX)
    }
  }
}

/** Splits a word into runs of one script, since Chinese and Latin text may adjoin without a space. */
const scriptRunsOf = (word: string): [number, string][] =>
  !UNSPACED.test(word)
    ? [[0, word]]
    : [
        ...word.matchAll(
          /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+|[^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+/gu,
        ),
      ].map((match) => [match.index, match[0]])
