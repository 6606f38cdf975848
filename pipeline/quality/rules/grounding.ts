import { align, type Alignment } from './align.ts'
import { ALIGNMENT_CELLS_MAX } from './limits.ts'
import { numbersIn } from './numbers.ts'
import type { Sources } from './sources.ts'
import type { Range, ReadText, Unit } from './units.ts'

/** What a sentence of the answer has in the passages. */
export interface GroundedSentence {
  readonly units: readonly Unit[]
  readonly alignment: Alignment
  /** Share of its content that the passages have, 0 to 1; numbers and names count more than words. */
  readonly support: number
  /** Share of its units that stand in one passage in the same order. */
  readonly copied: number
  /** Numbers and names that no passage has. */
  readonly numbersMissing: number
  readonly namesMissing: number
  /** A sentence that is copied from the passages has a negation more or less than they have. */
  readonly negationDiffers: boolean
  /** Content between copied words that does not stand between them in the passages, as a share of the sentence. */
  readonly substituted: number
}

/** From this share of copied units on, a sentence is a quotation, and each difference counts. */
const QUOTED = 0.5
const WEIGHTS = { number: 3, name: 2, word: 1, character: 0.5 } as const

const NONE: Alignment = { places: new Int32Array(0), span: { from: 0, to: 0 }, matched: 0 }

/** Compares each sentence of an answer with the passages. */
export function groundSentences({ units, sentences }: ReadText, sources: Sources): GroundedSentence[] {
  let cells = ALIGNMENT_CELLS_MAX
  return sentences.map(({ from, to }) => {
    const own = units.slice(from, to)
    const whole: Range = { from: 0, to: sources.units.length }
    cells -= own.length * whole.to
    return groundSentence(own, cells < 0 ? NONE : align(own, sources.units, whole), sources)
  })
}

function groundSentence(units: readonly Unit[], alignment: Alignment, sources: Sources): GroundedSentence {
  const { places, span } = alignment
  let [all, known, numbersMissing, namesMissing] = [0, 0, 0, 0]
  for (const [index, unit] of units.entries()) {
    if (!unit.isContent) continue
    const weight = unit.kind === 'number' ? WEIGHTS.number : unit.isName ? WEIGHTS.name : WEIGHTS[unit.kind]
    all += weight
    const isKnown = unit.kind === 'number' ? sources.numbers.has(unit.key) || sources.placesOf.has(unit.key) : isSupported(index, units, alignment, sources)
    if (isKnown) known += weight
    else if (unit.kind === 'number') numbersMissing += 1
    else if (unit.isName) namesMissing += 1
  }
  const copied = units.length === 0 ? 0 : alignment.matched / units.length
  const isQuoted = copied >= QUOTED && alignment.matched > 2
  return {
    units,
    alignment,
    support: all === 0 ? copied : known / all,
    copied,
    numbersMissing,
    namesMissing,
    negationDiffers: isQuoted && negationsDiffer(units, places, span, sources),
    substituted: isQuoted ? substitutedIn(units, places) : 0,
  }
}

/** A word anywhere in the passages; a character of a script without spaces only beside one that it stands beside there, too. */
function isSupported(index: number, units: readonly Unit[], { places }: Alignment, sources: Sources): boolean {
  const unit = units[index]!
  if ((places[index] ?? -1) >= 0) return true
  const known = sources.placesOf.get(unit.key)
  if (known === undefined) return false
  if (unit.kind !== 'character') return true
  const [before, after] = [units[index - 1]?.key, units[index + 1]?.key]
  return known.some((place) => (before !== undefined && sources.units[place - 1]?.key === before) || (after !== undefined && sources.units[place + 1]?.key === after))
}

/** Negations of the sentence that have no place, and negations of the passages inside the copied part that the sentence leaves out. */
function negationsDiffer(units: readonly Unit[], places: Int32Array, span: Range, sources: Sources): boolean {
  const used = new Set(places)
  let difference = 0
  for (const [index, unit] of units.entries()) if (unit.isNegation && places[index]! < 0) difference += 1
  let left = 0
  // What a long omission has is left out with it.
  let before = -1
  for (const place of places) {
    if (place < 0) continue
    if (before >= 0 && place - before <= OMISSION_UNITS_MAX) {
      for (let at = before + 1; at < place; at++) if (sources.units[at]!.isNegation && !used.has(at)) left += 1
    }
    before = place
  }
  return difference !== left && span.to > span.from
}

