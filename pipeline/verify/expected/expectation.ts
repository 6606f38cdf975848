import { LRUCache } from 'lru-cache'
import type { LogRecord } from '../../../schemas/record.ts'
import { actorKey, type Address } from '../../../schemas/subjects.ts'
import { expectedRows, type Expected } from './expected-rows.ts'
import { resumedStep, tallyOf } from './resumed-tally.ts'
import { count, type Tally } from './tally.ts'

/** What the tables should hold, record by record. */
export interface Expectation {
  /** To be told the records of an actor in their order. */
  take(address: Address, record: LogRecord, seq: number): Expected[]
}

/** Actors whose counts are kept, about 1 KB each; one beyond it is counted on from what its next record carries. */
const ACTORS_MAX = 300_000

/**
 * Counts every actor from its first record on, and works out rows. An actor that is met in the middle of its life is taken as its
 * first record here carries it, and counted from there.
 */
export function createExpectation(): Expectation {
  const tallies = new LRUCache<string, Tally>({ max: ACTORS_MAX })
  return {
    take(address, record, seq) {
      const key = actorKey(address)
      const before = tallies.get(key)
      const isCounted = record.n === 1 || before?.n === record.n - 1
      const { tally, step } = isCounted ? count(record.n === 1 ? undefined : before, record, seq) : { tally: tallyOf(record, seq), step: resumedStep(record, seq) }
      tallies.set(key, tally)
      return expectedRows(address, record, seq, tally, step)
    },
  }
}
