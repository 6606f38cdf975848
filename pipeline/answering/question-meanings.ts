import { CHINESE_QUESTION_WORDS } from './chinese-question-words.ts'
import { ENGLISH_QUESTION_WORDS } from './english-question-words.ts'
import { type Phrase, type QuestionLexicon, readLexicon } from './question-lexicon.ts'
import { CLAUSE_END, type QuestionToken, questionTokens } from './question-tokens.ts'

/** Languages whose questions are compared. */
export type ComparedLang = 'en' | 'zh'
export const isComparedLang = (lang: string | null): lang is ComparedLang => lang === 'en' || lang === 'zh'

/** An entity of a question. */
export interface QuestionEntity {
  readonly name: string
  readonly value: string
  /** The words of the question; absent: they are compared as words. */
  readonly text?: string | undefined
}

/** A phrase of a question. */
export interface ReadPhrase {
  /** As `readLexicon` explains; of a word that is in no table, the word. `CLAUSE_END` at the end of a clause. */
  readonly meaning: readonly string[]
  /** Its first token, and all of them. */
  readonly first: string
  readonly written: string
  readonly length: number
  /** Whether it is a form such as `called`, which after "be" turns round who does it. */
  readonly isParticiple: boolean
  /** The tokens around it. */
  readonly previous: string | undefined
  readonly next: string | undefined
}

const lexicons = new Map<ComparedLang, QuestionLexicon>()
function lexiconOf(lang: ComparedLang): QuestionLexicon {
  const known = lexicons.get(lang)
  if (known !== undefined) return known
  const table = lang === 'zh' ? CHINESE_QUESTION_WORDS : ENGLISH_QUESTION_WORDS
  const read = readLexicon(table, (phrase) => questionTokens(phrase).map(({ key }) => key))
  lexicons.set(lang, read)
  return read
}

/** Reads the phrases of a question, in order. @param entities of the question: each is one word, whatever it is called there */
export function readPhrases(text: string, entities: readonly QuestionEntity[], lang: ComparedLang): ReadPhrase[] {
  const tokens = tokensWithEntities(text, entities)
  const keys = tokens.map(({ key }) => key)
  const lexicon = lexiconOf(lang)
  const phrases: ReadPhrase[] = []
  for (let at = 0; at < tokens.length;) {
    const { key, isParticiple } = tokens[at]!
    const { length, meaning } = phraseAt(lexicon, tokens, keys, at) ?? { length: 1, meaning: [key] }
    const written = keys.slice(at, at + length).join(' ')
    phrases.push({ meaning, first: key, written, length, isParticiple, previous: keys[at - 1], next: keys[at + length] })
    at += length
  }
  // Many questions end without a mark.
  const end: ReadPhrase = {
    meaning: [CLAUSE_END],
    first: CLAUSE_END,
    written: '',
    length: 0,
    isParticiple: false,
    previous: keys.at(-1),
    next: undefined,
  }
  return [...phrases, end]
}

/** A character inside a word means nothing of its own. */
function phraseAt(lexicon: QuestionLexicon, tokens: readonly QuestionToken[], keys: readonly string[], at: number): Phrase | undefined {
  const phrase = lexicon.at(keys, at)
  return phrase?.length === 1 && tokens[at]?.isWord === false ? undefined : phrase
}

/** Entities stand before any meaning of the words in them. They come in the order of the question. */
function tokensWithEntities(text: string, entities: readonly QuestionEntity[]): QuestionToken[] {
  const tokens: QuestionToken[] = []
  let end = 0
  for (const { name, value, text: words = '' } of entities) {
    const start = words === '' ? -1 : text.indexOf(words, end)
    if (start < 0) continue
    tokens.push(...questionTokens(text.slice(end, start)), { key: `=${name}:${value}`, isWord: true, isParticiple: false })
    end = start + words.length
  }
  return [...tokens, ...questionTokens(text.slice(end))]
}
