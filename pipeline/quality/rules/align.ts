import type { Range, Unit } from './units.ts'

/** Costs of a local alignment (Smith and Waterman, "Identification of common molecular subsequences", 1981), in tenths of a match. */
const MATCH = 10
/** Also for a match that directly follows a match: words in their order tell more than words here and there. */
const CONTIGUOUS = 4
const MISMATCH = -7
const GAP = -4

const [STOP, DIAGONAL, UP, LEFT] = [0, 1, 2, 3] as const

/** Where a sentence comes from. */
export interface Alignment {
  /** For each unit of the sentence the place of the unit of the passages that it equals; -1 where there is none. */
  readonly places: Int32Array
  /** The part of the passages from the first to the last place. Empty where nothing matches. */
  readonly span: Range
  /** The number of units with a place. */
  readonly matched: number
}

/** Aligns a sentence with the passages. Takes `sentence.length * (to - from)` steps. */
export function align(sentence: readonly Unit[], passages: readonly Unit[], { from, to }: Range): Alignment {
  const [rows, columns] = [sentence.length, to - from]
  const places = new Int32Array(rows).fill(-1)
  const directions = new Uint8Array((rows + 1) * (columns + 1))
  let above = new Int32Array(columns + 1)
  let current = new Int32Array(columns + 1)
  let [best, bestRow, bestColumn] = [0, 0, 0]
  for (let row = 1; row <= rows; row++) {
    const { key } = sentence[row - 1]!
    const line = row * (columns + 1)
    const lineAbove = line - columns - 1
    for (let column = 1; column <= columns; column++) {
      const isSame = passages[from + column - 1]!.key === key
      const follows = isSame && directions[lineAbove + column - 1] === DIAGONAL && above[column - 1]! > 0
      let value = above[column - 1]! + (isSame ? (follows ? MATCH + CONTIGUOUS : MATCH) : MISMATCH)
      let direction: number = DIAGONAL
      if (above[column]! + GAP > value) [value, direction] = [above[column]! + GAP, UP]
      if (current[column - 1]! + GAP > value) [value, direction] = [current[column - 1]! + GAP, LEFT]
      if (value <= 0) [value, direction] = [0, STOP]
      current[column] = value
      directions[line + column] = direction
      if (value > best) [best, bestRow, bestColumn] = [value, row, column]
    }
    ;[above, current] = [current, above]
  }
  let [row, column, matched, first, last] = [bestRow, bestColumn, 0, -1, -1]
  while (row > 0 && column > 0) {
    const direction = directions[row * (columns + 1) + column]
    if (direction === STOP) break
    if (direction === DIAGONAL) {
      const place = from + column - 1
      if (passages[place]!.key === sentence[row - 1]!.key) {
        places[row - 1] = place
        matched += 1
        first = place
        if (last < 0) last = place
      }
    }
    if (direction !== LEFT) row -= 1
    if (direction !== UP) column -= 1
  }
  return { places, span: matched === 0 ? { from: 0, to: 0 } : { from: first, to: last + 1 }, matched }
}
