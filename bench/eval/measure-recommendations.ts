import { performance } from 'node:perf_hooks'
import type { Profile } from '../../actors/kinds/interest/interest-context.ts'
import { EMPTY, pairsOf, type Signal, visitorOf, withSignal, withTopics } from '../../actors/kinds/interest/profile.ts'
import { createItemIndex } from '../../actors/recommending/item-index.ts'
import type { IndexChange } from '../../actors/recommending/item-index-changes.ts'
import { recommend, recommendFrom } from '../../actors/recommending/recommend.ts'
import { signalWeight } from '../../actors/recommending/signals.ts'
import { STRATEGIES, type Strategy } from '../../schemas/recommendation-query.ts'
import { meanWithError } from './error-of-mean.ts'
import type { InteractionSet } from './interaction-sets.ts'
import { itemKnn, popularity } from './recommendation-baselines.ts'

/** Items of a list. */
const K = 10
/** Share of the interactions, the first ones, that only teach. */
const TAUGHT = 0.8
/** Max interactions that are asked about: each n-th one. */
const ASKED_MAX = 4_000
/** Items of before that a visitor has kept in the order of time, for searches. */
const SEARCHES_MAX = 3

/** How often a method had the item that a visitor chose next among its ten. */
export interface MethodResult {
  readonly method: string
  readonly hitRate: number
  /** Half of the 95 % interval of `hitRate`. */
  readonly hitRateError: number
  /** Hit rate of `fused` less this one, question by question, and half of its 95 % interval. */
  readonly fusedAhead: number
  readonly fusedAheadError: number
  readonly coverage: number
}

/**
 * Goes through the interactions in the order of time. Of the last fifth, each one with an item that is new to a visitor who is known is
 * asked about before it is learnt. All methods learn from all interactions so far, and none recommends what the visitor has seen.
 */
export function measureRecommendations({ items, interactions }: InteractionSet, print: (text: string) => void): MethodResult[] {
  const index = createItemIndex()
  index.apply(
    1,
    items.map(({ item, topics }) => ({ type: 'listed', item, topics: topics.slice(0, 8) })),
  )
  const baselines = [itemKnn(), popularity()]
  const profiles = new Map<string, Profile>()
  const searches = new Map<string, string[]>()
  const known = new Map<string, Set<string>>()
  /** By method, for each question: 1 where the list had the item. */
  const hits = new Map<string, number[]>()
  const askedBy: string[] = []
  const shown = new Map<string, Set<string>>()
  const taught = Math.floor(interactions.length * TAUGHT)
  const every = Math.max(1, Math.floor((interactions.length - taught) / ASKED_MAX))
  const times: number[] = []

  const count = (method: string, list: readonly string[], item: string): void => {
    const found = hits.get(method) ?? []
    found.push(list.includes(item) ? 1 : 0)
    hits.set(method, found)
    const all = shown.get(method) ?? new Set<string>()
    for (const one of list) all.add(one)
    shown.set(method, all)
  }
  for (const [at, { at: time, visitor, type, item, topics, text, ...data }] of interactions.entries()) {
    const profile = profiles.get(visitor) ?? EMPTY
    const seen = known.get(visitor) ?? new Set<string>()
    if (text !== undefined && item === undefined) {
      searches.set(visitor, [text, ...(searches.get(visitor) ?? [])].slice(0, SEARCHES_MAX))
      continue
    }
    const weight = signalWeight(type, data)
    if (item === undefined || weight === undefined) continue
    if (at >= taught && at % every === 0 && weight > 0 && seen.size > 0 && !seen.has(item)) {
      askedBy.push(visitor)
      const query = visitorOf({ ...profile, searches: searches.get(visitor) ?? [] }, { count: K })
      for (const strategy of STRATEGIES) {
        const startedMs = performance.now()
        const list = recommend(index, query, strategy).map((one) => one.item)
        if (strategy === 'fused') times.push(performance.now() - startedMs)
        count(nameOf(strategy), list, item)
      }
      for (const baseline of baselines) count(baseline.name, baseline.recommend(visitor, K), item)
      profiles.set(visitor, withTopics(profile, recommendFrom(index, { visitor: query, strategy: 'popular' }).learnt))
    }
    const signal: Signal = { type, item, topics: topics?.slice(0, 8), weight }
    const before = profiles.get(visitor) ?? EMPTY
    const paired = pairsOf(before, signal)
    const changes: IndexChange[] = [{ type: 'signal', item, weight, topics: topics?.slice(0, 8) ?? [], segment: undefined, at: time }]
    if (paired !== undefined) changes.push({ type: 'paired', ...paired })
    index.apply(at + 2, changes)
    profiles.set(visitor, withSignal(before, signal, time))
    known.set(visitor, seen.add(item))
    if (weight > 0) for (const baseline of baselines) baseline.learn(visitor, item)
  }
  const catalogue = index.items.filter(({ state }) => state === 'listed').length
  const fused = hits.get(nameOf('fused')) ?? []
  const results = [...hits].map(([method, found]): MethodResult => {
    const { mean: hitRate, error: hitRateError } = meanWithError(found, askedBy)
    const ahead = fused.map((hit, at) => hit - (found[at] ?? 0))
    const { mean: fusedAhead, error: fusedAheadError } = meanWithError(ahead, askedBy)
    return { method, hitRate, hitRateError, fusedAhead, fusedAheadError, coverage: (shown.get(method)?.size ?? 0) / catalogue }
  })
  times.sort((one, other) => one - other)
  print(`${catalogue} items, ${interactions.length} interactions, ${askedBy.length} lists asked for. Errors are 95 %.`)
  print(['method'.padEnd(24), ...[`hit rate@${K}`, 'fused is ahead by', 'coverage'].map((title) => title.padStart(20))].join(''))
  for (const { method, hitRate, hitRateError, fusedAhead, fusedAheadError, coverage } of results) {
    const cells = [withError(hitRate, hitRateError), withError(fusedAhead, fusedAheadError), `${(coverage * 100).toFixed(1)} %`]
    print([method.padEnd(24), ...cells.map((cell) => cell.padStart(20))].join(''))
  }
  const p99 = times[Math.floor(times.length * 0.99)] ?? 0
  print(`A fused list takes ${(times[Math.floor(times.length / 2)] ?? 0).toFixed(2)} ms at the median, ${p99.toFixed(2)} ms at p99.`)
  return results
}

const nameOf = (strategy: Strategy): string => `interest, ${strategy}`

const withError = (share: number, error: number): string => `${(share * 100).toFixed(2)} ± ${(error * 100).toFixed(2)} %`
