import { createRandom, pick } from '../harness/random.ts'

export const LANGUAGES = ['en', 'zh'] as const
export type Language = (typeof LANGUAGES)[number]

const WORDS = 30_000
const SYLLABLES = ['ka', 'to', 'mi', 'ren', 'sol', 'da', 'vi', 'pur', 'ne', 'lo', 'gra', 'ti', 'bo', 'sha', 'el', 'um']
const FIRST_HAN = 0x4e00
const HAN = 3_000
/** Words between two commas of a Chinese text. */
const CLAUSE = 9

export interface SearchTexts {
  /** A text of this many words. */
  text(language: Language, words: number): string
  /** A question of usual length. */
  question(language: Language): string
}

/** Words of a question; a Chinese one has one to three characters. */
const QUESTION_WORDS: Readonly<Record<Language, number>> = { en: 6, zh: 4 }

/** Texts of invented words with Zipf frequencies: the n-th word is n times as rare as the first. */
export function createSearchTexts(seed: number): SearchTexts {
  const random = createRandom(seed)
  const word: Readonly<Record<Language, (index: number) => string>> = {
    en: (index) => Array.from({ length: 2 + (index % 3) }, () => SYLLABLES[pick(random, SYLLABLES.length)]).join(''),
    // Frequent characters are in more words.
    zh: (index) => String.fromCharCode(...Array.from({ length: 1 + (index % 3) }, () => FIRST_HAN + Math.floor(HAN * random() ** 2))),
  }
  const vocabularies = Object.fromEntries(
    LANGUAGES.map((language) => [language, Array.from({ length: WORDS }, (_, index) => word[language](index))]),
  )
  const text: SearchTexts['text'] = (language, words) => {
    const chosen = Array.from({ length: words }, () => vocabularies[language]?.[Math.floor(WORDS ** random()) - 1] ?? '')
    if (language === 'en') return chosen.join(' ')
    return chosen.map((one, index) => (index % CLAUSE === CLAUSE - 1 ? `${one}，` : one)).join('')
  }
  return { text, question: (language) => text(language, QUESTION_WORDS[language]) }
}
