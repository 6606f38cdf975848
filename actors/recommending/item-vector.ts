import { VECTOR_SIZE } from '../../schemas/catalogue-events.ts'

const BYTE_MAX = 127
const SEED = 0x9e3779b9

/**
 * The vector that an item keeps: the embedding, projected to 64 dimensions by random signs and rounded to bytes. Angles are kept roughly:
 * Achlioptas, "Database-friendly random projections", 2003.
 */
export function encodeVector(embedding: Float32Array): string {
  const projected = new Float64Array(VECTOR_SIZE)
  let seed = SEED
  for (const value of embedding) {
    for (let at = 0; at < VECTOR_SIZE; at += 32) {
      seed = nextSeed(seed)
      for (let bit = 0; bit < 32; bit++) projected[at + bit] = (projected[at + bit] ?? 0) + ((seed >>> bit) & 1 ? value : -value)
    }
  }
  return encodeBytes(projected)
}

/** A vector of any length, each value rounded to a byte relative to the largest. */
export function encodeBytes(vector: ArrayLike<number>): string {
  const values = Array.from(vector)
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  const bytes = Int8Array.from(values, (value) => (largest === 0 ? 0 : Math.round((value / largest) * BYTE_MAX)))
  return Buffer.from(bytes.buffer).toString('base64')
}

/** The vector of a text that `encodeVector` made; zeros, which are similar to nothing, for any other text. */
export function decodeVector(text: string): Int8Array {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === VECTOR_SIZE ? Int8Array.from(bytes, (byte) => (byte << 24) >> 24) : new Int8Array(VECTOR_SIZE)
}

/** The cosine of two vectors; 0 where one has no direction. */
export function cosineOf(one: Float64Array | Int8Array, other: Int8Array): number {
  let [dot, lengthOne, lengthOther] = [0, 0, 0]
  for (let at = 0; at < VECTOR_SIZE; at++) {
    const [a, b] = [one[at] ?? 0, other[at] ?? 0]
    dot += a * b
    lengthOne += a * a
    lengthOther += b * b
  }
  return lengthOne === 0 || lengthOther === 0 ? 0 : dot / Math.sqrt(lengthOne * lengthOther)
}

/** Marsaglia's xorshift. */
function nextSeed(seed: number): number {
  const first = seed ^ (seed << 13)
  const second = first ^ (first >>> 17)
  return second ^ (second << 5)
}
