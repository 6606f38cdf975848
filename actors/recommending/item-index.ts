import type { Item } from '../../schemas/catalogue-events.ts'
import type { IndexChange } from './item-index-changes.ts'
import { createNeighbourTable, type NeighbourTable, type Row } from './neighbours.ts'
import { createPopularity, type Popularity, type PopularityState } from './popularity.ts'
import { createVectorTable, type VectorState, type VectorTable } from './vector-table.ts'

/** Version of the fold: an index that was saved by another version is made again from LOG. */
export const INDEX_VERSION = 3
/** Max items of an index. Later ones are counted in `dropped`. With all neighbours, so many need less than 192 MiB. */
export const ITEMS_MAX = 110_000

/** An item as the index knows it. */
export interface IndexedItem {
  readonly item: string
  /** `known` by signals only: it is not in the catalogue. */
  state: 'known' | 'listed' | 'unlisted'
  topics: readonly string[]
}

/** An item of a saved index, with the items that visitors had together with it, by number. */
export interface SavedItem extends Readonly<IndexedItem> {
  readonly row: Row
}

/** What an index is restored from, without its items. */
export interface IndexState {
  readonly seq: number
  readonly dropped: number
  readonly catalogueSeq: number
  readonly popularity: PopularityState
  readonly vectors: VectorState
}

/**
 * The index of one catalogue and of what its visitors do: a fold of changes in the order of LOG, and of nothing else. The live task and the
 * back-test share it, so that both find the same at the same sequence.
 */
export interface ItemIndex {
  /** LOG sequence of the last record that was applied; 0 before the first. */
  readonly seq: number
  /** LOG sequence of the last change of the catalogue. */
  readonly catalogueSeq: number
  /** Items that had no room. */
  readonly dropped: number
  /** By number. */
  readonly items: readonly IndexedItem[]
  /** By number: 1 where the item may be recommended. */
  readonly isListed: Uint8Array
  /** By number. */
  readonly topicCounts: Uint8Array
  readonly neighbours: Pick<NeighbourTable, 'each' | 'countOf' | 'weightOf' | 'totalOf'>
  readonly popularity: Pick<Popularity, 'ranking'>
  numberOf(item: string): number | undefined
  /** Numbers of the items with a topic, listed or not. */
  withTopic(topic: string): readonly number[]
  hasTopic(topic: string): boolean
  readonly vectors: Pick<VectorTable, 'of' | 'eachNear'>
  /** Applies the changes of one record. */
  apply(seq: number, changes: readonly IndexChange[]): void
  state(): IndexState
  /** Takes over saved items, in their order, before any change: not all in one turn, since 100,000 take longer than a task may block. */
  restore(savedItems: readonly SavedItem[]): void
  /** So many items from a number on, as they are saved. */
  savedItems(from: number, count: number): SavedItem[]
}

const NO_ITEMS: readonly number[] = []

/** Creates an index, empty or from a saved state; the saved items follow by `restore`. */
export function createItemIndex(saved?: IndexState): ItemIndex {
  const items: IndexedItem[] = []
  const numbers = new Map<string, number>()
  const isListed = new Uint8Array(ITEMS_MAX)
  const topicCounts = new Uint8Array(ITEMS_MAX)
  const neighbours = createNeighbourTable(ITEMS_MAX)
  const postings = new Map<string, number[]>()
  /** Topics that items have: equal ones share one text. */
  const names = new Map<string, string>()
  const popularity = createPopularity(saved?.popularity)
  const vectors = createVectorTable(saved?.vectors)
  let [seq, catalogueSeq, dropped] = [saved?.seq ?? 0, saved?.catalogueSeq ?? 0, saved?.dropped ?? 0]

  const setState = (number: number, item: IndexedItem, state: IndexedItem['state']): void => {
    item.state = state
    isListed[number] = state === 'listed' ? 1 : 0
  }
  const nameOf = (topic: string): string => {
    const known = names.get(topic)
    if (known === undefined) names.set(topic, topic)
    return known ?? topic
  }
  const post = (number: number, topics: readonly string[]): void => {
    topicCounts[number] = topics.length
    for (const topic of new Set(topics)) {
      const posted = postings.get(topic)
      if (posted === undefined) postings.set(topic, [number])
      else posted.push(number)
    }
  }
  const unpost = (number: number, topics: readonly string[]): void => {
    for (const topic of new Set(topics)) {
      const left = postings.get(topic)?.filter((one) => one !== number) ?? []
      if (left.length > 0) postings.set(topic, left)
      else {
        postings.delete(topic)
        names.delete(topic)
      }
    }
  }

  const numberFor = (item: string): number | undefined => {
    const known = numbers.get(item)
    if (known !== undefined) return known
    if (items.length === ITEMS_MAX) {
      dropped++
      return undefined
    }
    numbers.set(item, items.length)
    return items.push({ item, state: 'known', topics: [] }) - 1
  }
  const setTopics = (number: number, topics: readonly string[]): void => {
    const item = items[number]
    if (item === undefined || (item.topics.length === topics.length && item.topics.every((topic, at) => topic === topics[at]))) return
    unpost(number, item.topics)
    item.topics = topics.map(nameOf)
    post(number, item.topics)
  }
  const applyOne = (change: IndexChange): void => {
    const number = numberFor(change.item)
    const item = number === undefined ? undefined : items[number]
    if (number === undefined || item === undefined) return
    switch (change.type) {
      case 'listed':
        setState(number, item, 'listed')
        setTopics(number, change.topics)
        if (change.vector !== undefined) vectors.set(number, change.vector, change.vectorModel ?? '')
        catalogueSeq = seq
        return
      case 'unlisted':
        setState(number, item, 'unlisted')
        catalogueSeq = seq
        return
      case 'signal':
        // Topics of a signal count for an item that the catalogue says nothing of.
        if (item.topics.length === 0 && change.topics.length > 0) setTopics(number, change.topics)
        return popularity.add(number, change.weight, change.segment, change.at)
      case 'paired':
        for (const [name, weight] of change.others) {
          const other = numberFor(name)
          if (other === undefined || other === number) continue
          neighbours.add(number, other, weight)
          neighbours.add(other, number, weight)
        }
    }
  }

  return {
    get seq() {
      return seq
    },
    get catalogueSeq() {
      return catalogueSeq
    },
    get dropped() {
      return dropped
    },
    items,
    isListed,
    topicCounts,
    neighbours,
    popularity,
    vectors,
    numberOf: (item) => numbers.get(item),
    withTopic: (topic) => postings.get(topic) ?? NO_ITEMS,
    hasTopic: (topic) => postings.has(topic),
    apply(at, changes) {
      seq = at
      for (const change of changes) applyOne(change)
    },
    state: () => ({ seq, dropped, catalogueSeq, popularity: popularity.state(), vectors: vectors.state() }),
    restore(savedItems) {
      for (const { row, topics, ...one } of savedItems) {
        const item = { ...one, topics: topics.map(nameOf) }
        const number = items.push(item) - 1
        numbers.set(item.item, number)
        setState(number, item, item.state)
        post(number, item.topics)
        neighbours.restore(number, row)
      }
    },
    savedItems: (from, count) => items.slice(from, from + count).map((item, at) => ({ ...item, row: neighbours.rowOf(from + at) })),
  }
}

/** An index that knows a catalogue and nothing of its visitors. */
export function indexOf(catalogue: readonly Item[]): ItemIndex {
  const index = createItemIndex()
  index.apply(
    0,
    catalogue.map((item) => ({ type: 'listed', ...item })),
  )
  return index
}
