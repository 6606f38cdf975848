import { VECTOR_SIZE } from '../../schemas/catalogue-events.ts'
import { decodeVector } from './item-vector.ts'

/** Vectors whose cosine is computed for one question: those whose signs agree most. */
const COMPARED_MAX = 2_000
const BITS = 32

/** The vectors of items, by number. */
export interface VectorTable {
  /** Vectors of another model are not comparable: a newer model removes those of the one before. */
  set(number: number, text: string, model: string): void
  /** 64 signed bytes; `undefined` where the item has none. */
  of(number: number): Int8Array | undefined
  /**
   * Calls with the items whose vectors are nearest, and their cosines. Of 100,000 it compares signs first, as two words of bits each.
   *
   * @param isListed 1 by number for the items that count
   */
  eachNear(vector: Float64Array, isListed: Uint8Array, call: (number: number, cosine: number) => void): void
  state(): VectorState
}

export interface VectorState {
  readonly vectors: Int8Array
  readonly model: string
}

/** Creates the table, empty or from a saved state. */
export function createVectorTable(saved?: VectorState): VectorTable {
  let vectors = saved?.vectors ?? new Int8Array(0)
  let model = saved?.model ?? ''
  /** Two words of signs an item; none where it has no vector. */
  let signs = new Int32Array((2 * vectors.length) / VECTOR_SIZE)
  let lengths = new Float32Array(vectors.length / VECTOR_SIZE)
  const describe = (number: number): void => {
    const vector = vectors.subarray(number * VECTOR_SIZE, (number + 1) * VECTOR_SIZE)
    lengths[number] = lengthOf(vector)
    signs[2 * number] = signsOf(vector, 0)
    signs[2 * number + 1] = signsOf(vector, BITS)
  }
  for (let number = 0; number < lengths.length; number++) describe(number)
  /** By number, in how many signs it differs; of one question at a time. */
  let apart = new Uint8Array(0)

  return {
    set(number, text, made) {
      if (made !== model) [model, vectors, signs, lengths] = [made, new Int8Array(0), new Int32Array(0), new Float32Array(0)]
      if (lengths.length <= number) {
        const size = Math.max(number + 1, Math.ceil(lengths.length * 1.5))
        const [wider, more, longer] = [new Int8Array(size * VECTOR_SIZE), new Int32Array(size * 2), new Float32Array(size)]
        wider.set(vectors)
        more.set(signs)
        longer.set(lengths)
        ;[vectors, signs, lengths] = [wider, more, longer]
      }
      vectors.set(decodeVector(text), number * VECTOR_SIZE)
      describe(number)
    },
    of: (number) => ((lengths[number] ?? 0) > 0 ? vectors.subarray(number * VECTOR_SIZE, (number + 1) * VECTOR_SIZE) : undefined),
    eachNear(vector, isListed, call) {
      const [first, second, length] = [signsOf(vector, 0), signsOf(vector, BITS), Math.hypot(...vector)]
      const counts = new Uint32Array(VECTOR_SIZE + 1)
      if (apart.length < lengths.length) apart = new Uint8Array(lengths.length)
      for (let number = 0; number < lengths.length; number++) {
        if (lengths[number] === 0 || isListed[number] !== 1) continue
        const distance = bitsOf(first ^ (signs[2 * number] ?? 0)) + bitsOf(second ^ (signs[2 * number + 1] ?? 0))
        apart[number] = distance
        counts[distance] = (counts[distance] ?? 0) + 1
      }
      let [limit, total] = [0, counts[0] ?? 0]
      while (limit < VECTOR_SIZE && total < COMPARED_MAX) total += counts[++limit] ?? 0
      for (let number = 0; number < lengths.length; number++) {
        const own = lengths[number] ?? 0
        if (own === 0 || isListed[number] !== 1 || (apart[number] ?? 0) > limit) continue
        let dot = 0
        for (let at = 0; at < VECTOR_SIZE; at++) dot += (vectors[number * VECTOR_SIZE + at] ?? 0) * (vector[at] ?? 0)
        call(number, dot / (own * length))
      }
    },
    state: () => ({ vectors, model }),
  }
}

function lengthOf(vector: Int8Array): number {
  let sum = 0
  for (let at = 0; at < VECTOR_SIZE; at++) sum += (vector[at] ?? 0) ** 2
  return Math.sqrt(sum)
}

/** One bit for each of 32 numbers: whether it is above 0. */
function signsOf(vector: Int8Array | Float64Array, from: number): number {
  let bits = 0
  for (let at = 0; at < BITS; at++) if ((vector[from + at] ?? 0) > 0) bits |= 1 << at
  return bits
}

/** The number of bits that are set. Source: Bit Twiddling Hacks by Sean Eron Anderson (public domain). */
function bitsOf(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
