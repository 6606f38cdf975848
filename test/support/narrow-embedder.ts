import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'

/**
 * An embedder with the order of another one, whose cosines are all above 0.9: each vector has a constant component more, so that a cosine
 * c becomes (c + m) / (1 + m). With m = 19, -1 becomes 0.9.
 */
export function narrowed(embedder: LocalEmbedder): LocalEmbedder {
  const narrow = (vector: Float32Array): Float32Array =>
    Float32Array.of(...vector, Math.sqrt(CONSTANT)).map((value) => value / Math.sqrt(1 + CONSTANT))
  const dimension = embedder.dimension + 1
  return {
    ...embedder,
    fingerprint: `narrow-${embedder.fingerprint}`,
    dimension,
    model: { ...embedder.model, dimension },
    embed: async (texts, as) => (await embedder.embed(texts, as)).map(narrow),
    embedEach: async (texts, as) =>
      (await embedder.embedEach(texts, as)).map((vector) => (vector instanceof Float32Array ? narrow(vector) : vector)),
  }
}

const CONSTANT = 19
