import type { Glossary } from '../../../schemas/glossary.ts'
import { type TermPair, TRANSLATION_LIMITS } from '../../../schemas/translation-events.ts'
import { foldText } from '../../core/fold-text.ts'
import { TERM_LINE } from '../../prompting/build-translation.ts'

const LETTER = String.raw`[\p{Script=Latin}\p{N}]`

/** Whether a text contains a term: whole words where letters have spaces between words. */
export function hasTerm(text: string, term: string): boolean {
  const [folded, wanted] = [foldText(text), foldText(term)]
  for (let at = folded.indexOf(wanted); wanted !== '' && at >= 0; at = folded.indexOf(wanted, at + 1)) {
    const isCut = joins(folded[at - 1], wanted[0]) || joins(wanted.at(-1), folded[at + wanted.length])
    if (!isCut) return true
  }
  return false
}

const JOINED = new RegExp(`^${LETTER}{2}$`, 'u')
const joins = (one: string | undefined, other: string | undefined): boolean =>
  one !== undefined && other !== undefined && JOINED.test(one + other)

/** The base of a language code: terms of `zh` hold for `zh-Hant`, too. */
const baseOf = (lang: string): string => lang.split('-')[0] ?? lang
const termIn = (entry: Glossary[number], lang: string): string | undefined => entry[lang] ?? entry[baseOf(lang)]

/** The terms of a glossary that a text has, the longest first. */
export function glossaryTerms(glossary: Glossary, text: string, from: string, to: string): TermPair[] {
  return glossary
    .flatMap((entry): TermPair[] => {
      const [term, translation] = [termIn(entry, from), termIn(entry, to)]
      return term !== undefined && translation !== undefined && hasTerm(text, term) ? [[term, translation]] : []
    })
    .sort(([one], [other]) => other.length - one.length)
    .slice(0, TRANSLATION_LIMITS.toldMax)
}

/** The remembered terms that a text has, beside those of the glossary. */
export const rememberedTerms = (remembered: readonly TermPair[], glossary: readonly TermPair[], text: string): TermPair[] =>
  remembered
    .filter(([term]) => hasTerm(text, term) && !glossary.some(([other]) => foldText(other) === foldText(term)))
    .slice(0, TRANSLATION_LIMITS.toldMax - glossary.length)

/** Terms that are said to be translated and are not. */
export const missingTerms = (terms: readonly TermPair[], translation: string): TermPair[] =>
  terms.filter(([, wanted]) => !hasTerm(translation, wanted))

/** Terms of one message that are remembered. */
const NEW_MAX = 8

/** A model's answer: the translation, and the terms that it tells and that are in both texts. */
export function readTranslation(answer: string, original: string): { readonly text: string; readonly terms: TermPair[] } {
  const lines = answer.trim().split('\n')
  const text = lines
    .filter((line) => !isTermLine(line))
    .join('\n')
    .trim()
  const terms = lines.filter(isTermLine).flatMap((line): TermPair[] => {
    const [term = '', translation = ''] = line
      .trim()
      .slice(TERM_LINE.length)
      .split(/\s*[=＝]\s*/)
      .map((part) => part.trim())
    const fits = [term, translation].every(({ length }) => length > 0 && length <= TRANSLATION_LIMITS.termCharsMax)
    return fits && hasTerm(original, term) && hasTerm(text, translation) ? [[term, translation]] : []
  })
  return { text, terms: terms.slice(0, NEW_MAX) }
}

const isTermLine = (line: string): boolean => line.trimStart().startsWith(TERM_LINE)
