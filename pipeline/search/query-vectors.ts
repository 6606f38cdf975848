import { hash } from 'node:crypto'
import { z } from 'zod'
import type { Caches } from '../cache/caches.ts'
import type { Cache } from '../cache/two-level-cache.ts'
import type { Embedder } from '../embedding/embedder.ts'

/** UTF-16 units of a question whose vector and answer are cached. Longer ones are hardly asked twice. */
export const QUESTION_CHARACTERS_CACHED_MAX = 1_024
const SHARE = 0.25
const NUMBER_BYTES = 4

const vectorSchema = z
  .base64()
  .transform((text) => new Float32Array(new Uint8Array(Buffer.from(text, 'base64')).buffer))
  .refine((vector) => vector.every(Number.isFinite))

export type QueryVectorCache = Cache<Float32Array>

/** The cache of the vectors of questions. A vector depends on text and model alone, so that it never grows old. */
export const createQueryVectorCache = (caches: Caches): QueryVectorCache =>
  caches.create<Float32Array>({
    cache: 'vectors',
    version: 1,
    share: SHARE,
    schema: vectorSchema,
    toJson: (vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64'),
    bytesOf: (vector) => vector.length * NUMBER_BYTES,
    asksMin: { memory: 1, shared: 2 },
  })

/** The vector of a question of a tenant. @throws as `Embedder.embed` */
export type QueryVector = (tenant: string, question: string) => Promise<Float32Array>

/**
 * The vectors of questions to an embedder. Those of a model of meaning are cached; a lexical model is faster than a look-up in NATS.
 * Passages are not: each is embedded once.
 */
export function createQueryVector(
  embedder: Pick<Embedder, 'embed' | 'kind' | 'fingerprint' | 'dimension'>,
  cache: QueryVectorCache | undefined,
): QueryVector {
  const embed = async (question: string): Promise<Float32Array> => (await embedder.embed([question], 'query'))[0] ?? new Float32Array()
  if (cache === undefined || embedder.kind === 'lexical') return (_, question) => embed(question)
  return async (tenant, question) => {
    if (question.length > QUESTION_CHARACTERS_CACHED_MAX) return embed(question)
    const key = { tenant, parts: [embedder.fingerprint, hash('sha256', question, 'base64url')] }
    const fill = async () => ({ value: await embed(question), isCacheable: true })
    const hasDimension = (vector: Float32Array): Promise<boolean> => Promise.resolve(vector.length === embedder.dimension)
    return (await cache.through(key, fill, hasDimension)).value
  }
}
