/** What decides whether a batch is written now or waits for more. */
export interface FlushState {
  readonly records: number
  readonly recordsMax: number
  /** How many times the usual wait has passed since its first record. */
  readonly waits: number
  /** Records that are there to be read. */
  readonly pending: number
  /** Nothing more is read before something is written. */
  readonly isBlocked: boolean
  /** Since the last write ended, and how long that took. */
  readonly restedMs: number
  readonly lastWriteMs: number
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
