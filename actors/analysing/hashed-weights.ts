import { inflateRawSync } from 'node:zlib'

/** The form of a weights file: for each bucket one signed byte for each class, deflated, in base64. */
export interface StoredWeights {
  /** The trainer that made it; a change of features or training is another. */
  readonly version: number
  readonly buckets: number
  /** What one step of a byte weighs. */
  readonly scale: number
  readonly weights: string
}

/** The weights of a linear model over hashed features. */
export interface HashedWeights {
  readonly version: number
  readonly buckets: number
  readonly classes: number
  readonly scale: number
  /** In steps of `scale`: the weight of a bucket for a class is at `bucket * classes + class`. */
  readonly steps: Int8Array
}

const OFFSET = 0x811c9dc5
const PRIME = 0x01000193

/** FNV-1a over UTF-16 units, 32 bits (source: Fowler, Noll, Vo). @param seed the hash of what comes before */
export function hashOf(name: string, seed = OFFSET): number {
  let hash = seed
  for (let index = 0; index < name.length; index += 1) hash = Math.imul(hash ^ name.charCodeAt(index), PRIME)
  return hash
}

/** The bucket of a hash. A last mixing lets the low bits depend on all. */
export const bucketOf = (hash: number, buckets: number): number => ((hash ^ (hash >>> 15)) >>> 0) % buckets

/** @throws RangeError if the number of weights is not what the header says, or an error of zlib if they are no deflated bytes */
export function openWeights({ version, buckets, scale, weights }: StoredWeights, classes: number): HashedWeights {
  const bytes = inflateRawSync(Buffer.from(weights, 'base64'), { maxOutputLength: buckets * classes })
  if (bytes.length !== buckets * classes) throw new RangeError(`The model has ${bytes.length} weights, not ${buckets * classes}`)
  return { version, buckets, classes, scale, steps: new Int8Array(bytes) }
}
