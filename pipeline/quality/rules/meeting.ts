import type { GroundedSentence } from './grounding.ts'
import type { QuestionTerm } from './question-terms.ts'
import type { Asked } from './question-type.ts'
import { YEAR } from './question-type.ts'
import { OCCURRENCES_MAX, PLACES_MAX, TYPED_MAX } from './rules-limits.ts'
import type { Sources } from './sources.ts'
import type { Range, Unit } from './units.ts'

/** Where question and answer meet in the passages. Numbers are from 0 to 1. */
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
  /** How much of the question there is to tell by: 0 where the passages have none of it, near 1 with some rare terms. */
  readonly evidence: number
  /** The sentences of the passages in which the answer's place is. Empty where it has none. */
  readonly own: ReadonlySet<number>
}

/** Rarity of the terms found at which the evidence is one half: that of one rare term. */
const EVIDENCE_HALF = 1.5
/** Distance in units after which nearness has fallen to 1/e, in scripts with spaces and without. */
const REACH = { word: 10, character: 18 } as const
/** What a term in a neighbouring sentence counts. */
const OTHER_SENTENCE = 0.45
/** What a term counts that the title of the passage has, for each place of the passage. */
const IN_TITLE = 0.5

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
  const isSpaced = !terms.some(({ keys }) => keys.length > 1)
  const nearnessOf = createNearness(present, sources, isSpaced ? REACH.word : REACH.character)
  const spanSets = placesOfAnswer(sentences, sources)
  let [near, inSentence] = [0, 0]
  let own: ReadonlySet<number> = new Set()
  for (const spans of spanSets) {
    const value = nearnessOf(spans)
    const within = new Set(spans.flatMap(({ from, to }) => numbersBetween(sources.sentenceAt[from]!, sources.sentenceAt[to - 1]!)))
    const inside = coverage(present, within, sources)
    if (own.size === 0 || value + inside > near + inSentence) {
      ;[near, inSentence] = [value, inside]
      own = within
    }
  }
  let rival = 0
  for (const index of sources.sentences.keys()) {
    if (!own.has(index) && !sources.isTitle[index]!) rival = Math.max(rival, coverage(present, new Set([index]), sources))
  }
  let typed = 0
  if (asked !== 'other') {
    const askedPlaces = new Set(present.flatMap(({ places }) => places))
    let left = TYPED_MAX
    for (const [place, unit] of sources.units.entries()) {
      if (!isOfType(unit, asked) || askedPlaces.has(place)) continue
      if (left-- === 0) break
      typed = Math.max(typed, nearnessOf([{ from: place, to: place + 1 }]))
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
    evidence: known / (known + EVIDENCE_HALF),
    own,
  }
}

const numbersBetween = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

const isOfType = (unit: Unit, asked: Asked): boolean => {
  if (asked === 'number') return unit.kind === 'number'
  if (asked === 'date') return unit.kind === 'number' && YEAR.test(unit.key)
  return unit.isName
}

/** The weight of the terms that stand in some sentences. */
function coverage(terms: readonly QuestionTerm[], sentences: ReadonlySet<number>, { sentenceAt, isTitle, passageOf }: Sources): number {
  const passages = new Set([...sentences].map((sentence) => passageOf[sentence]))
  return terms.reduce((sum, { places, weight }) => {
    let best = 0
    for (const place of places) {
      const sentence = sentenceAt[place]!
      if (sentences.has(sentence)) best = 1
      else if (best === 0 && isTitle[sentence]! && passages.has(passageOf[sentence])) best = IN_TITLE
    }
    return sum + weight * best
  }, 0)
}

/** The weight of the terms near some spans: each counts less the farther its nearest occurrence is. */
function createNearness(
  terms: readonly QuestionTerm[],
  { sentenceAt, isTitle, passageOf }: Sources,
  reach: number,
): (spans: readonly Range[]) => number {
  return (spans) =>
    terms.reduce((sum, { places, weight }) => {
      let best = 0
      for (const { from, to } of spans) {
        for (const place of places) {
          const distance = place < from ? from - place : place >= to ? place - to + 1 : 0
          const isInside = sentenceAt[place]! >= sentenceAt[from]! && sentenceAt[place]! <= sentenceAt[to - 1]!
          const isTitled = isTitle[sentenceAt[place]!]! && passageOf[sentenceAt[place]!] === passageOf[sentenceAt[from]!]
          best = Math.max(best, Math.exp(-distance / reach) * (isInside ? 1 : OTHER_SENTENCE), isTitled ? IN_TITLE : 0)
        }
      }
      return sum + weight * best
    }, 0)
}

/** The places of an answer: where its sentences were copied from; for one of a few words each place where these stand. */
function placesOfAnswer(sentences: readonly GroundedSentence[], sources: Sources): (readonly Range[])[] {
  const spans = sentences
    .map(({ alignment }) => alignment.span)
    .filter(({ from, to }) => to > from)
    .slice(0, PLACES_MAX)
  const [only] = spans
  if (spans.length !== 1 || only === undefined) return spans.length === 0 ? [] : [spans]
  const keys = sources.units.slice(only.from, only.to).map(({ key }) => key)
  const starts = (sources.placesOf.get(keys[0]!) ?? []).slice(0, OCCURRENCES_MAX)
  return starts
    .filter((start) => keys.every((key, index) => sources.units[start + index]?.key === key))
    .map((start) => [{ from: start, to: start + keys.length }])
}
