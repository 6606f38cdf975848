/** How a text is cut into chunks. */
export interface ChunkOptions {
  /** Tokens of a piece of text, without the model's own marks. */
  readonly count: (text: string) => number
  /** Tokens of a chunk at most. */
  readonly tokensMax: number
  /** Tokens at the end of a chunk that the next one begins with again; fewer than `tokensMax`. */
  readonly overlapTokens: number
}

/** A piece of text and its tokens; `Infinity` where it is too long to be counted. */
interface Piece {
  readonly text: string
  readonly tokens: number
}

/** Longer texts are divided before they are counted: some tokenizers need memory by the square of the length. */
const CHARACTERS_COUNTED_MAX = 8_192

/**
 * Where a text may be cut, the best places first: paragraphs, sentences of either language, clauses, words. What may stand between is
 * bounded, so that a megabyte of blanks takes no longer than a megabyte of words.
 */
const BOUNDARIES = [
  /(?<=\n[ \t]{0,8}\n)/u,
  /(?<=[。！？…]["'”’」』）)]{0,3})|(?<=[.!?]["'”’)]{0,3}\s)|(?<=\n)/u,
  /(?<=[，、；：,;:]\s?)/u,
  /(?<=\s)/u,
]

/**
 * Cuts a text into chunks of at most `tokensMax` tokens that together are the whole text: at sentences where that is possible, else at
 * words, and where there is nothing to cut at, between characters. A text that fits is one chunk, as it is. Each chunk but the first
 * begins with the last pieces of the one before.
 */
export function chunksOf(text: string, options: ChunkOptions): string[] {
  const { tokensMax, overlapTokens } = options
  const whole = measured(text, options)
  if (whole.tokens <= tokensMax) return [text]
  const chunks: string[] = []
  let chunk: Piece[] = []
  let tokens = 0
  for (const piece of piecesOf(whole, options)) {
    if (tokens + piece.tokens > tokensMax && chunk.length > 0) {
      chunks.push(joined(chunk))
      chunk = tailOf(chunk, Math.min(overlapTokens, tokensMax - piece.tokens))
      tokens = sum(chunk)
    }
    chunk.push(piece)
    tokens += piece.tokens
  }
  chunks.push(joined(chunk))
  // Pieces do not always add up to the tokens of their sum: a chunk that came out too long is cut again.
  return chunks.flatMap((one) => {
    const counted = measured(one, options)
    return fits(counted, tokensMax) ? [one] : partsOf(counted, tokensMax).flatMap((part) => chunksOf(part, options))
  })
}

/** Pieces of at most a quarter of a chunk, if the text has places to cut it at that often, and of a whole one otherwise. */
function piecesOf(whole: Piece, options: ChunkOptions): Piece[] {
  const cut = (piece: Piece, level: number): Piece[] => {
    if (piece.tokens <= options.tokensMax / 4) return [piece]
    const boundary = BOUNDARIES[level]
    if (boundary === undefined) {
      return fits(piece, options.tokensMax) ? [piece] : partsOf(piece, options.tokensMax).flatMap((part) => cut(measured(part, options), level))
    }
    const parts = piece.text.split(boundary).filter((part) => part !== '')
    if (parts.length === 1) return cut(piece, level + 1)
    return parts.flatMap((part) => cut(measured(part, options), level + 1))
  }
  return cut(whole, 0)
}

/** The last pieces with no more than so many tokens. */
function tailOf(pieces: readonly Piece[], tokensMax: number): Piece[] {
  if (tokensMax <= 0) return []
  let tokens = 0
  const first = pieces.findLastIndex((piece) => (tokens += piece.tokens) > tokensMax)
  return pieces.slice(first + 1)
}

/** A piece in parts of about half a chunk each, or as long as may be counted, with no character (of two code units) torn apart. */
function partsOf({ text, tokens }: Piece, tokensMax: number): string[] {
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

const measured = (text: string, { count }: ChunkOptions): Piece =>
  ({ text, tokens: text.length > CHARACTERS_COUNTED_MAX ? Infinity : count(text) })

/** One character is as short as a text gets, whatever the model makes of it. */
const fits = ({ text, tokens }: Piece, tokensMax: number): boolean => tokens <= tokensMax || text.length <= 2

const sum = (pieces: readonly Piece[]): number => pieces.reduce((total, { tokens }) => total + tokens, 0)
const joined = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join('')
