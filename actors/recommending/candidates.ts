import { VECTOR_SIZE } from '../../schemas/catalogue-events.ts'
import type { Visitor, Why } from '../../schemas/recommendation-query.ts'
import type { ItemIndex } from './item-index.ts'
import { cosineOf } from './item-vector.ts'
import { createScoreBoard, type Scored } from './strongest.ts'
import { topicsIn } from './topics-in-text.ts'

/** Candidates that a source gives at most. */
const CANDIDATES_MAX = 200
/**
 * Postings that are read for one visitor, those of the strongest topics first. A topic that does not fit is left out: what very many items
 * have says little. The strongest one counts where no other does.
 */
const POSTINGS_MAX = 20_000
/** What a search counts for each topic that it names: as much as a like. */
const SEARCH_WEIGHT = 3
/** What an item that nobody has chosen yet keeps of its score for topics; the most popular one keeps all. */
const UNKNOWN_SHARE = 0.3
/** Each older item counts so much less for what comes next. */
const RECENCY = 0.93

/** What a source found, best first; scores are above 0. */
export interface Found {
  readonly candidates: readonly Scored[]
  /** Told for the chosen ones only. */
  readonly whyOf: (number: number) => Why
}

/** Finds candidates. Pure: the same index and visitor give the same ones. */
export type CandidateSource = (index: ItemIndex, visitor: Visitor, isAllowed: (number: number) => boolean) => Found

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

/** Scores of one source at a time. */
const board = createScoreBoard()

/** By interests: the mean score of an item's topics. */
export const byTopics: CandidateSource = (index, visitor, isAllowed) => {
  const interests = interestsOf(index, visitor)
  board.clear(index.items.length)
  const { scores: popular, order } = index.popularity.ranking(visitor.segment ?? undefined)
  const most = popular[order[0] ?? 0] ?? 0
  const { topicCounts } = index
  let postings = 0
  for (const [topic, score] of interests) {
    const posted = index.withTopic(topic)
    if (postings + posted.length > POSTINGS_MAX) continue
    postings += posted.length
    for (const number of posted) board.add(number, score)
  }
  if (postings === 0)
    for (const [topic, score] of interests.slice(0, 1)) for (const number of index.withTopic(topic)) board.add(number, score)
  board.scale((number) => {
    const known = most === 0 ? 1 : UNKNOWN_SHARE + (1 - UNKNOWN_SHARE) * Math.sqrt((popular[number] ?? 0) / most)
    return known / (topicCounts[number] || 1)
  })
  const scores = new Map(interests)
  return {
    candidates: board.strongest(CANDIDATES_MAX, isAllowed),
    whyOf: (number) => ({ by: 'topic', of: strongestOf(index.items[number]?.topics ?? [], (topic) => scores.get(topic) ?? 0) ?? '' }),
  }
}

/** By co-occurrence: what visitors had together with the recent items of this one. */
export const byCoOccurrence: CandidateSource = (index, { recent }, isAllowed) => {
  board.clear(index.items.length)
  const { neighbours } = index
  const parts: { readonly item: string; readonly number: number; readonly weight: number }[] = []
  for (const [rank, [item, score]] of recent.entries()) {
    const number = score > 0 ? index.numberOf(item) : undefined
    if (number === undefined || neighbours.countOf(number) === 0) continue
    const weight = RECENCY ** rank / Math.sqrt(neighbours.totalOf(number))
    parts.push({ item, number, weight })
    neighbours.each(number, (other, both) => board.add(other, (weight * both) / Math.sqrt(neighbours.totalOf(other))))
  }
  return {
    candidates: board.strongest(CANDIDATES_MAX, isAllowed),
    whyOf: (number) => ({
      by: 'together',
      of: strongestOf(parts, (part) => part.weight * neighbours.weightOf(part.number, number))?.item ?? '',
    }),
  }
}

/** By vectors: what is similar to the recent items of this visitor. */
export const byVectors: CandidateSource = (index, { recent }, isAllowed) => {
  const mean = new Float64Array(VECTOR_SIZE)
  const of: { readonly item: string; readonly vector: Int8Array }[] = []
  for (const [rank, [item, score]] of recent.entries()) {
    const number = score > 0 ? index.numberOf(item) : undefined
    const vector = number === undefined ? undefined : index.vectors.of(number)
    if (vector === undefined) continue
    of.push({ item, vector })
    const weight = RECENCY ** rank
    for (let at = 0; at < VECTOR_SIZE; at++) mean[at] = (mean[at] ?? 0) + weight * (vector[at] ?? 0)
  }
  board.clear(index.items.length)
  if (of.length > 0) index.vectors.eachNear(mean, index.isListed, board.add)
  return {
    candidates: board.strongest(CANDIDATES_MAX, isAllowed),
    whyOf(number) {
      const own = index.vectors.of(number)
      return { by: 'similar', of: strongestOf(of, ({ vector }) => (own === undefined ? 0 : cosineOf(vector, own)))?.item ?? '' }
    },
  }
}

/**
 * By popularity in the visitor's segment, or among all visitors. The start for a visitor of whom nothing is known. Where fewer items were
 * chosen than are asked for, the newest of those that nobody has chosen yet follow.
 */
export const byPopularity: CandidateSource = (index, { segment, count }, isAllowed) => {
  const { scores, order, ranked } = index.popularity.ranking(segment ?? undefined)
  const candidates: Scored[] = []
  for (let rank = 0; rank < ranked && candidates.length < CANDIDATES_MAX; rank++) {
    const number = order[rank] ?? 0
    if (isAllowed(number)) candidates.push({ number, score: scores[number] ?? 0 })
  }
  for (let number = index.items.length - 1; number >= 0 && candidates.length < count; number--) {
    if (isAllowed(number) && (scores[number] ?? 0) === 0) candidates.push({ number, score: 0 })
  }
  return { candidates, whyOf: () => ({ by: 'popular', of: segment ?? '' }) }
}

/** The first of those with the highest score. */
function strongestOf<T>(all: readonly T[], scoreOf: (one: T) => number): T | undefined {
  let [best, most]: [T | undefined, number] = [undefined, -Infinity]
  for (const one of all) {
    const score = scoreOf(one)
    if (score > most) [best, most] = [one, score]
  }
  return best
}
