import { stemmer } from 'stemmer'

/** Runs of Han characters, of kana or of Hangul; runs of other letters, their marks and digits; single emoji. */
const TOKEN = new RegExp(
  [
    '\\p{Script=Han}+',
    '[\\p{Script=Hiragana}\\p{Script=Katakana}ー]+',
    '\\p{Script=Hangul}+',
    '[\\p{L}\\p{M}\\p{N}]+?(?=\\p{Script=Han}|[^\\p{L}\\p{M}\\p{N}]|$)',
    '\\p{Extended_Pictographic}',
  ].join('|'),
  'gu',
)
const UNSPACED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]/u
const ENGLISH = /^[a-z]+$/
const APOSTROPHE = /(?<=\p{L})['’ʼ](?=\p{L})/gu
/** Invisible characters, removed because they do not distinguish words: zero-width, direction marks, soft hyphens, variation selectors. */
const UNSEEN = /[\p{Cf}\u{fe00}-\u{fe0f}]/gu
/** Longer terms are truncated: nobody types longer words. */
const TERM_CHARACTERS_MAX = 64

/** English words that occur in nearly every sentence, without apostrophes. */
const STOP_WORDS = new Set(
  `
  a about after all also am an and any are as at be because been before being but by can could did do does doing done each for from
  further had has have having he her here hers him his how i if im in into is it its ive just me more most my no nor not now of off on
  once only or other our ours out over own same she should so some such than that the their theirs them then there these they this those
  through to too under until up us very was we were what when where which while who whom why will with would you your yours dont doesnt
  didnt isnt arent wasnt cant couldnt wont wouldnt shouldnt thats theres youre theyre id ill please`
    .trim()
    .split(/\s+/),
)

/** Segments Chinese and Japanese. On Chinese passages it finds more with character pairs than the dictionaries of jieba do. */
const SEGMENTER = new Intl.Segmenter('zh', { granularity: 'word' })

/**
 * The terms of a text for keyword search, in order, with repetitions.
 *
 * - English words are stemmed; stop words are dropped unless the text has no other words.
 * - Words of other languages and numbers are kept.
 * - Text without spaces gives its words and every pair of adjacent characters, because word boundaries depend on the context.
 * - Case and full-width forms are normalised.
 */
export function termsOf(text: string): string[] {
  const plain = text.toWellFormed().normalize('NFKC').toLowerCase().replace(UNSEEN, '').replace(APOSTROPHE, '')
  const tokens = plain.match(TOKEN) ?? []
  const significant = tokens.filter((token) => !STOP_WORDS.has(token))
  return (significant.length > 0 ? significant : tokens).flatMap(termsOfToken)
}

function termsOfToken(token: string): string[] {
  if (ENGLISH.test(token)) return [stemmer(token.slice(0, TERM_CHARACTERS_MAX))]
  if (!UNSPACED.test(token)) return [token.slice(0, TERM_CHARACTERS_MAX)]
  const characters = [...token]
  const pairs = characters.slice(1).map((character, index) => `${characters[index]}${character}`)
  const words = Array.from(SEGMENTER.segment(token), ({ segment }) => segment.slice(0, TERM_CHARACTERS_MAX))
  return [...words.filter((word) => [...word].length !== 2), ...pairs]
}
