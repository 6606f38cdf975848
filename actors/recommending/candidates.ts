import { cosineOf } from './item-vector.ts'
import type { ItemIndex } from './item-index.ts'
import { topicsIn } from './topics-in-text.ts'
import { VECTOR_SIZE } from './catalogue-events.ts'
import type { Visitor, Why } from './visitor.ts'

/** Candidates that a source gives at most. */
const CANDIDATES_MAX = 200
/** Postings that are read for one visitor: those of the strongest topics count. */
const POSTINGS_MAX = 300_000
/** What a search counts for each topic that it names: as much as a like. */
const SEARCH_WEIGHT = 3
/** Each older item counts so much less for what comes next. */
const RECENCY = 0.93

/** An item that may be recommended, by its number. */
export interface Candidate {
  readonly number: number
  readonly score: number
  readonly why: Why
}

/** Finds candidates, best first; scores are above 0. Pure: the same index and visitor give the same list. */
export type CandidateSource = (index: ItemIndex, visitor: Visitor, isAllowed: (number: number) => boolean) => Candidate[]

/** The interests of a visitor with what the index knows of recent items and searches, strongest first. */
export function interestsOf(index: ItemIndex, { topics, recent, searches }: Visitor): [topic: string, score: number][] {
  const interests = new Map(topics)
  const add = (topic: string, score: number): void => void interests.set(topic, (interests.get(topic) ?? 0) + score)
  for (const [item, , uncounted] of recent) for (const topic of uncounted === 0 ? [] : topicsOf(index, item)) add(topic, uncounted)
  for (const text of searches) for (const topic of topicsIn(text, index.hasTopic)) add(topic, SEARCH_WEIGHT)
  return [...interests].filter(([, score]) => score !== 0).sort(([, one], [, other]) => Math.abs(other) - Math.abs(one))
}

/** What the index knows of an item's topics. */
export function topicsOf(index: ItemIndex, item: string): readonly string[] {
  const number = index.numberOf(item)
  return number === undefined ? [] : (index.items[number]?.topics ?? [])
}

/** By interests: the mean score of an item's topics. */
export const byTopics: CandidateSource = (index, visitor, isAllowed) => {
  const interests = interestsOf(index, visitor)
  const sums = new Map<number, number>()
  const best = new Map<number, [topic: string, score: number]>()
  let postings = 0
  for (const [topic, score] of interests) {
    const posted = index.withTopic(topic)
    postings += posted.length
    if (postings > POSTINGS_MAX && sums.size > 0) break
    for (const number of posted) {
      sums.set(number, (sums.get(number) ?? 0) + score)
      if (score > (best.get(number)?.[1] ?? 0)) best.set(number, [topic, score])
    }
  }
  const scored = [...sums].map(([number, sum]): [number, number] => [number, sum / (index.items[number]?.topics.length ?? 1)])
  return strongest(scored, isAllowed, (number) => ({ by: 'topic', of: best.get(number)?.[0] ?? '' }))
}

/** By co-occurrence: what visitors had together with the recent items of this one. */
export const byCoOccurrence: CandidateSource = (index, { recent }, isAllowed) => {
  const sums = new Map<number, number>()
  const best = new Map<number, [item: string, score: number]>()
  for (const [rank, [item, score]] of recent.entries()) {
    const number = score > 0 ? index.numberOf(item) : undefined
    const row = number === undefined ? undefined : index.items[number]?.row
    if (row === undefined) continue
    const weight = RECENCY ** rank
    for (let at = 0; at < row.count; at++) {
      const other = row.ids[at] ?? -1
      const total = index.items[other]?.row.total ?? 0
      const part = (weight * (row.weights[at] ?? 0)) / Math.sqrt(row.total * total)
      sums.set(other, (sums.get(other) ?? 0) + part)
      if (part > (best.get(other)?.[1] ?? 0)) best.set(other, [item, part])
    }
  }
  return strongest([...sums], isAllowed, (number) => ({ by: 'together', of: best.get(number)?.[0] ?? '' }))
}

/** By vectors: what is similar to the recent items of this visitor. */
export const byVectors: CandidateSource = (index, { recent }, isAllowed) => {
  const mean = new Float64Array(VECTOR_SIZE)
  const of: [item: string, vector: Int8Array][] = []
  for (const [rank, [item, score]] of recent.entries()) {
    const number = score > 0 ? index.numberOf(item) : undefined
    const vector = number === undefined ? undefined : index.vectorOf(number)
    if (vector === undefined) continue
    of.push([item, vector])
    for (const [at, value] of vector.entries()) mean[at] = (mean[at] ?? 0) + RECENCY ** rank * value
  }
  if (of.length === 0) return []
  const scored: [number, number][] = []
  for (let number = 0; number < index.items.length; number++) {
    const vector = index.vectorOf(number)
    if (vector !== undefined) scored.push([number, cosineOf(mean, vector)])
  }
  return strongest(scored, isAllowed, (number) => {
    const vector = index.vectorOf(number)
    const nearest = of.map(([item, one]): [string, number] => [item, vector === undefined ? 0 : cosineOf(one, vector)])
    return { by: 'similar', of: nearest.reduce((one, other) => (other[1] > one[1] ? other : one))[0] }
  })
}

/** By popularity in the visitor's segment, or among all visitors. The start for a visitor of whom nothing is known. */
export const byPopularity: CandidateSource = (index, { segment }, isAllowed) =>
  strongest([...index.popularity.scores(segment ?? undefined)], isAllowed, () => ({ by: 'popular', of: segment ?? '' }))

/** The strongest candidates; ties in the order of the catalogue. */
function strongest(
  scored: readonly (readonly [number: number, score: number])[],
  isAllowed: (number: number) => boolean,
  why: (number: number) => Why,
): Candidate[] {
  const allowed = scored.filter(([number, score]) => score > 0 && isAllowed(number))
  return allowed
    .sort(([one, a], [other, b]) => b - a || one - other)
    .slice(0, CANDIDATES_MAX)
    .map(([number, score]) => ({ number, score, why: why(number) }))
}
