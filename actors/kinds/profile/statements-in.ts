import { PROFILE_LIMITS } from '../../../schemas/profile-events.ts'
import { chineseClauses, mayTellChinese, readChinese } from './chinese-statements.ts'
import { englishClauses, mayTellEnglish, readEnglish } from './english-statements.ts'
import type { Statement } from './statement.ts'

/** Statements of one message that are read. */
const STATEMENTS_MAX = 16
const CONTROLS = /\p{Cc}/gu
const HAN = /\p{Script=Han}/u
/** A value in which somebody put more than words: markup, an address of the web, signs of direction. */
const UNFIT = /[<>{}[\]|\\@#$^*=~`"\u200b-\u200f\u202a-\u202e\u2066-\u2069]|https?:/u

/**
 * What a message says of its author, by patterns; in Chinese and English. Pure. Of a long message only the beginning is read, and no clause
 * that is longer than the words of a fact may be.
 */
export function statementsIn(text: string): Statement[] {
  const { textCharsMax, valueCharsMax, wordsCharsMax } = PROFILE_LIMITS
  const read = text
    .slice(0, textCharsMax)
    .toWellFormed()
    .replace(/[^\S\n]+/gu, ' ')
  const [clauses, readClause] = HAN.test(read) ? [chineseClauses(read), readChinese] : [englishClauses(read), readEnglish]
  return clauses
    .filter(({ length }) => length <= wordsCharsMax)
    .flatMap((clause) => readClause(clause).map((one): Statement => ({ ...one, words: clause.replace(CONTROLS, ' ') })))
    .filter(({ value }) => value === null || (value.length <= valueCharsMax && !UNFIT.test(value)))
    .slice(0, STATEMENTS_MAX)
}

/** Whether a message may say something of its author that no pattern reads, so that a model may be asked. */
export const mayTell = (text: string): boolean => (HAN.test(text) ? mayTellChinese(text) : mayTellEnglish(text))
