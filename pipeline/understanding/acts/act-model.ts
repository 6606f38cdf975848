import { inflateRawSync } from 'node:zlib'
import { type Act, ACTS } from '../../../schemas/dialogue-acts.ts'
import type { Feature } from './act-features.ts'

/** The form of the weights file: for each bucket one signed byte for each act, in the order of `ACTS`; deflated, in base64. */
export interface StoredActModel {
  /** The trainer that made it; a change of features or training is another. */
  readonly version: number
  readonly buckets: number
  /** What one step of a byte weighs. */
  readonly scale: number
  readonly weights: string
}

/** A linear model over hashed features: the score of an act is the sum of its weights. */
export interface ActModel {
  readonly version: number
  /** The scores of all acts, in the order of `ACTS`. */
  score(features: readonly Feature[]): Float64Array
  /** What a feature adds to the score of an act, beyond what it adds to the mean of all. */
  support(feature: Feature, act: Act): number
}

/** FNV-1a over UTF-16 units, 32 bits, with a last mixing so that the low bits depend on all (source: Fowler, Noll, Vo). */
export function bucketOf(name: string, buckets: number): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index += 1) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  return ((hash ^ (hash >>> 15)) >>> 0) % buckets
}

/** @throws RangeError if the number of weights is not what the header says, or an error of zlib if they are no deflated bytes */
export function openActModel({ version, buckets, scale, weights: stored }: StoredActModel): ActModel {
  const bytes = inflateRawSync(Buffer.from(stored, 'base64'), { maxOutputLength: buckets * ACTS.length })
  if (bytes.length !== buckets * ACTS.length)
    throw new RangeError(`The act model has ${bytes.length} weights, not ${buckets * ACTS.length}`)
  const weights = new Int8Array(bytes)
  const at = (bucket: number, act: number): number => (weights[bucket * ACTS.length + act] ?? 0) * scale
  return {
    version,
    score(features) {
      const scores = new Float64Array(ACTS.length)
      for (const { name, value } of features) {
        const bucket = bucketOf(name, buckets)
        for (let act = 0; act < ACTS.length; act += 1) scores[act] = (scores[act] ?? 0) + value * at(bucket, act)
      }
      return scores
    },
    support({ name, value }, act) {
      const bucket = bucketOf(name, buckets)
      const mean = ACTS.reduce((sum, _, index) => sum + at(bucket, index), 0) / ACTS.length
      return value * (at(bucket, ACTS.indexOf(act)) - mean)
    },
  }
}
