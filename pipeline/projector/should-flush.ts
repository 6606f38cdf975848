import type { BatchState } from '../runtime/batch-loop.ts'

/** The state of a batch, its limit, and what else there is to read. */
export interface FlushState extends BatchState {
  readonly recordsMax: number
  /** Records of LOG that are not read yet. */
  readonly pending: number
}

/** Bytes of records in a batch; its rows have up to a few times as many. */
export const BATCH_BYTES_MAX = 16 * 1024 * 1024

/** Waits after which a batch is written even if more records are pending. */
const WAITS_MAX = 5

/**
 * Whether to write a batch now. A full batch is written at once, and so is a batch that has waited once while reading is blocked. Any other
 * batch keeps filling while enough records are pending to fill it, and until the pause since the last write is as long as that write took.
 * An insert of ten rows costs ClickHouse as much as one of a thousand: a projector that is behind, or on a busy machine, therefore writes
 * fewer and larger batches, and spends at most half of its time on writes.
 */
export function shouldFlush({ records, bytes, recordsMax, waits, pending, isBlocked, restedMs, lastWriteMs }: FlushState): boolean {
  const missing = recordsMax - records
  if (missing <= 0 || bytes >= BATCH_BYTES_MAX || waits >= WAITS_MAX) return true
  return waits > 0 && (isBlocked || (pending < missing && restedMs >= lastWriteMs))
}
