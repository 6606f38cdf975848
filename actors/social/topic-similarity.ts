/** A vector of length 1, and the model that made it. */
export interface VectorOfModel {
  readonly vector: Float32Array | undefined
  readonly model: string | undefined
}

/** From which cosine on texts belong together, by model. */
export interface Similarity {
  /** Takes a text or a topic into account. */
  observe(one: VectorOfModel): void
  minOf(model: string | undefined): number
}

/** Texts and topics of a model from which the cosine of any two is measured: the last ones. */
const OBSERVED_MAX = 64
/** It is measured again after so many. */
const MEASURED_EVERY = 16
/** With fewer, only those that nearly say the same belong together. */
const OBSERVED_MIN = 8
const SIMILARITY_OF_FEW = 0.9
/** How far the cosine must be above that of any two, on the way to 1. */
const NEARNESS = 0.5
const SIMILARITY_MIN = 0.5

/**
 * Measures which cosines say that texts belong together. Models differ in the cosines of texts that have little in common (0 for some, 0.8
 * for others): it is the median of the pairs of what came last.
 */
export function createSimilarity(nearness: number = NEARNESS): Similarity {
  const models = new Map<string | undefined, { readonly vectors: Float32Array[]; observed: number; min: number }>()
  return {
    observe({ vector, model }) {
      if (vector === undefined) return
      const known = models.get(model) ?? { vectors: [], observed: 0, min: SIMILARITY_OF_FEW }
      models.set(model, known)
      known.vectors[known.observed % OBSERVED_MAX] = vector
      known.observed++
      const isDue = known.observed === OBSERVED_MIN || known.observed % MEASURED_EVERY === 0
      if (!isDue) return
      const usual = usualOf(known.vectors)
      known.min = Math.max(SIMILARITY_MIN, usual + (1 - usual) * nearness)
    },
    minOf: (model) => models.get(model)?.min ?? SIMILARITY_OF_FEW,
  }
}

/** The median cosine of all pairs. */
function usualOf(vectors: readonly Float32Array[]): number {
  const cosines = vectors.flatMap((one, at) => vectors.slice(at + 1).map((other) => dotOf(one, other)))
  return cosines.sort((one, other) => one - other)[Math.floor(cosines.length / 2)] ?? 0
}

/** The scalar product: for vectors of length 1, their cosine. */
export function dotOf(one: Float32Array, other: Float32Array): number {
  let dot = 0
  for (let at = 0; at < one.length; at++) dot += (one[at] ?? 0) * (other[at] ?? 0)
  return dot
}
