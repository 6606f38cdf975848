import type { BatchState } from '../runtime/batch-loop.ts'

export interface FlushState extends BatchState {
  readonly recordsMax: number
  /** Records that are there to be read. */
  readonly pending: number
}

/** Usual waits after which a batch is written whatever there is to be read. */
const WAITS_MAX = 5

/**
 * A batch is written when it is full or has waited. One that has waited goes on filling where what would fill it is there to be read, and for
 * as long as the last write took: an insert costs ClickHouse the same for ten rows as for a thousand, so whoever falls behind or shares a busy
 * machine writes fewer and larger batches, and leaves half of the time at least to those who answer.
 */
export function shouldFlush({ records, recordsMax, waits, pending, isBlocked, restedMs, lastWriteMs }: FlushState): boolean {
  const missing = recordsMax - records
  if (missing <= 0 || waits >= WAITS_MAX) return true
  return waits > 0 && (isBlocked || (pending < missing && restedMs >= lastWriteMs))
}
