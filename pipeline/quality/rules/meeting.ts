import type { GroundedSentence } from './grounding.ts'
import { OCCURRENCES_MAX } from './limits.ts'
import type { Asked } from './question-type.ts'
import { YEAR } from './question-type.ts'
import type { QuestionTerm } from './question-terms.ts'
import type { Sources } from './sources.ts'
import type { Range, Unit } from './units.ts'

/** Where question and answer meet in the passages. All from 0 to 1. */
export interface Meeting {
  /** Share of the question, by rarity, that the passages have at all. */
  readonly known: number
  /** Share of what they have that stands in or near the answer's place. */
  readonly near: number
  /** The same in the sentence of the answer's place alone. */
  readonly inSentence: number
  /** Share of the question that stands near the best place of another sentence. */
  readonly rival: number
  /** `near` over the best place of a unit of the type that is asked for. */
  readonly typed: number
  /** Share of the question in the answer itself. */
  readonly inAnswer: number
}

/** Distance in units after which nearness has fallen to 1/e, in scripts with spaces and without. */
const REACH = { word: 10, character: 18 } as const
/** What a term in a neighbouring sentence counts. */
const OTHER_SENTENCE = 0.45

export function meet(
  terms: readonly QuestionTerm[],
  sentences: readonly GroundedSentence[],
  asked: Asked,
  sources: Sources,
  answerKeys: ReadonlySet<string>,
): Meeting {
  const all = terms.reduce((sum, { weight }) => sum + weight, 0)
  const present = terms.filter(({ places }) => places.length > 0)
  const known = present.reduce((sum, { weight }) => sum + weight, 0)
  const isSpaced = terms.every(({ keys }) => keys.length === 1)
  const nearnessOf = createNearness(present, sources, isSpaced ? REACH.word : REACH.character)
  const spanSets = placesOfAnswer(sentences, sources)
  let [near, inSentence, own] = [0, 0, new Set<number>()]
  for (const spans of spanSets) {
    const value = nearnessOf(spans)
    const within = new Set(spans.flatMap(({ from, to }) => numbersBetween(sources.sentenceAt[from]!, sources.sentenceAt[to - 1]!)))
    const inside = coverage(present, within, sources)
    if (value + inside > near + inSentence) [near, inSentence, own] = [value, inside, within]
  }
  let rival = 0
  for (const [index, sentence] of sources.sentences.entries()) {
    if (!own.has(index)) rival = Math.max(rival, coverage(present, new Set([index]), sources), 0)
    void sentence
  }
  let typed = 0
  if (asked !== 'other') {
    for (const [place, unit] of sources.units.entries()) {
      if (isOfType(unit, asked) && !present.some(({ places }) => places.includes(place))) {
        typed = Math.max(typed, nearnessOf([{ from: place, to: place + 1 }]))
      }
    }
  }
  const inAnswer = terms.reduce((sum, { keys, weight }) => sum + (keys.every((key) => answerKeys.has(key)) ? weight : 0), 0)
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : Math.min(1, part / whole))
  return {
    known: share(known, all),
    near: share(near, known),
    inSentence: share(inSentence, known),
    rival: share(rival, known),
    typed: typed === 0 ? 1 : share(near, typed),
    inAnswer: share(inAnswer, all),
  }
}

const numbersBetween = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

const isOfType = (unit: Unit, asked: Asked): boolean => {
  if (asked === 'number') return unit.kind === 'number'
  if (asked === 'date') return unit.kind === 'number' && YEAR.test(unit.key)
  return unit.isName
}

/** The weight of the terms that stand in some sentences. */
const coverage = (terms: readonly QuestionTerm[], sentences: ReadonlySet<number>, { sentenceAt }: Sources): number =>
  terms.reduce((sum, { places, weight }) => sum + (places.some((place) => sentences.has(sentenceAt[place]!)) ? weight : 0), 0)

/** The weight of the terms near some spans: each counts less the farther its nearest occurrence is. */
function createNearness(terms: readonly QuestionTerm[], { sentenceAt }: Sources, reach: number): (spans: readonly Range[]) => number {
  return (spans) =>
    terms.reduce((sum, { places, weight }) => {
      let best = 0
      for (const { from, to } of spans) {
        for (const place of places) {
          const distance = place < from ? from - place : place >= to ? place - to + 1 : 0
          const isInside = sentenceAt[place]! >= sentenceAt[from]! && sentenceAt[place]! <= sentenceAt[to - 1]!
          best = Math.max(best, Math.exp(-distance / reach) * (isInside ? 1 : OTHER_SENTENCE))
        }
      }
      return sum + weight * best
    }, 0)
}

/** The places of an answer: where its sentences were copied from; for one of a few words each place where these stand. */
function placesOfAnswer(sentences: readonly GroundedSentence[], sources: Sources): (readonly Range[])[] {
  const spans = sentences.map(({ alignment }) => alignment.span).filter(({ from, to }) => to > from)
  const [only] = spans
  if (spans.length !== 1 || only === undefined) return spans.length === 0 ? [] : [spans]
  const keys = sources.units.slice(only.from, only.to).map(({ key }) => key)
  const starts = (sources.placesOf.get(keys[0]!) ?? []).slice(0, OCCURRENCES_MAX)
  return starts
    .filter((start) => keys.every((key, index) => sources.units[start + index]?.key === key))
    .map((start) => [{ from: start, to: start + keys.length }])
}
