import { chunksOf } from '../../embed/chunks.ts'
import { sizeOf } from './size.ts'

/** A piece of a text that is not cut, with the blanks after it: pieces together are the text. */
export interface Piece {
  readonly text: string
  /** Whether something new begins with it, such as a paragraph or a definition: a good place to cut before. */
  readonly begins: boolean
}

/** Sizes as `sizeOf` has them. */
export interface PackOptions {
  /** A chunk is not ended before it has this size, but where nothing follows. */
  readonly min: number
  /** No chunk is larger, its overlap not counted. */
  readonly max: number
  /** What a chunk repeats of the end of the one before, at most. */
  readonly overlap: number
}

/** A chunk ends before one in so many pieces that may begin one: so few at what begins anew, so many within. */
const BEGINS_OF = 2
const WITHIN_OF = 6

/**
 * Puts pieces together to chunks. Where one ends is decided by the pieces around and not by all that stands before, so that a change in a long text leaves the
 * chunks before and behind it as they were: a chunk that is large enough ends before a piece whose own hash says so ("content-defined chunking").
 */
export function pack(pieces: readonly Piece[], { min, max, overlap }: PackOptions): string[] {
  const chunks: string[] = []
  let chunk: Piece[] = []
  let size = 0
  let repeated: string[] = []
  const end = (): void => {
    chunks.push([...repeated, ...chunk.map(({ text }) => text)].join(''))
    repeated = tailOf(chunk, overlap)
    chunk = []
    size = 0
  }
  for (const piece of pieces.flatMap((one) => divided(one, max))) {
    const more = sizeOf(piece.text)
    if (chunk.length > 0 && (size + more > max || (size >= min && mayBegin(piece)))) end()
    chunk.push(piece)
    size += more
  }
  if (chunk.length > 0) end()
  return chunks.map(trimmed).filter((text) => text !== '')
}

/** Blanks at the end and empty lines at the beginning; what the first line is indented by says something in code. */
const trimmed = (text: string): string => text.replace(/^(?:[^\S\n]*\n)+/, '').trimEnd()

function mayBegin({ text, begins }: Piece): boolean {
  return hashOf(text) % (begins ? BEGINS_OF : WITHIN_OF) === 0
}

/** FNV-1a over the text without blanks around it. */
function hashOf(text: string): number {
  const plain = text.trim()
  let hash = 0x811c9dc5
  for (let index = 0; index < plain.length; index++) hash = Math.imul(hash ^ plain.charCodeAt(index), 0x01000193) >>> 0
  // The low bits of FNV are its weak ones.
  return hash >>> 8
}

function tailOf(pieces: readonly Piece[], sizeMax: number): string[] {
  if (sizeMax === 0) return []
  const tail: string[] = []
  let size = 0
  for (const { text } of [...pieces].reverse()) {
    size += sizeOf(text)
    if (size > sizeMax || tail.length === pieces.length - 1) break
    tail.unshift(text)
  }
  return tail
}

/** A piece that is larger than a chunk, at clauses, words or, where it has none, characters. */
function divided(piece: Piece, max: number): Piece[] {
  if (sizeOf(piece.text) <= max) return [piece]
  return chunksOf(piece.text, { count: sizeOf, tokensMax: max, overlapTokens: 0 }).map((text, index) => ({ text, begins: piece.begins && index === 0 }))
}
