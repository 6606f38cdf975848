import { type AddTerm, eachTerm, FAMILIES, type Family } from './text-terms.ts'

/** The terms that a set of examples knows. */
export interface TermTable {
  /** Column of a term by its hash; `undefined` for a term that the set does not know. */
  column(hash: number): number | undefined
  /** The weight of the term of each column: the fewer examples have it, the more. */
  readonly rarity: Float32Array
  /** The weight of a term that the set does not know. */
  readonly unknownRarity: number
}

/** A text as a sparse vector: columns, each once, with their values. */
export interface TextVector {
  readonly columns: readonly number[]
  readonly values: readonly number[]
}

export interface CountedTerm {
  count: number
  readonly family: Family
  /** What a reader can find in the text. */
  readonly shown: string
}

/** The terms of a text by their hash. */
export function countTerms(text: string): Map<number, CountedTerm> {
  const counted = new Map<number, CountedTerm>()
  const add: AddTerm = (term, family, shown) => {
    const hash = hashOf(term)
    const known = counted.get(hash)
    if (known === undefined) counted.set(hash, { count: 1, family, shown })
    else known.count += 1
  }
  eachTerm(text, add)
  return counted
}

/**
 * TF-IDF with both parts dampened, which cross-validation prefers: `1 + ln(count)`, and the square root of the usual inverse document
 * frequency. Each family of terms has length 1. Unknown terms count for the length: a text of which little is known gets small values.
 */
export function textVector(counted: ReadonlyMap<number, CountedTerm>, table: TermTable): TextVector {
  const columns: number[] = []
  const values: number[] = []
  const families: Family[] = []
  const squares = FAMILIES.map(() => 0)
  for (const [hash, { count, family }] of counted) {
    const column = table.column(hash)
    const value = (1 + Math.log(count)) * (column === undefined ? table.unknownRarity : table.rarity[column]!)
    squares[family]! += value * value
    if (column === undefined) continue
    columns.push(column)
    values.push(value)
    families.push(family)
  }
  const lengths = squares.map(Math.sqrt)
  return { columns, values: values.map((value, at) => value / lengths[families[at]!]!) }
}

/** The weight of a term that `having` of `examples` examples have. */
export const rarityOf = (examples: number, having: number): number => Math.sqrt(Math.log((1 + examples) / (1 + having)) + 1)

/** FNV-1a over the UTF-16 units with the final mix of MurmurHash3, as an unsigned number of 32 bits. */
function hashOf(term: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < term.length; at++) hash = Math.imul(hash ^ term.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
