import { stemmer } from 'stemmer'
import { foldAccents } from '../../actors/core/fold-text.ts'
import { plainNumber } from '../quality/rules/numbers.ts'
import { plainText } from '../quality/rules/units.ts'

/** The token between two clauses. */
export const CLAUSE_END = '.'

const TOKEN = new RegExp(
  [
    '[€$£¥￥%‰]',
    '\\p{N}{1,24}(?:[.,]\\p{N}{1,12}){0,8}',
    '\\p{Script=Han}',
    '[\\p{L}--\\p{Script=Han}][[\\p{L}\\p{M}\\p{N}]--\\p{Script=Han}]{0,63}',
    '[.!?,;:。！？；：，、\\n…]',
    ' [\\-–—] ',
  ].join('|'),
  'gv',
)
const DIGIT = /^\p{N}/u
/** Five euros are not five dollars. */
const SIGN = /^[€$£¥%‰]/u
const HAN = /\p{Script=Han}/u
const WORD = /^\p{L}/u
const ASCII_WORD = /^[a-z]+$/

/** Written as one word and said as two, and other forms of one question. */
const CONTRACTIONS: readonly (readonly [RegExp, string])[] = [
  [/\b(i|you|he|she|we|they)['’]d\b/g, '$1 would'],
  [/\b(i|you|we|they)['’]?ve\b/g, '$1 have'],
  [/\bi['’]?m\b/g, 'i am'],
  [/\b(i|you|he|she|it|we|they)['’]ll\b/g, '$1 will'],
  [/\b(you|we|they)['’]re\b/g, '$1 are'],
  [/\b(what|where|when|who|how|why|it|that|there|here)['’]s\b/g, '$1 is'],
  [/\b(what|where|how|who)s\b/g, '$1 is'],
  [/\b(do|does|did|is|are|was|were|ca|wo|could|would|should|has|have)nt\b/g, '$1 not'],
  [/['’]s?(?!\p{L})/gu, ''],
  // Asked within another sentence.
  [/\bhow much ([^.?!,;]{1,100}) (is|are)(?=\s*(?:[.?!,;]|$))/g, 'how much $2 $1'],
  [/\bca not\b/g, 'can not'],
  [/\bwo not\b/g, 'will not'],
]

/** 有货没有, 能用不: a question, and no negation. */
const ENDS_IN_CHOICE = /(?<=\p{Script=Han})(?:没有?|不)(?=[。！？，,.!?\s]*$)/u
/** In small letters it is a pronoun. */
const COUNTRY = /\bU\.?S\b\.?/g
/** 哪儿 is said for 哪里. */
const HERE_AND_THERE = /(?<=[哪这那])儿/gu

/** Whether a text asks for yes or no by what it leaves open: 能不能, 有货没有. */
export const offersChoice = (text: string): boolean => A_NOT_A.test(text) || ENDS_IN_CHOICE.test(text)
const A_NOT_A = /(\p{Script=Han})[不没]\1/u

/** A number, the stem of a word, a Han character, or `CLAUSE_END`. */
export interface QuestionToken {
  readonly key: string
  /** False for a Han character in a longer word: `行` in 银行 does not mean what `行` alone does. */
  readonly isWord: boolean
  /** An English form such as `called` or `taken`. */
  readonly isParticiple: boolean
}

const PARTICIPLE = /^[a-z]+(?:ed|en|wn|ught)$/
const SEGMENTER = new Intl.Segmenter('zh', { granularity: 'word' })

/** Cuts a question into tokens, in order. */
export function questionTokens(text: string): QuestionToken[] {
  const plain = foldAccents(plainText(text.replace(COUNTRY, 'USA')).toLowerCase())
    .replace(ENDS_IN_CHOICE, '')
    .replace(HERE_AND_THERE, '里')
  const spelled = CONTRACTIONS.reduce((rest, [pattern, words]) => rest.replace(pattern, words), plain)
  const inWords = HAN.test(spelled) ? charactersInWords(spelled) : new Set<number>()
  return Array.from(spelled.matchAll(TOKEN), ({ 0: token, index }) => ({
    key: keyOf(token),
    isWord: !inWords.has(index),
    isParticiple: PARTICIPLE.test(token),
  }))
}

function charactersInWords(text: string): ReadonlySet<number> {
  const places = new Set<number>()
  for (const { segment, index } of SEGMENTER.segment(text)) {
    if (segment.length > 1) for (let at = index; at < index + segment.length; at++) places.add(at)
  }
  return places
}

function keyOf(token: string): string {
  if (DIGIT.test(token)) return plainNumber(token)
  if (SIGN.test(token)) return token
  if (!WORD.test(token)) return CLAUSE_END
  return stemOf(token)
}

/** A stem as short as that of `use` is that of another word, too. */
const STEM_CHARS_MIN = 3
function stemOf(word: string): string {
  if (!ASCII_WORD.test(word)) return word
  const stem = stemmer(word)
  return stem.length < STEM_CHARS_MIN ? word : stem
}
