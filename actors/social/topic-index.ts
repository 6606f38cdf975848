import { SOCIAL_LIMITS, type TopicPlaced } from '../../schemas/social-events.ts'
import type { TextPlace } from '../definition/task-topics.ts'
import { decodeVector } from '../recommending/item-vector.ts'

/** Similarity from which a text belongs to a topic: by keywords, and by vectors of meaning. */
const SIMILAR_BY_WORDS = 0.38
const SIMILAR_BY_MEANING = 0.6

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
  place(placed: Pick<TopicPlaced, 'topic' | 'keywords' | 'vector' | 'model'>): void
}

interface Topic {
  readonly isProposed: boolean
  /** Of length 1. */
  readonly vector: Float32Array | undefined
  readonly model: string | undefined
  /** Of length 1 in all. */
  readonly words: ReadonlyMap<string, number>
}

/** Creates an empty index. */
export function createTopicIndex(topicsMax: number = SOCIAL_LIMITS.topicsMax): TopicIndex {
  /** The one that was placed last is last. */
  const topics = new Map<string, Topic>()
  /** By keyword, the topics without a vector. */
  const byWord = new Map<string, Set<string>>()

  const remove = (id: string): void => {
    for (const word of topics.get(id)?.words.keys() ?? []) {
      const having = byWord.get(word)
      having?.delete(id)
      if (having?.size === 0) byWord.delete(word)
    }
    topics.delete(id)
  }
  const put = (id: string, topic: Topic): void => {
    remove(id)
    topics.set(id, topic)
    for (const word of topic.vector === undefined ? topic.words.keys() : []) {
      const having = byWord.get(word) ?? new Set()
      byWord.set(word, having.add(id))
    }
    const [oldest] = topics.keys()
    if (topics.size > topicsMax && oldest !== undefined) remove(oldest)
  }
  const nearestByMeaning = (wanted: Float32Array, model: string | undefined): string | undefined => {
    let best: string | undefined
    let bestSimilarity = SIMILAR_BY_MEANING
    for (const [id, { vector, model: other }] of topics) {
      if (vector === undefined || other !== model) continue
      let similarity = 0
      for (let at = 0; at < wanted.length; at++) similarity += (wanted[at] ?? 0) * (vector[at] ?? 0)
      if (similarity > bestSimilarity) [best, bestSimilarity] = [id, similarity]
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
  const nearestOf = ({ vector, model, words }: Omit<Topic, 'isProposed'>): string | undefined =>
    vector === undefined ? nearestByWords(words) : nearestByMeaning(vector, model)

  return {
    get size() {
      return topics.size
    },
    nearest: (place) => nearestOf(topicAt(place, weighedKeywords(place.keywords), false)),
    propose: (id, place) => put(id, topicAt(place, weighedKeywords(place.keywords), true)),
    place(placed) {
      const topic = topicAt(placed, placed.keywords, false)
      const known = topics.get(placed.topic)
      remove(placed.topic)
      if (known?.isProposed === false || nearestOf(topic) === undefined) put(placed.topic, topic)
    },
  }
}

/** Keywords with their weights: the first one says most. */
export const weighedKeywords = (keywords: readonly string[]): (readonly [word: string, weight: number])[] =>
  keywords.map((word, rank) => [word, Math.max(1, SOCIAL_LIMITS.keywordsMax - rank)])

function topicAt(
  { vector, model }: Pick<TextPlace, 'vector' | 'model'>,
  words: readonly (readonly [string, number])[],
  isProposed: boolean,
): Topic {
  const length = Math.sqrt(words.reduce((sum, [, weight]) => sum + weight * weight, 0))
  return {
    isProposed,
    vector: vector === undefined ? undefined : ofLength1(decodeVector(vector)),
    model,
    words: new Map(words.map(([word, weight]) => [word, weight / length])),
  }
}

function ofLength1(vector: Int8Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length))
}
