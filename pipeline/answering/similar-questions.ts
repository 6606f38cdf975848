import { LRUCache } from 'lru-cache'
import { type CacheKey, hashedKey } from '../cache/cache-key.ts'
import { cosine } from '../embedding/cosine.ts'
import { type ComparedQuestion, differenceOf } from './same-question.ts'

/** Tenants whose questions a process remembers; those asked longest ago make room. */
const TENANTS_MAX = 32
/** Questions of one tenant that a process remembers. With 512 dimensions a question takes some 3 KB. */
const QUESTIONS_MAX = 512
/** Of the questions that are similar enough, the nearest are compared by their words. */
const COMPARED_MAX = 16

/** A question whose answer was cached. */
export interface RememberedQuestion {
  /** The key of its answer. */
  readonly key: CacheKey
  /** What must be equal beside the question: kind, intents, prompt, tier. */
  readonly setting: string
  readonly question: ComparedQuestion
  /** Fingerprint of the model that made the vector. */
  readonly fingerprint: string
  readonly vector: Float32Array
}

export interface SimilarQuestion {
  readonly key: CacheKey
  readonly similarity: number
}

/** The questions whose answers this process has cached or given again, with their vectors. They may have no answer any more. */
export interface SimilarQuestions {
  has(key: CacheKey): boolean
  remember(question: RememberedQuestion): void
  /** Other questions that say the same, the most similar first. @param similarityMin the least cosine of both vectors */
  like(asked: RememberedQuestion, similarityMin: number): readonly SimilarQuestion[]
}

export function createSimilarQuestions(): SimilarQuestions {
  const tenants = new LRUCache<string, LRUCache<string, RememberedQuestion>>({ max: TENANTS_MAX })
  return {
    has: (key) => tenants.get(key.tenant)?.has(hashedKey(key).name) ?? false,
    remember(question) {
      const { tenant } = question.key
      const known = tenants.get(tenant) ?? new LRUCache<string, RememberedQuestion>({ max: QUESTIONS_MAX })
      known.set(hashedKey(question.key).name, question)
      tenants.set(tenant, known)
    },
    like({ key, setting, question, fingerprint, vector }, similarityMin) {
      const own = hashedKey(key).name
      const known = tenants.get(key.tenant)?.entries() ?? []
      return Array.from(known)
        .filter(([name, other]) => name !== own && other.setting === setting && other.fingerprint === fingerprint)
        .map(([, other]) => ({ other, similarity: Math.min(1, cosine(vector, other.vector)) }))
        .filter(({ similarity }) => similarity >= similarityMin)
        .sort((one, other) => other.similarity - one.similarity)
        .slice(0, COMPARED_MAX)
        .filter(({ other }) => differenceOf(question, other.question) === undefined)
        .map(({ other, similarity }) => ({ key: other.key, similarity }))
    },
  }
}
