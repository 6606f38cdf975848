import { chunksOf } from '../../embedding/text-chunks.ts'
import { sizeOf } from './token-size.ts'

/** A piece of a text that is not cut, with the blanks after it: pieces together are the text. */
export interface Piece {
  readonly text: string
  /** Whether something new begins with it, such as a paragraph or a definition: a good place to cut before. */
  readonly begins: boolean
}

/** Sizes as `sizeOf` has them. */
export interface PackOptions {
  /** A chunk is not smaller, but the last one, and one before a piece that does not fit in. */
  readonly min: number
  /** No chunk is larger, its overlap not counted. */
  readonly max: number
  /** What a chunk repeats of the end of the one before, at most. */
  readonly overlap: number
}

/** How much sooner a chunk ends before something new than within. */
const BEGINS_SOONER = 5

interface Measured extends Piece {
  readonly size: number
}

/**
 * Puts pieces together to chunks. Where one ends is decided by what stands around and not by all that stands before: of the places that leave it neither too small
 * nor too large, the one before the piece whose hash is the least. So a change in a long text leaves the chunks before and, soon, behind it as they were
 * ("content-defined chunking").
 */
export function pack(pieces: readonly Piece[], { min, max, overlap }: PackOptions): string[] {
  const chunks: string[] = []
  let waiting: Measured[] = []
  let size = 0
  let repeated = ''
  const end = (count: number): void => {
    const chunk = waiting.slice(0, count)
    waiting = waiting.slice(count)
    size = waiting.reduce((sum, piece) => sum + piece.size, 0)
    chunks.push(repeated + textOf(chunk))
    repeated = textOf(tailOf(chunk, overlap))
  }
  for (const piece of pieces.flatMap((one) => divided(one, max))) {
    while (waiting.length > 0 && size + piece.size > max) end(bestEnd(waiting, piece, min))
    waiting.push(piece)
    size += piece.size
  }
  if (waiting.length > 0) end(waiting.length)
  return chunks.map(trimmed).filter((text) => text !== '')
}

/** After how many pieces a chunk is to end; before the next one where it is too small otherwise. */
function bestEnd(waiting: readonly Measured[], next: Measured, min: number): number {
  let best = { count: waiting.length, rank: Infinity }
  let size = 0
  for (let count = 1; count <= waiting.length; count++) {
    size += waiting[count - 1]?.size ?? 0
    if (size < min) continue
    const { text, begins } = waiting[count] ?? next
    const rank = hashOf(text) / (begins ? BEGINS_SOONER : 1)
    if (rank < best.rank) best = { count, rank }
  }
  return best.count
}

const textOf = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join('')

/** Blanks at the end and empty lines at the beginning; what the first line is indented by says something in code. */
const trimmed = (text: string): string => text.replace(/^(?:[^\S\n]*\n)+/, '').trimEnd()

/** FNV-1a over the text without blanks around it: 0 to 2^24. */
function hashOf(text: string): number {
  const plain = text.trim()
  let hash = 0x811c9dc5
  for (let index = 0; index < plain.length; index++) hash = Math.imul(hash ^ plain.charCodeAt(index), 0x01000193) >>> 0
  // The low bits of FNV are its weak ones.
  return hash >>> 8
}

/** The last pieces that are no larger together, the first one never. */
function tailOf(pieces: readonly Measured[], sizeMax: number): readonly Measured[] {
  let size = 0
  const before = pieces.findLastIndex((piece) => (size += piece.size) > sizeMax)
  return pieces.slice(Math.max(1, before + 1))
}

/** A piece that is larger than a chunk, at clauses, words or, where it has none, characters. */
function divided({ text, begins }: Piece, max: number): Measured[] {
  const size = sizeOf(text)
  if (size <= max) return [{ text, begins, size }]
  return chunksOf(text, { count: sizeOf, tokensMax: max, overlapTokens: 0 })
    .map((part, index) => ({ text: part, begins: begins && index === 0, size: sizeOf(part) }))
}
