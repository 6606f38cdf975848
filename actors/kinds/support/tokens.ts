import { stemmer } from 'stemmer'

const ORDER_NUMBER = /\bhb[- ]?\d{5,9}\b/g
const APOSTROPHE = /['’`]/g
const TOKEN = /#order|[\p{Script=Latin}\p{M}]+|[\p{Script=Latin}\p{N}]+|\p{Script=Han}|\p{Extended_Pictographic}/gu
const ASCII = /^[\0-\x7f]*$/
/** The same for a text that is all ASCII. */
const ASCII_TOKEN = /#order|[a-z]+|[a-z0-9]+/g
const LETTERS = /^[a-z]+$/
/** "It worked" is good news, "does it work?" is a question: these forms are not stemmed. */
const KEPT_AS_THEY_ARE = new Set(['worked', 'helped', 'helpful', 'solved'])

/**
 * Splits a text into tokens, in order: English words as stems, numbers and codes unchanged, each Chinese character and each emoji alone, an
 * order number as `#order`. Full-width letters equal plain ones.
 */
export function tokensOf(text: string): string[] {
  const isAscii = ASCII.test(text)
  const plain = (isAscii ? text : text.normalize('NFKC')).toLowerCase().replace(APOSTROPHE, '').replace(ORDER_NUMBER, ' #order ')
  return (plain.match(isAscii ? ASCII_TOKEN : TOKEN) ?? []).map((token) =>
    LETTERS.test(token) && !KEPT_AS_THEY_ARE.has(token) ? stemOf(token) : token,
  )
}

/** Size of the cache of stems; people use the same few thousand words. */
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
