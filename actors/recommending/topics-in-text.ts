import { foldText } from '../core/fold-text.ts'

/** Characters of a text that are read. */
const CHARS_MAX = 256
/** Words of a topic in letters, and Han characters of one. */
const [WORDS_MAX, HAN_MAX] = [3, 8]

/** Phrases of a text that may be topics, as they are written and folded, longest first. */
export function phrasesOf(text: string): string[] {
  const phrases = new Set<string>()
  for (const form of [text.slice(0, CHARS_MAX).toWellFormed(), foldText(text.slice(0, CHARS_MAX).toWellFormed())]) {
    const words = form.match(/[\p{L}\p{N}]+/gu) ?? []
    for (let length = WORDS_MAX; length > 0; length--) {
      for (let at = 0; at + length <= words.length; at++) phrases.add(words.slice(at, at + length).join(' '))
    }
    for (const run of form.match(/\p{Script=Han}{2,}/gu) ?? []) {
      const letters = [...run]
      for (let length = Math.min(HAN_MAX, letters.length); length > 1; length--) {
        for (let at = 0; at + length <= letters.length; at++) phrases.add(letters.slice(at, at + length).join(''))
      }
    }
  }
  return [...phrases]
}

/** Known topics that a text names. @param isTopic whether a phrase is one */
export const topicsIn = (text: string, isTopic: (phrase: string) => boolean): string[] => phrasesOf(text).filter(isTopic)
