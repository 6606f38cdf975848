import { stemmer } from 'stemmer'
import { foldAccents, foldHan } from '../../../actors/core/fold-text.ts'
import { plainNumber, withDigits } from './numbers.ts'
import { SENTENCE_UNITS_MAX } from './rules-limits.ts'
import { NEGATIONS, STOP_WORDS } from './word-lists.ts'

/** The smallest part of a text that is compared: a word, a number, or one character of a script without spaces. */
export interface Unit {
  /** Equal for what counts as the same: the stem of an English word, a number without its separators, a simplified character. */
  readonly key: string
  readonly kind: 'word' | 'number' | 'character'
  /** Whether it tells what the sentence is about: neither a stop word nor a negation. */
  readonly isContent: boolean
  readonly isNegation: boolean
  /** Written like a name: with a capital inside a sentence, or with a capital or a digit inside the word. */
  readonly isName: boolean
  /** Number of its sentence in the text, from 0. */
  readonly sentence: number
  /** Whether nothing but blanks stands between it and the unit before. */
  readonly follows: boolean
}

/** A text as its units. */
export interface ReadText {
  readonly units: readonly Unit[]
  /** The sentences: from the first unit to before `to`. */
  readonly sentences: readonly Range[]
  /** The text of each sentence. */
  readonly texts: readonly string[]
}
export interface Range {
  readonly from: number
  readonly to: number
}

const UNSPACED = '[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}]'
const TOKEN = new RegExp(
  `\\p{N}{1,24}(?:[.,]\\p{N}{1,12}){0,8}|${UNSPACED}|[[\\p{L}\\p{M}]--${UNSPACED}][[\\p{L}\\p{M}\\p{N}]--${UNSPACED}]*`,
  'gv',
)
const IS_UNSPACED = new RegExp(`^${UNSPACED}`, 'v')
const STARTS_WITH_DIGIT = /^\p{N}/u
const CAPITAL = /^\p{Lu}/u
const MIXED = /^.+[\p{Lu}\p{N}]/u
const LATIN = /^[a-z]+$/

/** Ends a sentence wherever it stands. */
const HARD_END = /[。！？!?;；\n]/
/** Ends a sentence before a blank and what does not go on in small letters. */
const FULL_STOP = /\.['")\]”’]*\s+["'“‘([]*$/
const ABBREVIATED = /^(?:\p{L}|st|mr|mrs|ms|dr|vs|no|co|inc|jr|sr|approx|etc|prof|gen|lt|col)$/iu
const NO_BREAK = /^\p{Ll}/u

/** More than one blank: expressions below need not run over many. */
const BLANKS = /\s{2,}/g
const NEGATED = /n['’]t(?!\p{L})/giu
const CANNOT = /\bcan(?:not|['’]t)\b/gi
const WILL_NOT = /\bwo(?=n['’]t\b)/gi

/** `是不是`, `能不能`, `有没有`: a question, and no negation. */
const A_NOT_A = /(\p{Script=Han})(?:不|没)\1/gu

/** The text in the form that all rules read: one width, one form of Han characters, numbers in digits, negations as words of their own. */
export function plainText(text: string): string {
  const plain = foldHan(
    text
      .toWellFormed()
      .normalize('NFKC')
      .replace(BLANKS, (blanks) => (blanks.includes('\n') ? '\n' : ' ')),
  )
  return withDigits(plain).replace(A_NOT_A, '$1').replace(CANNOT, 'can not').replace(WILL_NOT, 'will').replace(NEGATED, ' not')
}

/** Reads a text that `plainText` has made. */
export function readUnits(plain: string): ReadText {
  const units: Unit[] = []
  const sentences: { from: number; to: number }[] = []
  const starts: number[] = []
  let end = 0
  let before = ''
  for (const match of plain.matchAll(TOKEN)) {
    const [token] = match
    const gap = plain.slice(end, match.index)
    const isFirst = units.length === 0 || endsSentence(gap, before, token) || units.length - sentences.at(-1)!.from >= SENTENCE_UNITS_MAX
    if (isFirst) {
      sentences.push({ from: units.length, to: units.length })
      starts.push(match.index)
    }
    units.push(unitOf(token, sentences.length - 1, isFirst, gap))
    sentences.at(-1)!.to = units.length
    end = match.index + token.length
    before = token
  }
  return { units, sentences, texts: starts.map((start, index) => plain.slice(start, starts[index + 1]).trim()) }
}

const endsSentence = (gap: string, before: string, next: string): boolean =>
  gap !== '' && (HARD_END.test(gap) || (FULL_STOP.test(gap) && !ABBREVIATED.test(before) && !NO_BREAK.test(next)))

function unitOf(token: string, sentence: number, isFirst: boolean, gap: string): Unit {
  const follows = !isFirst && gap.trim() === ''
  if (STARTS_WITH_DIGIT.test(token)) {
    return { key: plainNumber(token), kind: 'number', isContent: true, isNegation: false, isName: false, sentence, follows }
  }
  const isUnspaced = IS_UNSPACED.test(token)
  const key = isUnspaced ? token : stemOf(foldAccents(token.toLowerCase()))
  const isNegation = NEGATIONS.has(key)
  const isContent = !isNegation && !STOP_WORDS.has(key)
  const isName = !isUnspaced && isContent && ((!isFirst && CAPITAL.test(token)) || (token.length > 1 && MIXED.test(token)))
  return { key, kind: isUnspaced ? 'character' : 'word', isContent, isNegation, isName, sentence, follows }
}

/** Size of the cache of stems; texts use the same few thousand words. */
const STEMS_MAX = 8_192
const WORD_CHARS_MAX = 64
const stems = new Map<string, string>()

function stemOf(word: string): string {
  if (!LATIN.test(word)) return word.slice(0, WORD_CHARS_MAX)
  if (word.length > WORD_CHARS_MAX) return word.slice(0, WORD_CHARS_MAX)
  const known = stems.get(word)
  if (known !== undefined) return known
  const stem = stemmer(word)
  if (stems.size >= STEMS_MAX) stems.clear()
  stems.set(word, stem)
  return stem
}