/** Longer parts of a passage that an answer leaves out are no difference in its words. */
const OMISSION_UNITS_MAX = 4

/** The share of content units without a place between units with one. */
function substitutedIn(units: readonly Unit[], places: Int32Array): number {
  let [foreign, all] = [0, 0]
  for (const [index, unit] of units.entries()) {
    if (!unit.isContent) continue
    all += 1
    if (places[index]! < 0) foreign += 1
  }
  return all === 0 ? 0 : foreign / all
}

/** What an answer keeps of its groundedness for a fault of fact in one of its sentences, whatever else it says. */
const KEPT = { number: 0.1, spelledNumber: 0.4, name: 0.25, negation: 0.08, substituted: 0.3 } as const
/** Support at which a sentence is not grounded at all, and from which it is: an answer in words of its own keeps what it is about. */
const [SUPPORT_NONE, SUPPORT_FULL] = [0.3, 0.85] as const
/** Foreign content in a quotation from which it counts as substituted. */
const SUBSTITUTED_MIN = 0.02
/** Content units from which a sentence states something: shorter ones count with the others only. */
const STATEMENT_CONTENT_MIN = 4

export type Ungrounded =
  | 'number_not_in_sources'
  | 'name_not_in_sources'
  | 'negation_differs'
  | 'words_differ_from_sources'
  | 'not_in_sources'

/** The groundedness of an answer, 0 to 1, and what lowered it. @param plain the answer in its plain form */
export function groundednessOf(
  sentences: readonly GroundedSentence[],
  plain: string,
  sources: Sources,
): { readonly score: number; readonly reasons: readonly Ungrounded[] } {
  const reasons = new Set<Ungrounded>()
  let [sum, size, least, kept] = [0, 0, 1, 1]
  for (const sentence of sentences) {
    const content = sentence.units.filter(({ isContent }) => isContent).length
    const support = Math.min(1, Math.max(0, (sentence.support - SUPPORT_NONE) / (SUPPORT_FULL - SUPPORT_NONE)))
    sum += support * Math.max(1, content)
    size += Math.max(1, content)
    if (content >= STATEMENT_CONTENT_MIN) least = Math.min(least, support)
    const faults = faultsOf(sentence)
    for (const fault of faults) reasons.add(fault.reason)
    kept = Math.min(
      kept,
      faults.reduce((product, fault) => product * fault.keeps, 1),
    )
  }
  if (!reasons.has('number_not_in_sources') && spelledNumbersMissing(plain, sources)) {
    reasons.add('number_not_in_sources')
    kept *= KEPT.spelledNumber
  }
  const support = size === 0 ? 0 : (sum / size + Math.min(least, sum / size)) / 2
  if (support < 0.5) reasons.add('not_in_sources')
  return { score: support * kept, reasons: [...reasons] }
}

function faultsOf({ numbersMissing, namesMissing, negationDiffers, substituted, copied }: GroundedSentence): { reason: Ungrounded; keeps: number }[] {
  const faults: { reason: Ungrounded; keeps: number }[] = []
  if (numbersMissing > 0) faults.push({ reason: 'number_not_in_sources', keeps: KEPT.number })
  if (namesMissing > 0) faults.push({ reason: 'name_not_in_sources', keeps: KEPT.name })
  if (negationDiffers) faults.push({ reason: 'negation_differs', keeps: KEPT.negation })
  else if (copied >= QUOTED && substituted >= SUBSTITUTED_MIN) faults.push({ reason: 'words_differ_from_sources', keeps: KEPT.substituted })
  return faults
}

/** Written as words, small numbers are mostly no statement of a quantity: `the two`, `one of them`. */
const SPELLED_MIN = 3
const spelledNumbersMissing = (plain: string, sources: Sources): boolean =>
  numbersIn(plain).some(({ value, isDigits }) => !isDigits && Number(value) >= SPELLED_MIN && !sources.numbers.has(value))
