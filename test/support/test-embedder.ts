import { createEmbedder, type EmbedderOptions, type LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { silent } from './test-system.ts'

/** An embedder with one thread, a small cache and a short queue. */
export const openEmbedder = (options: Pick<EmbedderOptions, 'model'> & Partial<EmbedderOptions>): Promise<LocalEmbedder> =>
  createEmbedder({ threads: 1, cacheBytesMax: 4 * 1024 * 1024, textsMax: 64, log: silent, metrics: createMetrics(), ...options })

export function dot(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (a === undefined || a.length !== b?.length) return NaN
  let sum = 0
  for (let index = 0; index < a.length; index++) sum += (a[index] ?? 0) * (b[index] ?? 0)
  return sum
}
