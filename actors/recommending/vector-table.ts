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
  /** Of one question at a time: items that may be near, in how many signs each differs, and how many differ in so many. */
  let [near, apart] = [new Int32Array(0), new Uint8Array(0)]
  const counts = new Int32Array(VECTOR_SIZE + 1)

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
      const size = lengths.length
      if (near.length < size) [near, apart] = [new Int32Array(size), new Uint8Array(size)]
      counts.fill(0)
      // By names of its own: a variable that others may set is read again for each item.
      const [allSigns, allVectors, allLengths, found, distances] = [signs, vectors, lengths, near, apart]
      // The limit falls as more are found: most items are read once and never looked at again.
      let [limit, within, count] = [VECTOR_SIZE, 0, 0]
      for (let number = 0; number < size; number++) {
        const distance = bitsOf(first ^ (allSigns[2 * number] ?? 0), second ^ (allSigns[2 * number + 1] ?? 0))
        if (distance > limit || isListed[number] !== 1 || allLengths[number] === 0) continue
        found[count] = number
        distances[count++] = distance
        counts[distance] = (counts[distance] ?? 0) + 1
        within++
        while (within - (counts[limit] ?? 0) >= COMPARED_MAX) within -= counts[limit--] ?? 0
      }
      for (let at = 0; at < count; at++) {
        if ((distances[at] ?? 0) > limit) continue
        const number = found[at] ?? 0
        const from = number * VECTOR_SIZE
        let dot = 0
        for (let place = 0; place < VECTOR_SIZE; place++) dot += (allVectors[from + place] ?? 0) * (vector[place] ?? 0)
        call(number, dot / ((allLengths[number] ?? 1) * length))
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

/** How many bits of two words are set. After "Bit Twiddling Hacks" by Sean Eron Anderson (public domain). */
function bitsOf(one: number, other: number): number {
  const pairs = (one - ((one >>> 1) & 0x55555555)) | 0
  const others = (other - ((other >>> 1) & 0x55555555)) | 0
  const fours = ((pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333) + (others & 0x33333333) + ((others >>> 2) & 0x33333333)) | 0
  return Math.imul((fours & 0x0f0f0f0f) + ((fours >>> 4) & 0x0f0f0f0f), 0x01010101) >>> 24
}
