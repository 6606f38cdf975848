import type { Recommendation, Recommended, RecommendQuery, Strategy, Visitor } from '../../schemas/recommendation-query.ts'
import { byCoOccurrence, byPopularity, byTopics, byVectors, type CandidateSource, type Found, topicsOf } from './candidates.ts'
import type { ItemIndex } from './item-index.ts'
import type { Scored } from './strongest.ts'

const SOURCES: Readonly<Record<Exclude<Strategy, 'fused'>, CandidateSource>> = {
  topics: byTopics,
  together: byCoOccurrence,
  similar: byVectors,
  popular: byPopularity,
}
/** How much each source counts in `fused`; the scores of each are divided by its best one first. */
const FUSED: readonly (readonly [source: CandidateSource, weight: number])[] = [
  [byCoOccurrence, 1],
  [byTopics, 0.2],
  [byVectors, 0.25],
  [byPopularity, 0.05],
]
/** Candidates among which a list is chosen, per item of the list. */
const POOL_PER_ITEM = 4
/** What an item loses at most for topics that the list has already. */
const SAMENESS = 0.1

/**
 * Recommends items to a visitor. Pure: the same index, visitor and strategy give the same list, in a live task and in a back-test. Items
 * that the visitor has seen lately follow the others. A visitor of whom nothing is known gets what is popular.
 */
export function recommend(index: ItemIndex, visitor: Visitor, strategy: Strategy): Recommended[] {
  const excluded = new Set(visitor.without.map((item) => index.numberOf(item)))
  const refused = new Set(visitor.refuses)
  const isRefused = ({ item, topics }: { readonly item: string; readonly topics: readonly string[] }): boolean =>
    refused.has(item) || topics.some((topic) => refused.has(topic))
  const isAllowed = (number: number): boolean => {
    const item = index.items[number]
    return index.isListed[number] === 1 && !excluded.has(number) && (refused.size === 0 || item === undefined || !isRefused(item))
  }
  const { candidates, whyOf } = strategy === 'fused' ? fuse(index, visitor, isAllowed) : SOURCES[strategy](index, visitor, isAllowed)
  const seen = new Set(visitor.recent.map(([item]) => index.numberOf(item)))
  const fresh = candidates.filter(({ number }) => !seen.has(number))
  const known = candidates.filter(({ number }) => seen.has(number))
  const chosen = strategy === 'fused' ? diversify(index, fresh, visitor.count) : fresh.slice(0, visitor.count)
  return [...chosen, ...known.slice(0, visitor.count - chosen.length)].flatMap(({ number, score }) => {
    const item = index.items[number]?.item
    return item === undefined ? [] : [{ item, score: rounded(score), why: whyOf(number) }]
  })
}

/** A sum of parts, with the greatest of them and the source that it is from. */
interface Sum {
  readonly number: number
  score: number
  part: number
  from: Found
}

function fuse(index: ItemIndex, visitor: Visitor, isAllowed: (number: number) => boolean): Found {
  const sums = new Map<number, Sum>()
  for (const [source, weight] of FUSED) {
    const from = source(index, visitor, isAllowed)
    const best = (from.candidates[0]?.score ?? 0) || 1
    for (const { number, score } of from.candidates) {
      const part = (weight * score) / best
      const sum = sums.get(number)
      if (sum === undefined) {
        sums.set(number, { number, score: part, part, from })
        continue
      }
      sum.score += part
      if (part > sum.part) [sum.part, sum.from] = [part, from]
    }
  }
  return {
    candidates: [...sums.values()].sort((one, other) => other.score - one.score || one.number - other.number),
    whyOf: (number) => sums.get(number)?.from.whyOf(number) ?? { by: 'popular', of: '' },
  }
}

/**
 * Chooses one item after the other: the best, less what its topics have in common with those chosen. Carbonell and Goldstein, "The use of
 * MMR, diversity-based reranking", SIGIR 1998.
 */
function diversify(index: ItemIndex, candidates: readonly Scored[], count: number): Scored[] {
  const pool = candidates.slice(0, count * POOL_PER_ITEM).map((candidate) => ({ candidate, same: 0 }))
  const chosen: Scored[] = []
  const best = candidates[0]?.score ?? 0
  while (chosen.length < count && pool.length > 0) {
    let [at, most] = [0, -Infinity]
    for (const [place, { candidate, same }] of pool.entries()) {
      const score = candidate.score - SAMENESS * best * same
      if (score > most) [at, most] = [place, score]
    }
    for (const { candidate } of pool.splice(at, 1)) {
      chosen.push(candidate)
      const topics = topicsAt(index, candidate.number)
      for (const one of pool) one.same = Math.max(one.same, shared(topics, topicsAt(index, one.candidate.number)))
    }
  }
  return chosen
}

const topicsAt = (index: ItemIndex, number: number): readonly string[] => index.items[number]?.topics ?? []

/** The share of topics that two items have in common. */
function shared(one: readonly string[], other: readonly string[]): number {
  const common = one.filter((topic) => other.includes(topic)).length
  return common === 0 ? 0 : common / (one.length + other.length - common)
}

/** So many digits that a list is short in its record. */
const rounded = (score: number): number => Number(score.toPrecision(6))

/** A list for a query, with what it was made from. */
export function recommendFrom(index: ItemIndex, { visitor, strategy }: Pick<RecommendQuery, 'visitor' | 'strategy'>): Recommendation {
  const learnt = visitor.recent.flatMap(([item, , uncounted]): [string, string[]][] => {
    const topics = uncounted === 0 ? [] : topicsOf(index, item)
    return topics.length === 0 ? [] : [[item, [...topics]]]
  })
  return { items: recommend(index, visitor, strategy), strategy, indexSeq: index.seq, learnt }
}
