import { stemmer } from 'stemmer'

const ORDER_NUMBER = /\bhb[- ]?\d{5,9}\b/g
const APOSTROPHE = /['’`]/g
const TOKEN = /#order|[\p{Script=Latin}\p{M}]+|[\p{Script=Latin}\p{N}]+|\p{Script=Han}|\p{Extended_Pictographic}/gu
const ASCII = /^[\0-\x7f]*$/
/** The same of a text that is all ASCII. */
const ASCII_TOKEN = /#order|[a-z]+|[a-z0-9]+/g
const LETTERS = /^[a-z]+$/
/** "It worked" is good news, "does it work?" is a question: these say something that their stems do not. */
const KEPT_AS_THEY_ARE = new Set(['worked', 'helped', 'helpful', 'solved'])

/**
 * The smallest parts of a text that carry meaning, in order: English words as their stems, numbers and codes as they are, each
 * Chinese character and each emoji by itself, an order number as `#order`. Full-width letters are as good as plain ones.
 */
export function tokensOf(text: string): string[] {
  const isAscii = ASCII.test(text)
  const plain = (isAscii ? text : text.normalize('NFKC')).toLowerCase().replace(APOSTROPHE, '').replace(ORDER_NUMBER, ' #order ')
  return (plain.match(isAscii ? ASCII_TOKEN : TOKEN) ?? []).map((token) => (LETTERS.test(token) && !KEPT_AS_THEY_ARE.has(token) ? stemOf(token) : token))
}

/** Words whose stems are kept at hand: people use the same few thousand. */
const STEMS_MAX = 4_096
const stems = new Map<string, string>()

function stemOf(word: string): string {
  const known = stems.get(word)
  if (known !== undefined) return known
  const stem = stemmer(word)
  if (stems.size === STEMS_MAX) stems.clear()
  stems.set(word, stem)
  return stem
}
