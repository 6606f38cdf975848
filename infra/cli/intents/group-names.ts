import { hash } from 'node:crypto'
import { eachTerm } from '../../../pipeline/understanding/intents/text-terms.ts'

const WORDS_MAX = 3
/** Shorter words of Latin script say little. */
const WORD_CHARS_MIN = 4

/** A readable name for a group of texts: the words that most of them have. */
export function nameFor(texts: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const text of texts) {
    const words = new Set<string>()
    eachTerm(text, (_term, _family, shown) => {
      if (
        /^\p{Script=Han}{2}$/u.test(shown)
        || (/^\p{L}+$/u.test(shown) && !/\p{Script=Han}/u.test(shown) && shown.length >= WORD_CHARS_MIN)
      ) {
        words.add(shown)
      }
    })
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  const best = [...counts].sort(([one, count], [other, otherCount]) => otherCount - count || (one < other ? -1 : 1))
  return (
    best
      .slice(0, WORDS_MAX)
      .map(([word]) => word)
      .join(' ')
    || (texts[0]?.slice(0, 40) ?? '')
  )
}

/** A short id of a group that stays the same as long as its texts do. */
export const idFor = (texts: readonly string[]): string => hash('sha256', JSON.stringify([...texts].sort())).slice(0, 8)
