import { idf } from '../../search/bm25.ts'
import { QUESTION_TERMS_MAX, TERM_PLACES_MAX } from './rules-limits.ts'
import type { Sources } from './sources.ts'
import { readUnits, type Unit } from './units.ts'

/** One term of a question: a word, a number, or two neighbouring characters of a script without spaces. */
export interface QuestionTerm {
  readonly keys: readonly string[]
  /** Rarity among the sentences of the passages. */
  readonly weight: number
  /** Where it stands in the passages, in order. */
  readonly places: readonly number[]
}

/** Words that only ask, in the plain form of a question: they separate the characters around them. */
const ASKING_WORDS = [
  '什么(?:时候|时间|地方|样)?|为什么|为何|何时|何处|哪一?[个些里儿位年天种座条所]?|谁',
  '多少|多[大长久高远快重]|几[个次名位年天岁种]|怎么样?|怎样|如何',
  '是否|可以|请问|吗|呢|名字|叫做?|称为|列举|说明',
]
const ASKING = new RegExp(ASKING_WORDS.join('|'), 'gu')

/** The terms of a question in its plain form, with their places in the passages. */
export function questionTerms(plain: string, sources: Sources): QuestionTerm[] {
  const { units } = readUnits(plain.replaceAll(ASKING, ' , '))
  const keys = new Map<string, readonly string[]>()
  for (const [index, unit] of units.entries()) {
    if (keys.size >= QUESTION_TERMS_MAX) break
    if (unit.isContent) keys.set(unit.key, [unit.key])
    if (unit.kind !== 'character') continue
    const before = units[index - 1]
    if (before?.kind !== 'character' || !unit.follows || !(before.isContent && unit.isContent)) continue
    keys.set(before.key + unit.key, [before.key, unit.key])
  }
  return [...keys.values()].map((parts) => {
    const places = placesOf(parts, sources).slice(0, TERM_PLACES_MAX)
    const sentencesWith = new Set(places.map((place) => sources.sentenceAt[place]!)).size
    return {
      keys: parts,
      weight:
        (parts.length === 1 && HAN.test(parts[0]!) ? SINGLE_WEIGHT : 1)
        * idf(Math.max(SENTENCES_MIN, sources.sentences.length), sentencesWith),
      places,
    }
  })
}

/** What one character counts: it is in many words. */
const SINGLE_WEIGHT = 0.35
const HAN = /^\p{Script=Han}$/u
/** A short text says little about rarity: it counts as part of at least this many sentences. */
const SENTENCES_MIN = 8
const STEM_CHARS_MIN = 5

function placesOf([first, second]: readonly string[], { placesOf: places, units }: Sources): readonly number[] {
  const found = places.get(first!)
  if (second !== undefined) return (found ?? []).filter((place) => units[place + 1]?.key === second)
  if (found !== undefined || first!.length < STEM_CHARS_MIN) return found ?? []
  // Forms that the stemmer does not join: `resign` and `resignation`.
  const start = first!.slice(0, Math.max(STEM_CHARS_MIN, first!.length - 3))
  return [...places].flatMap(([key, at]) => (key.startsWith(start) ? at : [])).sort((one, other) => one - other)
}

/** Whether a unit of the passages is part of a term of the question. */
export function isAsked(unit: Unit, terms: readonly QuestionTerm[]): boolean {
  return terms.some(({ keys }) => keys.includes(unit.key))
}
