import { LRUCache } from 'lru-cache'
import type { PrivatePart } from '../../../schemas/record.ts'
import { actorKey } from '../../../schemas/subjects.ts'
import type { BadRecord, LogEntry } from '../../jetstream/log-message.ts'
import { type Expected, expectedBadRecord, expectedRows } from './expected-rows.ts'
import { resumedStep, tallyOf } from './resumed-tally.ts'
import { count, type Tally } from './tally.ts'

/** Computes the rows that the tables should have, record by record. */
export interface Expectation {
  /** Returns the rows of a message of LOG. Pass the records of each actor in order. */
  take(entry: LogEntry | BadRecord): Expected[]
}

/** In the place of one that cannot be read. */
const NO_PRIVATE_PART: PrivatePart = { state: null, seen: { ids: '', sources: [] } }

/** Max actors whose counts are kept, about 1 KB each. An evicted actor resumes from the counts in its next record. */
const ACTORS_MAX = 300_000

/**
 * Counts every actor from its first record on, and computes its rows. If the first record it gets of an actor is a later one, it resumes
 * from the counts in that record.
 */
export function createExpectation(): Expectation {
  const tallies = new LRUCache<string, Tally>({ max: ACTORS_MAX })
  return {
    take(entry) {
      if (entry.bad !== undefined) return [expectedBadRecord(entry)]
      const { address, seq } = entry
      const whole = entry.whole()
      const record = whole ?? { ...entry.record, ...NO_PRIVATE_PART }
      const key = actorKey(address)
      const before = tallies.get(key)
      const isCounted = record.n === 1 || before?.n === record.n - 1
      const { tally, step } = isCounted
        ? count(record.n === 1 ? undefined : before, record, seq)
        : { tally: tallyOf(record, seq), step: resumedStep(record, seq) }
      tallies.set(key, tally)
      const rows = expectedRows(address, record, seq, tally, step)
      // The row of an actor is made of the private part.
      return whole === undefined ? rows.filter(([name]) => name !== 'actors') : rows
    },
  }
}
