import { detectLanguage } from '../core/detect-language.ts'

const ASCII = /^[\0-\x7f]*$/
const WORD = /[a-z]+(?:'[a-z]+)?/gi
/** Code units that are read, as `detectLanguage` does. */
const CHARACTERS_MAX = 400
const [ENGLISH_WORDS_MIN, ENGLISH_SHARE_MIN] = [2, 0.2]
/** Frequent English words that are no words of other languages with Latin letters. */
const ENGLISH_ONLY = new Set(
  `the this that these those with you your they them their and it's its but from would could should has been were our what when which there
  because about very really i'm i've don't doesn't didn't isn't wasn't can't won't couldn't wouldn't never who how why every everything nobody anyone does did
  where after before again still while since until get got my`.split(/\s+/),
)

/**
 * The language of a text as `detectLanguage` tells it, at a tenth of its cost where words show at once that the text is English.
 *
 * @returns an ISO 639-1 code; `null` where the text is too short to tell
 */
export function languageOfText(text: string): string | null {
  const start = text.length > CHARACTERS_MAX ? text.slice(0, CHARACTERS_MAX) : text
  if (!ASCII.test(start)) return detectLanguage(text)
  const words = start.match(WORD) ?? []
  const seen = new Set<string>()
  let english = 0
  for (const word of words) {
    const plain = word.toLowerCase()
    if (!ENGLISH_ONLY.has(plain)) continue
    english += 1
    seen.add(plain)
  }
  return seen.size >= ENGLISH_WORDS_MIN && english >= words.length * ENGLISH_SHARE_MIN ? 'en' : detectLanguage(text)
}
