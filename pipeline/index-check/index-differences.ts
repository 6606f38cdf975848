import type { SearchArea } from '../search/vector-store.ts'

/**
 * A difference between the search index and LOG.
 * - `missing`: a text of LOG has no point, or its chunks do not cover it.
 * - `unexpected`: a point that no text of LOG has.
 * - `different`: a point whose properties are not those of its text; a source whose tags in the index are not those in LOG.
 * - `doubled`: a point that the store holds twice.
 */
export interface IndexDifference {
  readonly kind: 'missing' | 'unexpected' | 'different' | 'doubled'
  readonly in: SearchArea
  readonly tenant: string
  /** `<tenant>/<kind>/<id>` of the actor. */
  readonly actor: string
  /** LOG sequence of the record with the text, or the one that the point names; of a missing chunk of a source, that of its last record. */
  readonly seq: number
  /** Key of the text; absent for an unexpected point and for tags. */
  readonly key?: string
  /** Id of the point; absent for a missing text and for tags. */
  readonly id?: string
  /** Of a source: the sequence of its last record, whose state decides. A later record makes the difference void. */
  readonly stateSeq?: number
}

/** The result of checking a range of LOG. */
export interface IndexCheck {
  /** Number of texts of LOG, and of points. */
  readonly texts: number
  readonly points: number
  /** Number of all differences. */
  readonly differences: number
  /** Points of records that LOG has lost: nothing proves them, and nothing disproves them. */
  readonly unproven: number
  /** Texts without a point because the model or the store fails on them; each is in DEAD. */
  readonly unembeddable: number
  /** The first differences, at most `FOUND_MAX`. */
  readonly found: readonly IndexDifference[]
}

/** Differences of one range that are named; all are counted. */
export const FOUND_MAX = 1_000

/** An `IndexCheck` that is being counted. */
export function createTally() {
  const counts = { texts: 0, points: 0, differences: 0, unproven: 0, unembeddable: 0 }
  const found: IndexDifference[] = []
  return {
    counts,
    differs(difference: IndexDifference): void {
      counts.differences += 1
      if (found.length < FOUND_MAX) found.push(difference)
    },
    result: (): IndexCheck => ({ ...counts, found }),
  }
}
export type Tally = ReturnType<typeof createTally>
