import { stemmer } from 'stemmer'
import { foldText } from '../../../actors/core/fold-text.ts'

/** Characters of a text that are read; the rest is left out. A message that states a wish does so in its first lines. */
export const TEXT_CHARACTERS_MAX = 2_000
const TOKENS_MAX = 400
const WORD_CHARACTERS_MAX = 32
const HAN_GRAM_MAX = 3
const GRAM_MIN = 2
const GRAM_MAX = 5
/** Two words, or two Han characters of a run, make a pair if the second is at most this many places behind the first. */
const PAIR_DISTANCE_MAX = 9

/**
 * 0: words and pairs of neighbours. 1: parts of words, and one to three Han characters. 2: pairs at a distance. Each family of a text has
 * length 1, so that none outweighs another by its number of terms.
 */
export type Family = 0 | 1 | 2
export const FAMILIES: readonly Family[] = [0, 1, 2]

/**
 * @param term equal for equal terms of all texts.
 * @param shown what a reader can find in the text: the word of a part, two words of a pair.
 */
export type AddTerm = (term: string, family: Family, shown: string) => void

const TOKEN = /\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{M}\p{N}'])+|[^\s\p{L}\p{M}\p{N}]/gu
const IS_HAN = /^\p{Script=Han}/u
const ENGLISH = /^[a-z]+$/
const APOSTROPHE = /[’ʼ]/g

/** Gives the terms of a text, with repetitions. English words are stemmed. Signs are words of one character. */
export function eachTerm(text: string, add: AddTerm): void {
  const plain = foldText(text.slice(0, TEXT_CHARACTERS_MAX).toWellFormed()).replace(APOSTROPHE, "'")
  const tokens = (plain.match(TOKEN) ?? []).slice(0, TOKENS_MAX)
  // A run of Han characters stands between words: they are no neighbours.
  const words = tokens.map((token) =>
    IS_HAN.test(token) ? '' : ENGLISH.test(token) ? stemmer(token) : token.slice(0, WORD_CHARACTERS_MAX),
  )
  for (const [place, token] of tokens.entries()) {
    const word = words[place] ?? ''
    if (word === '') addHan(token, add)
    else addWord(tokens, words, place, add)
  }
}

/** Words of a run of Han characters, for readers only: the terms do not depend on them. */
const SEGMENTER = new Intl.Segmenter('zh', { granularity: 'word' })

function addHan(run: string, add: AddTerm): void {
  const words = [...SEGMENTER.segment(run)].flatMap(({ segment }) => Array.from(segment, () => segment))
  const characters = [...run]
  for (const [from, first] of characters.entries()) {
    let gram = ''
    for (const character of characters.slice(from, from + HAN_GRAM_MAX)) {
      gram += character
      const word = words[from] ?? gram
      add(gram, 1, word.includes(gram) ? word : gram)
    }
    for (const [place, second] of characters.slice(from + 2, from + PAIR_DISTANCE_MAX + 1).entries()) {
      const [one, other] = [words[from] ?? first, words[from + 2 + place] ?? second]
      add(`~${first}_${second}`, 2, one === other ? one : `${one} … ${other}`)
    }
  }
}

function addWord(tokens: readonly string[], words: readonly string[], place: number, add: AddTerm): void {
  const [token = '', word = '', before = ''] = [tokens[place], words[place], words[place - 1]]
  add(`=${word}`, 0, token)
  if (before !== '') add(`=${before} ${word}`, 0, `${tokens[place - 1]} ${token}`)
  const end = Math.min(words.length, place + PAIR_DISTANCE_MAX + 1)
  for (let other = place + 2; other < end; other++) {
    if (words[other] !== '') add(`~${word}_${words[other]}`, 2, `${token} … ${tokens[other]}`)
  }
  const padded = ` ${token.slice(0, WORD_CHARACTERS_MAX)} `
  for (let size = GRAM_MIN; size <= GRAM_MAX; size++) {
    for (let from = 0; from + size <= padded.length; from++) add(padded.slice(from, from + size), 1, token)
    // A word shorter than the part is its own and longest part.
    if (padded.length <= size) break
  }
}
