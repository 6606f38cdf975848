import { from, to } from 'opencc-js/preset/t2cn'

/** Letters with an accent that Unicode does not decompose; in lower case. */
const UNDECOMPOSED: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ð: 'd',
  đ: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
}
const UNDECOMPOSED_LETTER = new RegExp(`[${Object.keys(UNDECOMPOSED).join('')}]`, 'gu')
/** Marks on other letters make another letter: й, が, and the vowels of Hindi. */
const ACCENTS = /(?<=[\p{Script=Latin}\p{Script=Greek}]\p{Mn}*)\p{Mn}+/gu
const ASCII = /^[\0-\x7f]*$/

/** All of a text for the comparison of words: case, width, accents, Han characters and signs. */
export const foldText = (text: string): string => foldAccents(foldHan(spellSigns(text.normalize('NFKC'))).toLowerCase())

/** Removes the accents of Latin and Greek letters in a text in lower case: `café` becomes `cafe`, and `straße` becomes `strasse`. */
export function foldAccents(text: string): string {
  if (ASCII.test(text)) return text
  const plain = text.normalize('NFD').replace(ACCENTS, '').normalize('NFC')
  return plain.replace(UNDECOMPOSED_LETTER, (letter) => UNDECOMPOSED[letter] ?? letter)
}

/**
 * Replaces Han characters that stand for each other, such as 發, 髮 and 发, by one of them, mostly the simplified one. Each is replaced on its
 * own, whatever its neighbours are, so that a word in a question and in a text changes alike. The length in characters stays.
 */
export function foldHan(text: string): string {
  if (!HAN_START.test(text)) return text
  const { pattern, folded } = (hanTable ??= createHanTable())
  return text.replace(pattern, (character) => folded.get(character) ?? character)
}

/** Any character from the first Han character on; texts before it have none. */
const HAN_START = /[\u2e80-\uffff]/

interface HanTable {
  /** Matches the characters that are replaced. */
  readonly pattern: RegExp
  readonly folded: ReadonlyMap<string, string>
}
let hanTable: HanTable | undefined

/**
 * The characters by OpenCC's dictionaries: traditional to simplified, and the variants of Taiwan and Hong Kong. A chain of dictionaries
 * would not be symmetric (么 is a variant of 幺, and 麼 becomes 么), so characters that are linked by any of them make one class.
 */
function createHanTable(): HanTable {
  const classOf = new Map<string, string[]>()
  const membersOf = (character: string): string[] => {
    const known = classOf.get(character) ?? [character]
    classOf.set(character, known)
    return known
  }
  for (const dictionary of [to['cn'], from['tw'], from['hk']].flatMap(dictionariesIn)) {
    for (const [character, other] of pairsOf(dictionary)) {
      const [own, others] = [membersOf(character), membersOf(other)]
      if (own === others) continue
      // The larger class has its simplified character first.
      const [larger, smaller] = own.length > others.length ? [own, others] : [others, own]
      larger.push(...smaller)
      for (const member of smaller) classOf.set(member, larger)
    }
  }
  const folded = new Map<string, string>()
  for (const [character, [first]] of classOf) if (first !== undefined && first !== character) folded.set(character, first)
  return { pattern: new RegExp(`[${[...folded.keys()].join('')}]`, 'gu'), folded }
}

/** The dictionaries of a chain, which are strings in groups. */
const dictionariesIn = (chain: unknown): string[] =>
  typeof chain === 'string' ? [chain] : Array.isArray(chain) ? chain.flatMap(dictionariesIn) : []

/** The entries of a dictionary, `發 发|髮 发|…`, that map one character to another. */
const pairsOf = (dictionary: string): (readonly [string, string])[] =>
  dictionary.split('|').flatMap((entry) => {
    const [character = '', other = ''] = entry.split(' ')
    return [...character].length === 1 && [...other].length === 1 ? [[character, other] as const] : []
  })

/** A letter or digit of a script with spaces between words. */
const SPACED = '[[\\p{L}\\p{N}]--[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}]]'
const SHARP = new RegExp(`(?<!${SPACED})([a-z])[#♯](?![a-z#])`, 'giv')
const PLUS_PLUS = new RegExp(`(?<!${SPACED})(${SPACED}*?[a-z])\\+\\+(?!\\+)`, 'giv')
const SIGN = /[#♯]|\+\+/

/** Spells the signs that distinguish names: C# becomes `Csharp`, C++ `Cplusplus`, and Notepad++ `Notepad plusplus`. */
export function spellSigns(text: string): string {
  if (!SIGN.test(text)) return text
  return text.replace(SHARP, '$1sharp ').replace(PLUS_PLUS, (_, name: string) => `${name}${name.length === 1 ? '' : ' '}plusplus `)
}
