import { z } from 'zod'
import type { Caches } from '../cache/caches.ts'
import type { Cache } from '../cache/two-level-cache.ts'
import { QUESTION_CHARACTERS_CACHED_MAX } from './query-vectors.ts'
import type { Search, SearchAnswer } from './search-answer.ts'
import { answerSchema } from './search-client.ts'
import { checkedRequest } from './search-request.ts'
import type { VectorStore } from './vector-store.ts'

/** Share of the memory of all caches. */
const SHARE = 0.45

const cachedSchema = z.object({ answer: answerSchema, version: z.string() })

/** An answer with the version of the collection that it rests on. */
export interface CachedAnswer {
  readonly answer: SearchAnswer
  /** Empty: the collection changed during the search, or it cannot be told. */
  readonly version: string
}
export type SearchAnswers = Cache<CachedAnswer>

/**
 * The cache of search answers. A question is cached from its second asking on: most are asked once, and only what will be cached is worth
 * reading the version of the collection.
 */
export const createSearchAnswers = (caches: Caches): SearchAnswers =>
  caches.create<CachedAnswer>({
    cache: 'search',
    version: 1,
    share: SHARE,
    schema: cachedSchema,
    toJson: (value) => value,
    // Two bytes a character: hits hold texts.
    bytesOf: (value) => JSON.stringify(value).length * 2,
    asksMin: { memory: 2, shared: 2 },
  })

export interface CachedSearchOptions {
  readonly search: Search
  readonly answers: SearchAnswers
  /** Identifies what the collection holds now. */
  readonly versionOf: Required<VectorStore>['contentVersion']
  /** All that decides an answer beside the request and the collection: what two processes may have set differently. */
  readonly setUp: readonly string[]
}

/**
 * A search that serves a cached answer while the collection holds exactly what it held when the answer was made. The collection is asked at
 * each hit, so that no answer is older than the last change that the search itself would have seen.
 */
export function createCachedSearch({ search, answers, versionOf, setUp }: CachedSearchOptions): Search {
  return async (request) => {
    const checked = checkedRequest(request)
    const { tenant, q, halfLifeHours } = checked
    // With a half-life, an answer depends on the time.
    if (halfLifeHours !== undefined || q.length > QUESTION_CHARACTERS_CACHED_MAX) return search(request)
    const isFresh = async ({ version }: CachedAnswer): Promise<boolean> => version !== '' && version === (await versionOf())
    const fill = async (isKept: boolean): Promise<{ value: CachedAnswer; isCacheable: boolean }> => {
      const before = isKept ? await versionOf() : undefined
      const answer = await search(request)
      const isWhole = before !== undefined && (answer.reranked === undefined || 'texts' in answer.reranked)
      const version = isWhole && (await versionOf()) === before ? before : ''
      return { value: { answer, version }, isCacheable: version !== '' }
    }
    const key = { tenant, parts: [...setUp, JSON.stringify(checked)] }
    const { value } = await answers.through(key, ({ isKept }) => fill(isKept), isFresh)
    return value.answer
  }
}
