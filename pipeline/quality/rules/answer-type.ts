import { type Asked, isDateLike, YEAR } from './question-type.ts'
import type { ReadText, Unit } from './units.ts'

/** Whether an answer has what a question of its type asks for. */
export type TypeFit = 'fits' | 'unknown' | 'differs'

/** Units up to which an answer is a phrase, which can be of the wrong type; a sentence has more in it. Characters count half. */
export const PHRASE_UNITS_MAX = 8
/** Amounts that are no numbers. */
const AMOUNT =
  /\b(?:one|two|first|second|half|quarter|third|twice|once|dozen|double|several|few|none|no|all|every)\b|[半一二两]|一些|很多|没有|全部|无/i
const TRANSCRIBED = /\p{Script=Han}·\p{Script=Han}/u

/** @param isAsked whether the question has the unit itself */
export function typeFit(asked: Asked, { units }: ReadText, plain: string, isAsked: (unit: Unit) => boolean): TypeFit {
  const content = units.filter(({ isContent }) => isContent)
  const added = content.filter((unit) => !isAsked(unit))
  const isNumberOnly = isNumberWithUnit(content)
  if (asked === 'number') {
    return added.some(({ kind }) => kind === 'number') || AMOUNT.test(plain) ? 'fits' : 'differs'
  }
  if (asked === 'date') return added.some(({ key }) => YEAR.test(key)) || isDateLike(plain) ? 'fits' : 'differs'
  if (asked === 'other') return isPhrase(units) && isNumberOnly ? 'differs' : 'unknown'
  if (isNumberOnly) return 'differs'
  return added.some(({ isName }) => isName) || TRANSCRIBED.test(plain) ? 'fits' : 'unknown'
}

export const isPhrase = (units: readonly Unit[]): boolean =>
  units.reduce((sum, { kind }) => sum + (kind === 'character' ? 0.5 : 1), 0) <= PHRASE_UNITS_MAX

/** A number, with at most a short unit: `118`, `5 km`, `12 个月`. */
function isNumberWithUnit(content: readonly Unit[]): boolean {
  const others = content.filter(({ kind }) => kind !== 'number')
  return others.length < content.length && others.reduce((sum, { key }) => sum + key.length, 0) <= UNIT_CHARS_MAX
}
const UNIT_CHARS_MAX = 2
