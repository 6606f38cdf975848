import { createRandom } from './seeded-random.ts'

/** Random features of a vector: more come closer to the kernel and cost time in proportion. */
const FEATURES = 1_536
/** Width of the kernel, by cross-validation: the deviation of the random directions. */
const DIRECTION_DEVIATION = 1
const SEED = 1_609

/** Maps embedding vectors to features in which a linear head is a head with a Gaussian kernel. */
export interface VectorFeatures {
  readonly count: number
  of(vector: Float32Array): Float32Array
}

/**
 * Random Fourier features of the vector less the mean vector of the examples, at length 1.
 *
 * Source: Rahimi, Recht: Random Features for Large-Scale Kernel Machines, NIPS 2007. Embedding models put all texts into a narrow cone, so
 * the mean is taken off first. The directions come from a fixed seed and are not stored.
 */
export function createVectorFeatures(mean: Float32Array): VectorFeatures {
  const dimension = mean.length
  const random = createRandom(SEED)
  const directions = Float32Array.from({ length: FEATURES * dimension }, () => nearlyNormal(random) * DIRECTION_DEVIATION)
  const phases = Float32Array.from({ length: FEATURES }, () => random() * 2 * Math.PI)
  const scale = Math.sqrt(2 / FEATURES)
  const centred = new Float32Array(dimension)
  return {
    count: FEATURES,
    of(vector) {
      let square = 0
      for (let at = 0; at < dimension; at++) {
        const value = vector[at]! - mean[at]!
        centred[at] = value
        square += value * value
      }
      const factor = square > 0 ? 1 / Math.sqrt(square) : 0
      const features = new Float32Array(FEATURES)
      for (let feature = 0; feature < FEATURES; feature++) {
        const start = feature * dimension
        let sum = 0
        for (let at = 0; at < dimension; at++) sum += directions[start + at]! * centred[at]!
        features[feature] = scale * Math.cos(sum * factor + phases[feature]!)
      }
      return features
    },
  }
}

/** A sum of uniform numbers has nearly the normal distribution, and the same digits on every machine. */
function nearlyNormal(random: () => number): number {
  let sum = -6
  for (let count = 0; count < 12; count++) sum += random()
  return sum
}

export function meanOf(vectors: readonly Float32Array[]): Float32Array {
  const sums = new Float64Array(vectors[0]?.length ?? 0)
  for (const vector of vectors) for (let at = 0; at < sums.length; at++) sums[at]! += vector[at]!
  return Float32Array.from(sums, (sum) => sum / vectors.length)
}
