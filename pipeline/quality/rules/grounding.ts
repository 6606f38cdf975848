import { align, type Alignment } from './align.ts'
import { ALIGNMENT_CELLS_MAX } from './rules-limits.ts'
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
  /** A quotation has something else in place of what the passages have. */
  readonly isSubstituted: boolean
}

/** From this share of copied units on, a sentence is a quotation, and each difference counts. */
const QUOTED = 0.5
/** Units that stand together in a quotation, on average: other texts have words here and there in common. */
const RUN_MIN = 3
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
  const { places } = alignment
  let [all, known, numbersMissing, namesMissing] = [0, 0, 0, 0]
  for (const [index, unit] of units.entries()) {
    if (!unit.isContent) continue
    const weight = unit.kind === 'number' ? WEIGHTS.number : unit.isName ? WEIGHTS.name : WEIGHTS[unit.kind]
    all += weight
    const isKnown = isSupported(index, units, alignment, sources)
    if (isKnown) known += weight
    else if (unit.kind === 'number') numbersMissing += 1
    else if (unit.isName) namesMissing += 1
  }
  const copied = units.length === 0 ? 0 : alignment.matched / units.length
  const isQuoted = copied >= QUOTED && alignment.matched >= RUN_MIN * runsIn(places)
  return {
    units,
    alignment,
    support: all === 0 ? copied : known / all,
    copied,
    numbersMissing,
    namesMissing,
    negationDiffers: isQuoted && negationsDiffer(units, places, sources),
    isSubstituted: isQuoted && isSubstituted(units, alignment, sources),
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
  return known.some(
    (place) =>
      (before !== undefined && sources.units[place - 1]?.key === before)
      || (after !== undefined && sources.units[place + 1]?.key === after),
  )
}

/** The number of runs of units that stand together in the passages, too. */
function runsIn(places: Int32Array): number {
  let [runs, before] = [0, -2]
  for (const place of places) {
    if (place < 0) continue
    if (place !== before + 1) runs += 1
    before = place
  }
  return runs
}

/**
 * Whether a quotation has a negation where the passage has none, or the other way round: one before a copied unit, or left out between two,
 * with nothing beside it that tells something. `无理由退货` for `退货` leaves out more than a negation.
 */
function negationsDiffer(units: readonly Unit[], places: Int32Array, sources: Sources): boolean {
  let [added, left, before] = [0, 0, -1]
  let gap: Unit[] = []
  for (const [index, place] of places.entries()) {
    if (place < 0) {
      gap.push(units[index]!)
      continue
    }
    const isNegatedThere = sources.units.slice(Math.max(0, before + 1, place - SKIPPED_MAX), place).some(({ isNegation }) => isNegation)
    if (!isNegatedThere && !gap.some(({ isContent }) => isContent)) added += gap.filter(({ isNegation }) => isNegation).length
    const skipped = before < 0 ? [] : sources.units.slice(before + 1, place)
    if (skipped.length <= SKIPPED_MAX && !skipped.some(({ isContent }) => isContent))
      left += skipped.filter(({ isNegation }) => isNegation).length
    gap = []
    before = place
  }
  return added !== left
}

/** An omission of more units is more than the one of a negation. */
const SKIPPED_MAX = 3

/** Copied units beside a substitution. */
const FLANK_MIN = 2
/** What is added at an end of a quotation stands for something else from this weight on: two words, or four characters. */
const ADDED_MIN = 2
/** Longer parts of a passage are left out, not substituted. */
const REPLACED_MAX = 40

/**
 * Whether a quotation has content that no passage has in place of content that its passage has; at its beginning and its end, whether it
 * has much of it. What is only added, such as `just` or `就好`, changes nothing.
 */
function isSubstituted(units: readonly Unit[], alignment: Alignment, sources: Sources): boolean {
  const { places } = alignment
  let [from, before, flank] = [0, -1, 0]
  for (let index = 0; index <= units.length; index++) {
    const place = index < units.length ? places[index]! : -1
    if (index < units.length && place < 0) continue
    const foreign = foreignWeight(units, from, index, alignment, sources)
    if (foreign > 0) {
      const isInside = before >= 0 && place >= 0
      if (!isInside && foreign >= ADDED_MIN) return true
      const replaced = isInside ? sources.units.slice(before + 1, place) : []
      if (replaced.length <= REPLACED_MAX && replaced.some(({ isContent }) => isContent) && flank >= FLANK_MIN) return true
    }
    flank = place >= 0 && from === index ? flank + 1 : 1
    from = index + 1
    before = place
  }
  return false
}

/** The weight of the content from one unit to before another that the passages do not have. */
function foreignWeight(units: readonly Unit[], from: number, to: number, alignment: Alignment, sources: Sources): number {
  let weight = 0
  for (let index = from; index < to; index++) {
    const unit = units[index]!
    if (unit.isContent && !isSupported(index, units, alignment, sources)) weight += unit.kind === 'character' ? WEIGHTS.character : 1
  }
  return weight
}

/** What an answer keeps of its groundedness for a fault of fact in one of its sentences, whatever else it says. */
const KEPT = { number: 0.1, name: 0.25, negation: 0.08, substituted: 0.3 } as const
/** Support at which a sentence is not grounded at all, and from which it is: an answer in words of its own keeps what it is about. */
const [SUPPORT_NONE, SUPPORT_FULL] = [0.3, 0.85] as const
/** Support of an answer below which it has a reason. */
const SUPPORT_LOW = 0.7
/** Content units from which a sentence states something: shorter ones count with the others only. */
const STATEMENT_CONTENT_MIN = 4

export type Ungrounded =
  'number_not_in_sources' | 'name_not_in_sources' | 'negation_differs' | 'words_differ_from_sources' | 'not_in_sources'

/** The groundedness of an answer, 0 to 1, and what lowered it. */
export function groundednessOf(sentences: readonly GroundedSentence[]): {
  readonly score: number
  readonly reasons: readonly Ungrounded[]
} {
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
  const support = size === 0 ? 0 : (sum / size + Math.min(least, sum / size)) / 2
  if (support < SUPPORT_LOW) reasons.add('not_in_sources')
  return { score: support * kept, reasons: [...reasons] }
}

function faultsOf({
  numbersMissing,
  namesMissing,
  negationDiffers,
  isSubstituted: substituted,
}: GroundedSentence): { reason: Ungrounded; keeps: number }[] {
  const faults: { reason: Ungrounded; keeps: number }[] = []
  if (numbersMissing > 0) faults.push({ reason: 'number_not_in_sources', keeps: KEPT.number })
  if (namesMissing > 0) faults.push({ reason: 'name_not_in_sources', keeps: KEPT.name })
  if (negationDiffers) faults.push({ reason: 'negation_differs', keeps: KEPT.negation })
  else if (substituted) faults.push({ reason: 'words_differ_from_sources', keeps: KEPT.substituted })
  return faults
}
