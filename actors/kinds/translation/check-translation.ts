import type { TermPair } from '../../../schemas/translation-events.ts'
import { detectLanguage } from '../../core/detect-language.ts'
import { foldText } from '../../core/fold-text.ts'
import { missingTerms } from './terms.ts'

/** What the checks of translations are called in `evaluator`. */
export const TRANSLATION_EVALUATOR = 'translation@1'

/** What each fault takes from a translation's quality, which is 1 without any. */
const WEIGHTS = { wrong_language: 0.6, untranslated: 0.6, number_missing: 0.3, term_missing: 0.3, length_odd: 0.2 } as const
type Fault = keyof typeof WEIGHTS

/** A translation with what is to be checked of it. */
export interface Checked {
  readonly original: string
  readonly text: string
  readonly from: string
  readonly to: string
  readonly terms: readonly TermPair[]
}

/** Faults of a translation that can be told without understanding it. */
export interface TranslationCheck {
  readonly quality: number
  /** A fault, and what it is about: `term_missing:退货处`. */
  readonly reasons: readonly string[]
}

const REASON_CHARS_MAX = 100
const REASONS_MAX = 8
/** Letters of a text from which its language is told well enough. */
const TOLD_MIN = 12
/** Lengths of a translation relative to its original, in units of a width in which a Han character counts for three. */
const [LENGTH_MIN, LENGTH_MAX] = [0.25, 5]
const SHORT = 8

/**
 * Checks a translation: its language, its numbers, its terms, its length. It does not judge whether the meaning is the same.
 */
export function checkTranslation(checked: Checked): TranslationCheck {
  const faults: [Fault, string][] = [
    ...languageFault(checked).map((fault): [Fault, string] => [fault, '']),
    ...missingNumbers(checked).map((number): [Fault, string] => ['number_missing', number]),
    ...missingTerms(checked.terms, checked.text).map(([, wanted]): [Fault, string] => ['term_missing', wanted]),
    ...(isOddLength(checked) ? [ODD] : []),
  ]
  const lost = [...new Set(faults.map(([fault]) => fault))].reduce((sum, fault) => sum + WEIGHTS[fault], 0)
  return {
    quality: Math.max(0, Number((1 - lost).toFixed(2))),
    reasons: faults.slice(0, REASONS_MAX).map(([fault, what]) => (what === '' ? fault : `${fault}:${what}`).slice(0, REASON_CHARS_MAX)),
  }
}

const ODD: [Fault, string] = ['length_odd', '']

function languageFault(checked: Checked): Fault[] {
  if (isSame(checked)) return ['untranslated']
  return isWrongLanguage(checked) ? ['wrong_language'] : []
}

const letters = (text: string): number => text.match(/\p{L}/gu)?.length ?? 0

/** The same text is a translation only where it has nothing to translate: a number, a name. */
const isSame = ({ original, text, terms }: Checked): boolean =>
  letters(original) >= SHORT && foldText(original) === foldText(text) && !terms.some(([term]) => foldText(term) === foldText(original))

/** What is written in Latin letters in any language: addresses, and numbers with their unit. */
const WITHOUT_LANGUAGE = /https?:\/\/\S+|\S+@\S+|\d\s?\p{L}{1,3}(?!\p{L})/gu
/** A word that is no name. */
const WORD = /(?<![\p{L}\p{N}.])\p{Ll}{2,}(?![\p{L}\p{N}])/u

/** A Chinese text has Han characters; one of names alone does without. */
function hasNoHan({ text, terms }: Checked): boolean {
  if (/\p{Script=Han}/u.test(text)) return false
  const rest = terms.reduce((left, [, term]) => left.replaceAll(term, ' '), text).replace(WITHOUT_LANGUAGE, ' ')
  // "OK" is one in any language.
  return WORD.test(rest) || (letters(rest) > 2 && detectLanguage(rest) === 'en')
}

function isWrongLanguage(checked: Checked): boolean {
  const { text, to } = checked
  if (to.split('-')[0] === 'zh' && hasNoHan(checked)) return true
  const detected = letters(text) >= TOLD_MIN || /\p{Script=Han}/u.test(text) ? detectLanguage(text) : null
  return detected !== null && detected !== to.split('-')[0]
}

/** Words for single digits, in the languages that have them here; in others, a digit may be any word. */
const DIGIT_WORDS: Readonly<Record<string, readonly RegExp[]>> = {
  en: [
    'zero|no|none|nil|nought',
    'one|an?|first|once|single|only',
    'two|second|twice|both|pair|couple|double',
    'three|third|thrice|triple',
    'four(?:th)?',
    'five|fifth',
    'six(?:th)?',
    'seven(?:th)?',
    'eighth?',
    'nine|ninth',
  ].map((words) => new RegExp(`\\b(?:${words})\\b`, 'i')),
  zh: ['[零〇]', '[一壹]', '[二两貳贰俩双兩雙]', '[三叁仨]', '[四肆]', '[五伍]', '[六陆]', '[七柒]', '[八捌]', '[九玖]'].map(
    (words) => new RegExp(words),
  ),
}
/** A digit that stands alone: none of a longer number, and none of a name such as A4. */
const DIGIT = /(?<![\p{Script=Latin}\d]|\d[.,:/-])\d(?![\p{Script=Latin}\d]|[.,:/-]\d)/gu

const missingNumbers = (checked: Checked): string[] => [...missingDigits(checked), ...missingLongNumbers(checked)]

/** Single digits, which a translation may write as words. */
function missingDigits({ original, text, to }: Checked): string[] {
  const words = DIGIT_WORDS[to.split('-')[0] ?? '']
  if (words === undefined) return []
  const digitsIn = (of: string): string[] => of.normalize('NFKC').match(DIGIT) ?? []
  const found = digitsIn(text)
  return [...new Set(digitsIn(original))].filter((digit) => !found.includes(digit) && words[Number(digit)]?.test(text) !== true)
}

/** Numbers of two digits and more, which translations keep as digits. Signs within them differ between languages. */
function missingLongNumbers({ original, text }: Checked): string[] {
  const digitsOf = (of: string): string[] =>
    (of.normalize('NFKC').match(/\d[\d.,:/-]*\d/g) ?? []).map((number) => number.replace(/\D/g, ''))
  const found = digitsOf(text).join(' ')
  return [...new Set(digitsOf(original))].filter((number) => !found.includes(number))
}

const width = (text: string): number => text.length + 2 * (text.match(/\p{Script=Han}/gu)?.length ?? 0)

function isOddLength({ original, text }: Checked): boolean {
  const [before, after] = [width(original), width(text)]
  return before > 2 * SHORT && (after < before * LENGTH_MIN || after > before * LENGTH_MAX)
}
