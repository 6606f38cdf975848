import { type Rows, sparseRows } from './rows.ts'
import { countTerms, rarityOf, type TermTable, textVector } from './text-vector.ts'

/** Terms that a set can have. Of more, those are kept that most examples have. */
export const TERMS_MAX = 2 ** 18
/** Pairs at a distance that a single example has would be half of all terms, and say little. */
const PAIR_EXAMPLES_MIN = 2

/** Terms of a set, the most frequent first: the solver then reads memory that is close together. */
export interface Vocabulary extends TermTable {
  /** The hash of each column. */
  readonly hashes: Uint32Array
}

/** Reads the examples twice, so that the terms of all need not be in memory at a time. Yields the number of texts read. */
export function* readExamples(texts: readonly string[], step: number): Generator<number, { vocabulary: Vocabulary; rows: Rows }, void> {
  const having = new Map<number, number>()
  const pairs = new Set<number>()
  for (const [index, text] of texts.entries()) {
    for (const [hash, { family }] of countTerms(text)) {
      having.set(hash, (having.get(hash) ?? 0) + 1)
      if (family === 2) pairs.add(hash)
    }
    if (index % step === step - 1) yield index + 1
  }
  const vocabulary = vocabularyOf(having, pairs, texts.length)
  const starts = new Uint32Array(texts.length + 1)
  const columns = growing()
  const values = growing()
  for (const [index, text] of texts.entries()) {
    const vector = textVector(countTerms(text), vocabulary)
    columns.push(vector.columns)
    values.push(vector.values)
    starts[index + 1] = columns.length()
    if (index % step === step - 1) yield texts.length + index + 1
  }
  return { vocabulary, rows: sparseRows(vocabulary.hashes.length, starts, Uint32Array.from(columns.all()), values.all()) }
}

function vocabularyOf(having: ReadonlyMap<number, number>, pairs: ReadonlySet<number>, examples: number): Vocabulary {
  const known = [...having]
    .filter(([hash, count]) => count >= PAIR_EXAMPLES_MIN || !pairs.has(hash))
    .sort(([hash, count], [otherHash, otherCount]) => otherCount - count || hash - otherHash)
    .slice(0, TERMS_MAX)
  const columns = new Map(known.map(([hash], column) => [hash, column]))
  return {
    hashes: Uint32Array.from(known, ([hash]) => hash),
    rarity: Float32Array.from(known, ([, count]) => rarityOf(examples, count)),
    unknownRarity: rarityOf(examples, 0),
    column: (hash) => columns.get(hash),
  }
}

/** Numbers that grow by doubling. 32 bits hold a column exactly. */
function growing(): { push(more: readonly number[]): void; length(): number; all(): Float32Array } {
  let array = new Float32Array(2 ** 16)
  let length = 0
  return {
    push(more) {
      if (length + more.length > array.length) {
        const larger = new Float32Array(Math.max(array.length * 2, length + more.length))
        larger.set(array)
        array = larger
      }
      array.set(more, length)
      length += more.length
    },
    length: () => length,
    all: () => array.slice(0, length),
  }
}
