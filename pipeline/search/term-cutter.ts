import { stemmer } from 'stemmer'
import { foldAccents, foldHan, spellSigns } from '../../actors/core/fold-text.ts'
import type { CountedTerms } from './bm25.ts'

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
const HAN = /^\p{Script=Han}/u
/** Begins a term that is any occurrence of a Han character, to tell it from a word of one character. No word contains it. */
export const CHARACTER = '.'
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
 * Cuts texts and questions into the terms of keyword search.
 *
 * - English words are stemmed; stop words are dropped unless the text has no other words.
 * - Words of other languages and numbers are kept.
 * - Text without spaces gives its words and every pair of adjacent characters, because word boundaries depend on the context.
 * - Case and full-width forms are normalised.
 */
export interface TermCutter {
  /** A collection has the terms of one version. A change of the terms of any text is a new version. */
  readonly version: number
  /** The terms of a text to store. */
  count(text: string): CountedTerms
  /** The terms of a question, in order, with repetitions. */
  ask(question: string): string[]
  /** The text as a model that matches words should embed it, so that it matches the same words as keyword search. */
  fold(text: string): string
}

const same = (text: string): string => text

/** The first version, of collections that were written by it and are not replaced yet. */
const FIRST = createCutter({ version: 1, fold: same, foldToken: same, countsCharacters: false })

/**
 * The second version. Traditional and simplified characters are one term, accents do not matter, `C#`, `C++` and `C` differ, and a single
 * Han character finds each text that contains it.
 */
const SECOND = createCutter({ version: 2, fold: (text) => foldHan(spellSigns(text)), foldToken: foldAccents, countsCharacters: true })

/** The cutter of new collections. */
export const CURRENT_CUTTER: TermCutter = SECOND

/** The cutter of a version; `undefined` for one that this program does not know. */
export const cutterOf = (version: number): TermCutter | undefined => [FIRST, SECOND].find((cutter) => cutter.version === version)

interface CutterOptions {
  readonly version: number
  readonly fold: (text: string) => string
  /** Changes a token after the stop words are dropped: `thé` is not the stop word `the`. */
  readonly foldToken: (token: string) => string
  /** Whether each Han character of a text is a term besides words and pairs, and a Han character that stands alone asks for it. */
  readonly countsCharacters: boolean
}

function createCutter({ version, fold, foldToken, countsCharacters }: CutterOptions): TermCutter {
  const tokensOf = (text: string): readonly string[] => {
    const plain = fold(text.toWellFormed().normalize('NFKC')).toLowerCase().replace(UNSEEN, '').replace(APOSTROPHE, '')
    const tokens = plain.match(TOKEN) ?? []
    const significant = tokens.filter((token) => !STOP_WORDS.has(token))
    return significant.length > 0 ? significant : tokens
  }
  const addTerms = (tokens: readonly string[], add: (term: string) => void): void => {
    const unspaced: string[] = []
    for (const token of tokens) {
      if (UNSPACED.test(token)) unspaced.push(token)
      else addWord(foldToken(token), add)
    }
    if (unspaced.length === 0) return
    // One segmentation of all runs takes a third of the time of one for each run.
    for (const { segment } of SEGMENTER.segment(unspaced.join('\n'))) {
      if (segment !== '\n' && !isPair(segment)) add(segment.slice(0, TERM_CHARACTERS_MAX))
    }
    for (const token of unspaced) addPairs(token, add)
  }
  return {
    version,
    fold,
    ask(question) {
      const terms: string[] = []
      const tokens = tokensOf(question)
      const isCharacter = (token: string): boolean => countsCharacters && HAN.test(token) && [...token].length === 1
      for (const token of tokens) if (isCharacter(token)) terms.push(`${CHARACTER}${token}`)
      addTerms(
        tokens.filter((token) => !isCharacter(token)),
        (term) => terms.push(term),
      )
      return terms
    },
    count(text) {
      const tokens = tokensOf(text)
      const counts = new Map<string, number>()
      let length = 0
      addTerms(tokens, (term) => {
        counts.set(term, (counts.get(term) ?? 0) + 1)
        length += 1
      })
      // Characters do not make the text longer, and are no words: the scores of words stay as they are.
      if (countsCharacters) for (const [character, count] of countHan(tokens)) counts.set(`${CHARACTER}${character}`, count)
      return { counts, length }
    },
  }
}

function addWord(token: string, add: (term: string) => void): void {
  const term = token.slice(0, TERM_CHARACTERS_MAX)
  add(ENGLISH.test(token) ? stemmer(term) : term)
}

function addPairs(token: string, add: (pair: string) => void): void {
  let before = ''
  for (const character of token) {
    if (before !== '') add(`${before}${character}`)
    before = character
  }
}

function countHan(tokens: readonly string[]): ReadonlyMap<string, number> {
  const characters = new Map<string, number>()
  for (const token of tokens) {
    if (HAN.test(token)) for (const character of token) characters.set(character, (characters.get(character) ?? 0) + 1)
  }
  return characters
}

/** Whether a word has two characters; each of them may have two UTF-16 units. */
const isPair = (word: string): boolean => word.length > 1 && word.length < 5 && [...word].length === 2
