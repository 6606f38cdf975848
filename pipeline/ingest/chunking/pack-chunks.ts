import { chunksOf } from '../../embedding/text-chunks.ts'

/** A piece of a text that is kept whole, with the blanks after it; joined pieces are the text. */
export interface Piece {
  readonly text: string
  /** Whether a new unit starts here, such as a paragraph or a definition: a good place to cut before. */
  readonly isBoundary: boolean
}

/** Sizes in tokens, as `sizeOf` estimates them. */
export interface PackOptions {
  /** Min size of a chunk, except of the last one and of one before a piece that does not fit. */
  readonly min: number
  /** Max size of a chunk without its overlap. */
  readonly max: number
  /** Max size of the end of the previous chunk that a chunk repeats. */
  readonly overlap: number
}

/** Factor by which a cut before a new unit is preferred. */
const BOUNDARY_PREFERENCE = 5

interface Measured extends Piece {
  readonly size: number
}

/**
 * Packs pieces into chunks by content-defined chunking: of all places that give a valid size, it cuts before the piece with the lowest
 * hash. Cuts therefore depend only on nearby text, and a change in a long text leaves the chunks before it and soon after it unchanged.
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
  for (const piece of pieces.flatMap((whole) => divide(whole, max))) {
    while (waiting.length > 0 && size + piece.size > max) end(bestEnd(waiting, piece, min))
    waiting.push(piece)
    size += piece.size
  }
  if (waiting.length > 0) end(waiting.length)
  return chunks.map(trim).filter((text) => text !== '')
}

/** The number of pieces after which to end the chunk; all of them if no cut gives the min size. */
function bestEnd(waiting: readonly Measured[], next: Measured, min: number): number {
  let best = { count: waiting.length, rank: Infinity }
  let size = 0
  for (let count = 1; count <= waiting.length; count++) {
    size += waiting[count - 1]?.size ?? 0
    if (size < min) continue
    const { text, isBoundary } = waiting[count] ?? next
    const rank = hashOf(text) / (isBoundary ? BOUNDARY_PREFERENCE : 1)
    if (rank < best.rank) best = { count, rank }
  }
  return best.count
}

const textOf = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join('')

/** Removes blanks at the end and empty lines at the start; keeps the indent of the first line, which matters in code. */
const trim = (text: string): string => text.replace(/^(?:[^\S\n]*\n)+/, '').trimEnd()

/** FNV-1a hash of the trimmed text, 0 to 2^24. */
function hashOf(text: string): number {
  const plain = text.trim()
  let hash = 0x811c9dc5
  for (let index = 0; index < plain.length; index++) hash = Math.imul(hash ^ plain.charCodeAt(index), 0x01000193) >>> 0
  // The low bits of FNV are poorly distributed.
  return hash >>> 8
}

/** The longest run of last pieces up to `sizeMax`, never all pieces. */
function tailOf(pieces: readonly Measured[], sizeMax: number): readonly Measured[] {
  let size = 0
  const before = pieces.findLastIndex((piece) => (size += piece.size) > sizeMax)
  return pieces.slice(Math.max(1, before + 1))
}

/** Splits a piece that is larger than a chunk at clauses, words or, without those, characters. */
function divide({ text, isBoundary }: Piece, max: number): Measured[] {
  const size = sizeOf(text)
  if (size <= max) return [{ text, isBoundary, size }]
  return chunksOf(text, { count: sizeOf, tokensMax: max, overlapTokens: 0 }).map((part, index) => ({
    text: part,
    isBoundary: isBoundary && index === 0,
    size: sizeOf(part),
  }))
}

/** Estimates the tokens of a text without a model: one for each Chinese, Japanese or Korean character, one for four others. */
export function sizeOf(text: string): number {
  const dense = text.match(DENSE)?.length ?? 0
  return dense + (text.length - dense) / OTHERS_PER_TOKEN
}

const DENSE = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]/g
const OTHERS_PER_TOKEN = 4
