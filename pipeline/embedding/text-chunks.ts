/** How `chunksOf` splits a text. */
export interface ChunkOptions {
  /** Counts the tokens of a text, without the special tokens that the model adds. */
  readonly count: (text: string) => number
  /** Max tokens of one chunk. */
  readonly tokensMax: number
  /** Max tokens that a chunk repeats from the end of the previous one; less than `tokensMax`. */
  readonly overlapTokens: number
}

/** A piece of text and its number of tokens; `Infinity` if the text is too long to count. */
interface Piece {
  readonly text: string
  readonly tokens: number
}

/** Longer texts are divided before counting: the memory of some tokenizers grows with the square of the length. */
const CHARACTERS_COUNTED_MAX = 8_192

/**
 * Places to cut at, best first: paragraphs, English and Chinese sentences, clauses, words. The lookbehinds are bounded, so that a megabyte
 * of blanks takes no longer than a megabyte of words.
 */
const BOUNDARIES = [
  /(?<=\n[ \t]{0,8}\n)/u,
  /(?<=[。！？…]["'”’」』）)]{0,3})|(?<=[.!?]["'”’)]{0,3}\s)|(?<=\n)/u,
  /(?<=[，、；：,;:]\s?)/u,
  /(?<=\s)/u,
]

/**
 * Splits a text into chunks of at most `tokensMax` tokens that together cover the whole text. It cuts at the best boundary available, and
 * between characters where there is none. A text that fits is returned unchanged as the only chunk. Each later chunk starts with the
 * overlap from the previous one.
 */
export function chunksOf(text: string, options: ChunkOptions): string[] {
  const { tokensMax, overlapTokens } = options
  const whole = measure(text, options)
  if (whole.tokens <= tokensMax) return [text]
  const chunks: string[] = []
  let chunk: Piece[] = []
  let tokens = 0
  for (const piece of piecesOf(whole, options)) {
    if (tokens + piece.tokens > tokensMax && chunk.length > 0) {
      chunks.push(join(chunk))
      chunk = tailOf(chunk, Math.min(overlapTokens, tokensMax - piece.tokens))
      tokens = sum(chunk)
    }
    chunk.push(piece)
    tokens += piece.tokens
  }
  chunks.push(join(chunk))
  // The tokens of joined pieces can exceed the sum of their counts: a chunk that turns out too long is split again.
  return chunks.flatMap((candidate) => {
    const counted = measure(candidate, options)
    return fits(counted, tokensMax) ? [candidate] : halvesOf(counted, tokensMax).flatMap((part) => chunksOf(part, options))
  })
}

/** Splits a text into pieces of at most a quarter of a chunk where it has enough boundaries, and of at most a whole chunk otherwise. */
function piecesOf(whole: Piece, options: ChunkOptions): Piece[] {
  const cut = (piece: Piece, level: number): Piece[] => {
    if (piece.tokens <= options.tokensMax / 4) return [piece]
    const boundary = BOUNDARIES[level]
    if (boundary === undefined) {
      if (fits(piece, options.tokensMax)) return [piece]
      return halvesOf(piece, options.tokensMax).flatMap((part) => cut(measure(part, options), level))
    }
    const parts = piece.text.split(boundary).filter((part) => part !== '')
    if (parts.length === 1) return cut(piece, level + 1)
    return parts.flatMap((part) => cut(measure(part, options), level + 1))
  }
  return cut(whole, 0)
}

/** The longest run of last pieces that has at most `tokensMax` tokens. */
function tailOf(pieces: readonly Piece[], tokensMax: number): Piece[] {
  if (tokensMax <= 0) return []
  let tokens = 0
  const first = pieces.findLastIndex((piece) => (tokens += piece.tokens) > tokensMax)
  return pieces.slice(first + 1)
}

/** Divides a piece into parts of about half a chunk, or of the longest length that is counted. No surrogate pair is split. */
function halvesOf({ text, tokens }: Piece, tokensMax: number): string[] {
  const wanted = Number.isFinite(tokens) ? Math.ceil((tokens / tokensMax) * 2) : Math.ceil(text.length / CHARACTERS_COUNTED_MAX)
  const length = Math.ceil(text.length / Math.max(2, wanted))
  const parts: string[] = []
  for (let at = 0; at < text.length;) {
    const end = at + length
    const next = /[\uD800-\uDBFF]/.test(text[end - 1] ?? '') ? end + 1 : end
    parts.push(text.slice(at, next))
    at = next
  }
  return parts
}

const measure = (text: string, { count }: ChunkOptions): Piece => ({
  text,
  tokens: text.length > CHARACTERS_COUNTED_MAX ? Infinity : count(text),
})

/** A single character (up to two code units) cannot be cut further, however many tokens it has. */
const fits = ({ text, tokens }: Piece, tokensMax: number): boolean => tokens <= tokensMax || text.length <= 2

const sum = (pieces: readonly Piece[]): number => pieces.reduce((total, { tokens }) => total + tokens, 0)
const join = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join('')
