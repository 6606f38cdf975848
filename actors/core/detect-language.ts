import { detect } from 'tinyld'

/** Characters examined. The beginning of a long text is enough. */
const CHARS_MAX = 400

/** Fewer Latin letters than this are too few for letter statistics. */
const LETTERS_MIN = 12

/** Han characters per kana, at most, in Japanese. A single の also occurs in Chinese names. */
const HAN_PER_KANA_MAX = 5

/** Words that one Han character counts for. Product names in Chinese messages are often in Latin letters. */
const WORDS_PER_HAN = 2 / 3

const HAN = /\p{Script=Han}/gu
const KANA = /[\p{Script=Hiragana}\p{Script=Katakana}]/gu
const HANGUL = /\p{Script=Hangul}/gu
const LATIN_WORD = /(?<![\p{L}\p{N}])\p{Script=Latin}+(?:['’]\p{Script=Latin}+)?(?![\p{L}\p{N}])/gu

/** An ASCII text needs no test for other scripts. */
const ASCII = /^[\0-\x7f]*$/
const ASCII_WORD = /(?<![a-z0-9])[a-z]+(?:'[a-z]+)?(?![a-z0-9])/gi

/** URLs, addresses and codes such as order numbers, which have no language. */
const NOISE = /https?:\/\/\S+|\S+@\S+|\b[A-Z]{1,4}-?\d[\w-]*/g

/** Words of short English messages that are spelled differently in almost every other language with Latin letters. */
const ENGLISH_WORDS = new Set(
  `
  the this that these those there is are was were be been am do does did dont doesnt didnt have has had can cant could would
  should will wont not no yes yeah yep nope ok okay i im ive id you your youre my mine me we our they them their it its he she
  his her and or but if of for to from with without about at on in by what whats when where wheres which who why how hi hey
  hello bye goodbye thanks thank thx ty please pls sorry great good nice cool cheers morning evening help need want like get got
  know show tell order return refund money back work works working broken any some more much many just still also too very again
  now today tomorrow here up out an as so`
    .trim()
    .split(/\s+/),
)

/** The candidates for a text in Latin letters. Fewer candidates make fewer mistakes in short texts. */
const LATIN_LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'pl', 'sv', 'da', 'cs', 'ro', 'hu', 'fi', 'tr', 'vi', 'id']

/** Share of common English words from which a text counts as English, whatever the letter statistics say. */
const ENGLISH_SHARE_MIN = 0.4

/**
 * Detects the language of a short message: by script first, then by common words, then by letter statistics. Pure: the result depends on
 * the text alone.
 *
 * @returns an ISO 639-1 code such as `zh` or `en`; `null` where the text is too short to tell, such as a number or a single name.
 */
export function detectLanguage(text: string): string | null {
  const excerpt = text.slice(0, CHARS_MAX).replace(NOISE, ' ')
  if (ASCII.test(excerpt)) return detectWords(excerpt, excerpt.match(ASCII_WORD) ?? [])
  const words = excerpt.match(LATIN_WORD) ?? []
  const [han, kana, hangul] = [count(excerpt, HAN), count(excerpt, KANA), count(excerpt, HANGUL)]
  if (kana > 0 && kana * HAN_PER_KANA_MAX > han && kana + han >= words.length) return 'ja'
  if (hangul > han && hangul >= words.length) return 'ko'
  if (han > 0 && han * WORDS_PER_HAN >= words.length) return 'zh'
  return detectWords(excerpt, words)
}

const detectWords = (excerpt: string, words: readonly string[]): string | null =>
  words.length === 0 ? detect(excerpt) || null : detectLatin(excerpt, words)

const count = (text: string, characters: RegExp): number => text.match(characters)?.length ?? 0

function detectLatin(excerpt: string, words: readonly string[]): string | null {
  const common = words.filter((word) => ENGLISH_WORDS.has(word.toLowerCase().replace(/['’]/g, ''))).length
  if (common / words.length >= ENGLISH_SHARE_MIN) return 'en'
  const letters = words.reduce((sum, word) => sum + word.length, 0)
  const guess = letters < LETTERS_MIN ? '' : detect(excerpt, { only: LATIN_LANGUAGES })
  return guess || (common > 0 ? 'en' : null)
}
