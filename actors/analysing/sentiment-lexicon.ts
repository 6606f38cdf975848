import * as chinese from './chinese-sentiment-words.ts'
import * as english from './english-sentiment-words.ts'
import { NEGATIVE_SIGNS, POSITIVE_SIGNS } from './sentiment-signs.ts'
import { sentimentTokens } from './sentiment-tokens.ts'

/** What a word does to the words behind it, or to its clause. */
export type Role =
  'negation' | 'never' | 'degree' | 'intensifier' | 'diminisher' | 'turn' | 'concession' | 'condition' | 'question' | 'balance'

/** An entry of the lexicon. */
export interface Entry {
  /** From −2, strongly negative, to 2; 0 if it judges nothing. */
  polarity: number
  role: Role | undefined
  /** An emoji or emoticon. */
  isSign: boolean
}

/** A node of the trie of tokens. */
export interface LexiconNode {
  entry: Entry | undefined
  readonly next: Map<string, LexiconNode>
}

const createNode = (): LexiconNode => ({ entry: undefined, next: new Map() })

/** Made with the first text: a process that analyses none has none. */
let lexicon: ReadonlyMap<string, LexiconNode> | undefined

/** The longest entry that begins at a token, and how many tokens it has. */
export function entryAt(tokens: readonly string[], from: number): readonly [Entry, length: number] | undefined {
  let node = (lexicon ??= createLexicon().next).get(tokens[from] ?? '')
  let found: readonly [Entry, number] | undefined
  for (let at = from + 1; node !== undefined; at += 1) {
    if (node.entry !== undefined) found = [node.entry, at - from]
    node = at < tokens.length ? node.next.get(tokens[at] ?? '') : undefined
  }
  return found
}

function createLexicon(): LexiconNode {
  const root = createNode()
  const put = (word: string, change: Partial<Entry>): void => {
    let node = root
    for (const token of sentimentTokens(word.replaceAll('_', ' '))) {
      const next = node.next.get(token) ?? createNode()
      node.next.set(token, next)
      node = next
    }
    node.entry = { polarity: 0, role: undefined, isSign: false, ...node.entry, ...change }
  }
  const putForms = (words: string, polarity: number): void => {
    for (const word of wordsOf(words)) for (const form of formsOf(word)) put(form, { polarity })
  }
  const putAll = (words: string, change: Partial<Entry>): void => {
    for (const word of wordsOf(words)) put(word, change)
  }
  // Later entries replace earlier ones: a word as it is written outweighs a form of another word.
  const judging = [
    [english.ENGLISH_POSITIVE, 1],
    [english.ENGLISH_NEGATIVE, -1],
    [english.ENGLISH_STRONG_POSITIVE, 2],
    [english.ENGLISH_STRONG_NEGATIVE, -2],
  ] as const
  for (const [words, polarity] of judging) putForms(words, polarity)
  for (const [words, polarity] of judging) putAll(words, { polarity })
  putAll(english.ENGLISH_NO_SIGN, { polarity: 0 })
  putAll(chinese.CHINESE_POSITIVE, { polarity: 1 })
  putAll(chinese.CHINESE_NEGATIVE, { polarity: -1 })
  putAll(chinese.CHINESE_STRONG_POSITIVE, { polarity: 2 })
  putAll(chinese.CHINESE_STRONG_NEGATIVE, { polarity: -2 })
  putAll(chinese.CHINESE_NO_SIGN, { polarity: 0 })
  putAll(chinese.CHINESE_NO_NEGATIONS, {})
  for (const { ENGLISH, CHINESE, role } of ROLES) {
    putAll(ENGLISH, { role })
    putAll(CHINESE, { role })
  }
  putAll(POSITIVE_SIGNS, { polarity: 1, isSign: true })
  putAll(NEGATIVE_SIGNS, { polarity: -1, isSign: true })
  return root
}

const ROLES: readonly { readonly ENGLISH: string; readonly CHINESE: string; readonly role: Role }[] = [
  { ENGLISH: english.ENGLISH_INTENSIFIERS, CHINESE: chinese.CHINESE_INTENSIFIERS, role: 'intensifier' },
  { ENGLISH: english.ENGLISH_DIMINISHERS, CHINESE: chinese.CHINESE_DIMINISHERS, role: 'diminisher' },
  { ENGLISH: english.ENGLISH_NEGATIONS, CHINESE: chinese.CHINESE_NEGATIONS, role: 'negation' },
  { ENGLISH: english.ENGLISH_NEVERS, CHINESE: chinese.CHINESE_NEVERS, role: 'never' },
  { ENGLISH: english.ENGLISH_DEGREES, CHINESE: chinese.CHINESE_DEGREES, role: 'degree' },
  { ENGLISH: english.ENGLISH_QUESTIONS, CHINESE: chinese.CHINESE_QUESTIONS, role: 'question' },
  { ENGLISH: english.ENGLISH_BALANCES, CHINESE: chinese.CHINESE_BALANCES, role: 'balance' },
  { ENGLISH: english.ENGLISH_TURNS, CHINESE: chinese.CHINESE_TURNS, role: 'turn' },
  { ENGLISH: english.ENGLISH_CONCESSIONS, CHINESE: chinese.CHINESE_CONCESSIONS, role: 'concession' },
  { ENGLISH: english.ENGLISH_CONDITIONS, CHINESE: chinese.CHINESE_CONDITIONS, role: 'condition' },
]

function wordsOf(words: string): string[] {
  return words.split(/\s+/).filter((word) => word !== '')
}

/** Letters of the shortest word that has forms: `wins` and `sads` are spelled out where they are words. */
const FORMS_LETTERS_MIN = 4
const ENDINGS_OF_E = ['s', 'd', 'r', 'st', 'ly']
const ENDINGS = ['s', 'es', 'ed', 'ing', 'ly', 'er', 'est', 'ness']

/** A word and its regular forms, some of which do not exist. Phrases have none. */
function formsOf(word: string): string[] {
  if (!/^[a-z]+$/.test(word) || word.length < FORMS_LETTERS_MIN) return [word]
  const stem = word.slice(0, -1)
  if (word.endsWith('e')) return [word, ...ENDINGS_OF_E.map((ending) => word + ending), `${stem}ing`, `${stem}y`]
  if (/[^aeiou]y$/.test(word)) return [word, ...['ies', 'ied', 'ier', 'iest', 'ily', 'iness'].map((ending) => stem + ending), `${word}ing`]
  return [word, ...ENDINGS.map((ending) => word + ending)]
}

/** Whether a single word, or a word of Han characters, judges or shows a feeling. */
export function isJudging(word: string): boolean {
  const tokens = IS_HAN.test(word) ? [...word] : [word]
  const found = entryAt(tokens, 0)
  return found !== undefined && found[1] === tokens.length && found[0].polarity !== 0
}

const IS_HAN = /^\p{Script=Han}/u
