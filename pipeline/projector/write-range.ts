import { parseLogSubject } from '../../schemas/subjects.ts'
import type { TableName } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createBatch } from './row-batch.ts'
import { insertBatch, type InsertDeps } from './insert-batch.ts'
import { openReader } from '../jetstream/ordered-reader.ts'

/** Records of LOG by their sequences, both ends included. */
export interface Range {
  readonly from: number
  readonly to: number
}

export interface Target {
  readonly tables: readonly TableName[]
  readonly generation: number
}

/** Records and bytes whose rows are written at once: large, so that ClickHouse has few parts to merge. */
const BATCH_RECORDS_MAX = 10_000
const BATCH_BYTES_MAX = 16 * 1024 * 1024
const AHEAD_MAX = 4_000

/**
 * Writes the rows of a range of records into a generation of tables. May be done again: rows of one key replace each other.
 *
 * @param onRecords told how many more records are in the tables.
 * @throws ColloquyError `interrupted` where the reading broke; then it is to be done again.
 */
export async function writeRange(jetstream: JetStreamContext, deps: InsertDeps, { from, to }: Range, target: Target, onRecords: (count: number) => void): Promise<void> {
  const reader = await openReader(jetstream, { stream: 'LOG', filterSubjects: [], startSeq: from, messagesMax: AHEAD_MAX })
  let batch = createBatch(target.tables)
  let bytes = 0
  let writing = Promise.resolve()
  const flush = async (): Promise<void> => {
    const full = batch
    batch = createBatch(target.tables)
    bytes = 0
    // One batch is on its way while the next one fills, and no more.
    await writing
    writing = insertBatch(deps, full, () => target.generation).then(() => onRecords(full.records))
    // Its failure is seen when it is waited for.
    writing.catch(() => undefined)
  }
  try {
    if (reader.pending > 0) {
      for await (const message of reader) {
        if (message.seq > to) break
        batch.add(parseLogSubject(message.subject).address, message.data, reader.position)
        bytes += message.data.length
        if (batch.records >= BATCH_RECORDS_MAX || bytes >= BATCH_BYTES_MAX) await flush()
        if (message.seq === to || reader.pending === 0) break
      }
    }
    await flush()
    await writing
  } finally {
    reader.stop()
    await writing.catch(() => undefined)
  }
}
