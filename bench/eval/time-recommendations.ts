import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createItemIndex, type ItemIndex } from '../../actors/recommending/item-index.ts'
import { encodeVector } from '../../actors/recommending/item-vector.ts'
import { recommend } from '../../actors/recommending/recommend.ts'
import { STRATEGIES, type Visitor } from '../../schemas/recommendation-query.ts'
import { createRandom, pick } from '../harness/random.ts'

const TOPICS = 500
const TOPICS_PER_ITEM = 4
const DIMENSIONS = 64
/** New items of visitors for each item of the catalogue, each paired with 16 others. */
const PAIRED_PER_ITEM = 8
const LISTS = 1_000
const AT = '2026-01-01T00:00:00.000Z'
const MIB = 1024 * 1024

/**
 * Prints what an index takes in memory, in which every item has topics, a vector and neighbours, and how long a list takes by each
 * strategy, by the clock and in processor time.
 */
export function timeRecommendations(items: number, print: (text: string) => void): void {
  const random = createRandom(1)
  const beforeBytes = usedBytes()
  const startedMs = performance.now()
  const index = filledIndex(items, random)
  const filledMs = performance.now() - startedMs
  print(`${items} items, read in ${(filledMs / 1_000).toFixed(1)} s, take ${Math.round((usedBytes() - beforeBytes) / MIB)} MiB.`)
  print(['strategy', 'median ms', 'p99 ms', 'cpu median', 'cpu p99'].map((title) => title.padEnd(12)).join(''))
  for (const strategy of STRATEGIES) {
    const clockMs: number[] = []
    const cpuMs: number[] = []
    for (let list = 0; list < LISTS; list++) {
      const visitor = visitorOf(items, random)
      const [fromMs, fromCpu] = [performance.now(), process.threadCpuUsage()]
      recommend(index, visitor, strategy)
      const { user, system } = process.threadCpuUsage(fromCpu)
      clockMs.push(performance.now() - fromMs)
      cpuMs.push((user + system) / 1_000)
    }
    const figures = [clockMs, cpuMs].flatMap((times) => [quantile(times, 0.5), quantile(times, 0.99)])
    print([strategy, ...figures.map((ms) => ms.toFixed(2))].map((cell) => cell.padEnd(12)).join(''))
  }
}

const quantile = (times: number[], share: number): number => times.sort((one, other) => one - other)[Math.floor(times.length * share)] ?? 0

const nameOf = (number: number): string => `item-${number}`
/** Some items are chosen far more often than others. */
const popular = (count: number, random: () => number): number => Math.floor(count * random() ** 3)

function filledIndex(items: number, random: () => number): ItemIndex {
  const index = createItemIndex()
  let seq = 0
  for (let number = 0; number < items; number++) {
    const topics = Array.from({ length: TOPICS_PER_ITEM }, () => `topic ${popular(TOPICS, random)}`)
    const vector = encodeVector(Float32Array.from({ length: DIMENSIONS }, () => random() - 0.5))
    index.apply(++seq, [{ type: 'listed', item: nameOf(number), topics: [...new Set(topics)], vector, vectorModel: 'made' }])
  }
  for (let signal = 0; signal < items * PAIRED_PER_ITEM; signal++) {
    const item = nameOf(popular(items, random))
    const others = Array.from({ length: 16 }, (): [string, number] => [nameOf(popular(items, random)), 1])
    index.apply(++seq, [
      { type: 'signal', item, weight: 1, topics: [], segment: undefined, at: AT },
      { type: 'paired', item, others },
    ])
  }
  return index
}

const visitorOf = (items: number, random: () => number): Visitor => ({
  topics: Array.from({ length: 32 }, () => [`topic ${popular(TOPICS, random)}`, random()]),
  recent: Array.from({ length: 32 }, () => [nameOf(popular(items, random)), 1, 0]),
  without: Array.from({ length: 64 }, () => nameOf(pick(random, items))),
  count: 10,
  searches: [],
  segment: null,
})

/** What is in use after a full collection: what the collector has not got to yet would count otherwise. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc()')
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
