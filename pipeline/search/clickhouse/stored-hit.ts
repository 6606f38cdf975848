import { z } from 'zod'
import { parseJson } from '../../../schemas/json.ts'
import type { CountedTerms, ScoredTerms } from '../bm25.ts'
import { packCounts, unpackCounts } from '../stored-counts.ts'
import type { TermCutter } from '../term-cutter.ts'
import { type StoredPoint, storedTextSchema } from '../vector-store.ts'

type StoredText = Omit<StoredPoint, 'id' | 'tenant'>

/**
 * The column `hit`: all properties of a hit, and its term counts. Versions up to 0.1.0 wrote the counts as an object, `terms`, which takes
 * longer to read than the text takes to cut, and which they require: they find later points by vector alone.
 */
const hitSchema = storedTextSchema.extend({ length: z.number(), counts: z.string().optional(), terms: z.unknown() })

/** What a search reads from the column `hit`. */
export interface ReadHit {
  readonly text: StoredText
  /** The terms of the text; cuts it if the hit has no counts. */
  readonly terms: () => ScoredTerms
}

/** @param counted the terms of its text */
export function writeHit(text: StoredText, counted: CountedTerms): string {
  return JSON.stringify({ ...text, length: counted.length, counts: packCounts(counted), terms: {} })
}

/** @param cutter that of the collection */
export function readHit(hit: string, cutter: TermCutter): ReadHit {
  const { counts, length, terms, ...text } = hitSchema.parse(parseJson(hit))
  return {
    text,
    terms: () => (counts === undefined ? (readTerms(terms, length) ?? cutter.count(text.text)) : { counts: unpackCounts(counts), length }),
  }
}

/** The counts as earlier versions wrote them; `undefined` if there are none. */
function readTerms(terms: unknown, length: number): ScoredTerms | undefined {
  if (typeof terms !== 'object' || terms === null || Object.keys(terms).length === 0) return undefined
  return {
    length,
    counts: {
      get(term) {
        const count: unknown = Object.hasOwn(terms, term) ? Reflect.get(terms, term) : undefined
        return typeof count === 'number' ? count : undefined
      },
    },
  }
}
