import { SOCIAL_LIMITS, type TopicPlaced } from '../../schemas/social-events.ts'
import type { TextPlace } from '../definition/task-topics.ts'
import { decodeVector } from '../recommending/item-vector.ts'
import { createSimilarity, dotOf, type VectorOfModel } from './topic-similarity.ts'

/** Similarity from which a text belongs to a topic by keywords. */
const SIMILAR_BY_WORDS = 0.38

/** The topics of a tenant that a new text may join. */
export interface TopicIndex {
  readonly size: number
  /**
   * The topic that a text is nearest to; `undefined` where none is near. A text with a vector is compared with topics that have one of the
   * same model, any other text with the keywords of topics without a vector.
   */
  nearest(place: TextPlace): string | undefined
  /** Adds a topic that its first text has made, until LOG tells of it: texts that follow at once join it. */
  propose(topic: string, place: TextPlace): void
  /**
   * What LOG tells of a topic: a new one, or where a known one is now. A new topic where another one is already is left out, so that two
   * that were opened at the same moment do not share what comes after.
   */
  place(placed: TopicPlaced): void
}

/** A topic with as many posts is large: small ones make room for it. */
const LARGE_POSTS = 4
/** Share of the index that large topics may fill: new ones need some room to grow. */
const LARGE_SHARE_MAX = 0.75

interface Topic extends VectorOfModel {
  readonly isProposed: boolean
  readonly posts: number
  /** Of length 1 in all. */
  readonly words: ReadonlyMap<string, number>
}

/** Creates an empty index. @param nearness share of the way from the usual cosine to 1, from which on a text joins a topic by its vector */
export function createTopicIndex(topicsMax: number = SOCIAL_LIMITS.topicsMax, nearness?: number): TopicIndex {
  /** The one that was placed or joined last is last. */
  const topics = new Map<string, Topic>()
  /** By keyword, the topics without a vector. */
  const byWord = new Map<string, Set<string>>()
  const similarity = createSimilarity(nearness)

  let large = 0

  const remove = (id: string): void => {
    const topic = topics.get(id)
    if (topic === undefined) return
    if (isLarge(topic)) large--
    for (const word of topic.words.keys()) {
      const having = byWord.get(word)
      having?.delete(id)
      if (having?.size === 0) byWord.delete(word)
    }
    topics.delete(id)
  }
  const put = (id: string, topic: Topic): void => {
    remove(id)
    topics.set(id, topic)
    if (isLarge(topic)) large++
    for (const word of topic.vector === undefined ? topic.words.keys() : []) {
      const having = byWord.get(word) ?? new Set()
      byWord.set(word, having.add(id))
    }
    if (topics.size > topicsMax) remove(leastWanted() ?? id)
  }
  /** The oldest small topic, or the oldest large one where these are too many. */
  const leastWanted = (): string | undefined => {
    const [oldest] = topics.keys()
    const isWanted = large <= topicsMax * LARGE_SHARE_MAX ? isLarge : (topic: Topic) => !isLarge(topic)
    for (const [id, topic] of topics) if (!isWanted(topic)) return id
    return oldest
  }
  const nearestByMeaning = (wanted: Float32Array, model: string | undefined): string | undefined => {
    let best: string | undefined
    let bestSimilarity = similarity.minOf(model)
    for (const [id, { vector, model: other }] of topics) {
      if (vector === undefined || other !== model) continue
      const cosine = dotOf(wanted, vector)
      if (cosine > bestSimilarity) [best, bestSimilarity] = [id, cosine]
    }
    return best
  }
  const nearestByWords = (words: ReadonlyMap<string, number>): string | undefined => {
    const scores = new Map<string, number>()
    for (const [word, weight] of words) {
      for (const id of byWord.get(word) ?? []) scores.set(id, (scores.get(id) ?? 0) + weight * (topics.get(id)?.words.get(word) ?? 0))
    }
    let best: string | undefined
    let bestScore = SIMILAR_BY_WORDS
    for (const [id, score] of scores) if (score > bestScore) [best, bestScore] = [id, score]
    return best
  }
  const nearestOf = ({ vector, model, words }: Topic): string | undefined =>
    vector === undefined ? nearestByWords(words) : nearestByMeaning(vector, model)

  return {
    get size() {
      return topics.size
    },
    nearest(place) {
      const text = topicAt(place, weighedKeywords(place.keywords), NEW)
      similarity.observe(text)
      const found = nearestOf(text)
      const topic = found === undefined ? undefined : topics.get(found)
      if (found === undefined || topic === undefined) return undefined
      topics.delete(found)
      topics.set(found, topic)
      return found
    },
    propose: (id, place) => put(id, topicAt(place, weighedKeywords(place.keywords), NEW)),
    place(placed) {
      const topic = topicAt(placed, placed.keywords, { isProposed: false, posts: placed.posts })
      const known = topics.get(placed.topic)
      if (known === undefined) similarity.observe(topic)
      remove(placed.topic)
      if (known?.isProposed === false || nearestOf(topic) === undefined) put(placed.topic, topic)
    },
  }
}

const NEW = { isProposed: true, posts: 1 } as const
const isLarge = ({ posts }: Topic): boolean => posts >= LARGE_POSTS

/** Keywords with their weights: the first one says most. */
export const weighedKeywords = (keywords: readonly string[]): (readonly [word: string, weight: number])[] =>
  keywords.map((word, rank) => [word, Math.max(1, SOCIAL_LIMITS.keywordsMax - rank)])

function topicAt(
  { vector, model }: Pick<TextPlace, 'vector' | 'model'>,
  words: readonly (readonly [string, number])[],
  of: Pick<Topic, 'isProposed' | 'posts'>,
): Topic {
  const length = Math.sqrt(words.reduce((sum, [, weight]) => sum + weight * weight, 0))
  return {
    ...of,
    vector: vector === undefined ? undefined : ofLength1(decodeVector(vector)),
    model,
    words: new Map(words.map(([word, weight]) => [word, weight / length])),
  }
}

function ofLength1(vector: Int8Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length))
}
