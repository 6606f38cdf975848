import type { CountedTerms, TermCounts } from './bm25.ts'

/**
 * The term counts of a text in the form that a store keeps with its point: the numbers of the terms in ascending order, 4 bytes each, then
 * the count of each, 1 byte; as base64. A search looks up the terms of its question there and neither cuts the text nor reads its other
 * terms.
 */

/** Max distinct terms of stored counts; 20 KiB, as base64 27. A chunk of 1,000 Chinese characters has 1,500. */
export const STORED_TERMS_MAX = 4_096
const COUNT_MAX = 255
const NUMBER_BYTES = 4
const ENTRY_BYTES = NUMBER_BYTES + 1

/**
 * Packs the counts of a text.
 *
 * @returns `undefined` if the text has more than `STORED_TERMS_MAX` terms or one of them more than 255 times: a search then cuts the text.
 */
export function packCounts({ counts }: CountedTerms): string | undefined {
  if (counts.size > STORED_TERMS_MAX) return undefined
  // Number and count in one number, which has 40 bits.
  const entries = new Float64Array(counts.size)
  let size = 0
  for (const [term, count] of counts) {
    if (count > COUNT_MAX) return undefined
    entries[size++] = numberOf(term) * (COUNT_MAX + 1) + count
  }
  entries.sort()
  const bytes = Buffer.alloc(entries.length * ENTRY_BYTES)
  for (let place = 0; place < entries.length; place++) {
    const entry = entries[place] ?? 0
    bytes.writeUInt32LE(Math.floor(entry / (COUNT_MAX + 1)), place * NUMBER_BYTES)
    bytes[entries.length * NUMBER_BYTES + place] = entry % (COUNT_MAX + 1)
  }
  return bytes.toString('base64')
}

/** Reads packed counts. Anything else gives counts of no text in particular, so only what `packCounts` returned may be passed. */
export function unpackCounts(packed: string): TermCounts {
  const bytes = Buffer.from(packed, 'base64')
  const size = Math.floor(bytes.length / ENTRY_BYTES)
  return {
    get(term) {
      const number = numberOf(term)
      let [low, high] = [0, size]
      while (low < high) {
        const middle = (low + high) >>> 1
        if (bytes.readUInt32LE(middle * NUMBER_BYTES) < number) low = middle + 1
        else high = middle
      }
      return low < size && bytes.readUInt32LE(low * NUMBER_BYTES) === number ? bytes[size * NUMBER_BYTES + low] : undefined
    },
  }
}

/**
 * The 32-bit number of a term: FNV-1a over its UTF-16 units, mixed as in MurmurHash3. A term of a question is taken for another one of a
 * text of 1,500 terms once in three million times. Must not change: stored counts have these numbers.
 */
function numberOf(term: string): number {
  let number = 0x811c9dc5
  for (let index = 0; index < term.length; index++) {
    const unit = term.charCodeAt(index)
    number = Math.imul(number ^ (unit & 0xff), 0x01000193)
    number = Math.imul(number ^ (unit >>> 8), 0x01000193)
  }
  number = Math.imul(number ^ (number >>> 16), 0x85ebca6b)
  number = Math.imul(number ^ (number >>> 13), 0xc2b2ae35)
  return (number ^ (number >>> 16)) >>> 0
}
