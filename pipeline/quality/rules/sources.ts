import { CONTEXT_CHARS_MAX, PASSAGE_CHARS_MAX } from './rules-limits.ts'
import { plainText, type Range, readUnits, type Unit } from './units.ts'

/** The cited passages, read once for all rules. */
export interface Sources {
  /** The units of all passages, one after the other. */
  readonly units: readonly Unit[]
  readonly sentences: readonly Range[]
  readonly texts: readonly string[]
  /** The number of the passage of each sentence, and whether the sentence is the title of it. */
  readonly passageOf: readonly number[]
  readonly isTitle: readonly boolean[]
  /** The sentence of each unit. */
  readonly sentenceAt: Int32Array
  /** Keys of units, and the places where they stand. */
  readonly placesOf: ReadonlyMap<string, readonly number[]>
}

/** A first line of a passage that is no longer, and ends without a full stop, is its title. */
const TITLE = /^[^\n]{1,160}(?<![.。!！])\n/

/** Reads the passages as far as `rules-limits.ts` allows. */
export function readSources(context: readonly string[]): Sources {
  const units: Unit[] = []
  const sentences: Range[] = []
  const texts: string[] = []
  const passageOf: number[] = []
  const isTitle: boolean[] = []
  let left = CONTEXT_CHARS_MAX
  for (const [number, passage] of context.entries()) {
    if (left <= 0) break
    const plain = plainText(passage.slice(0, Math.min(left, PASSAGE_CHARS_MAX)))
    left -= PASSAGE_CHARS_MAX < passage.length ? PASSAGE_CHARS_MAX : passage.length + 1
    const read = readUnits(plain)
    const titleSentences = readUnits(TITLE.exec(plain)?.[0] ?? '').sentences.length
    for (const [index] of read.sentences.entries()) {
      passageOf.push(number)
      isTitle.push(index < titleSentences)
    }
    for (const { from, to } of read.sentences) sentences.push({ from: from + units.length, to: to + units.length })
    texts.push(...read.texts)
    for (const unit of read.units) units.push(unit)
  }
  const sentenceAt = new Int32Array(units.length)
  for (const [index, { from, to }] of sentences.entries()) sentenceAt.fill(index, from, to)
  const placesOf = new Map<string, number[]>()
  for (const [place, { key }] of units.entries()) {
    const known = placesOf.get(key)
    if (known === undefined) placesOf.set(key, [place])
    else known.push(place)
  }
  return { units, sentences, texts, passageOf, isTitle, sentenceAt, placesOf }
}
