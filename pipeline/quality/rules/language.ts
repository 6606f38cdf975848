import type { ReadText } from './units.ts'

/** Scripts that tell languages apart, by their ISO 15924 codes. */
const SCRIPTS: readonly (readonly [string, RegExp])[] = [
  ['Hani', /\p{Script=Han}/gu],
  ['Jpan', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['Kore', /\p{Script=Hangul}/gu],
  ['Cyrl', /\p{Script=Cyrillic}/gu],
  ['Arab', /\p{Script=Arabic}/gu],
  ['Deva', /\p{Script=Devanagari}/gu],
  ['Grek', /\p{Script=Greek}/gu],
  ['Hebr', /\p{Script=Hebrew}/gu],
  ['Thai', /\p{Script=Thai}/gu],
]
const LATIN_WORDS = /\p{Script=Latin}+/gu

/** The script that most of a text is in; `undefined` where it has no letters. A Latin word weighs as much as two characters. */
export function scriptOf(text: string): string | undefined {
  let best: { script: string | undefined; weight: number } = { script: undefined, weight: 0 }
  const consider = (script: string, weight: number): void => {
    if (weight > best.weight) best = { script, weight }
  }
  consider('Latn', (text.match(LATIN_WORDS)?.length ?? 0) * 2)
  for (const [script, pattern] of SCRIPTS) consider(script, text.match(pattern)?.length ?? 0)
  // Japanese mixes Han characters with kana, of which Chinese has none.
  return best.script === 'Hani' && (text.match(SCRIPTS[1]![1])?.length ?? 0) * 5 > best.weight ? 'Jpan' : best.script
}

/** The script of a language; `undefined` for what is no language. Simplified and traditional Han characters are one script. */
export function scriptOfLanguage(lang: string): string | undefined {
  try {
    const { script } = new Intl.Locale(lang).maximize()
    return script === 'Hans' || script === 'Hant' ? 'Hani' : script
  } catch {
    return undefined
  }
}

/** Units of the answer that are neither in the question nor in the passages, from which its language can be told. */
const FOREIGN_UNITS_MIN = 4
/** Share of an answer that must be foreign. */
const FOREIGN_SHARE = 0.3

/**
 * Whether an answer is in a script of another language than is asked for. A short answer may be a name, and a quotation has the language of
 * its passage.
 *
 * @param isKnown whether a key of a unit is in the question or in the passages
 */
export function isWrongLanguage(
  answer: string,
  lang: string | undefined,
  question: string,
  { units }: ReadText,
  isKnown: (key: string) => boolean,
): boolean {
  const expected = (lang === undefined ? undefined : scriptOfLanguage(lang)) ?? scriptOf(question)
  const found = scriptOf(answer)
  if (expected === undefined || found === undefined || isOneScript(expected, found)) return false
  const foreign = lang === undefined ? units.filter(({ key, kind }) => kind !== 'number' && !isKnown(key)).length : units.length
  return foreign >= FOREIGN_UNITS_MIN && foreign >= units.length * FOREIGN_SHARE
}

/** A Japanese text may have no kana, if it is short. */
const isOneScript = (one: string, other: string): boolean => one === other || new Set([one, other, 'Hani', 'Jpan']).size === 2
