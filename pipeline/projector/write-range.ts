import type { TableName } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { logParser } from '../jetstream/log-message.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import { insertBatch, type InsertDeps } from './insert-batch.ts'
import { createBatch } from './row-batch.ts'
import { BATCH_BYTES_MAX } from './should-flush.ts'

/** A range of LOG sequences, both ends included. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** The tables that receive rows, and the generation that the rows belong to. */
export interface Target {
  readonly tables: readonly TableName[]
  readonly generation: number
}

/** Records of one batch, beside `BATCH_BYTES_MAX`. Both are large, so that ClickHouse has few parts to merge. */
const BATCH_RECORDS_MAX = 10_000
/** Messages that the reader buffers. */
const AHEAD_MAX = 4_000

/**
 * Reads a range of records and writes their rows into one generation of the tables. Repeating a call is harmless: rows of one key replace
 * each other. At most one batch is being inserted while the next one fills.
 *
 * @param onRecords receives the number of records in each batch, after its rows are inserted.
 * @throws ColloquyError `interrupted` when the reader lost its consumer or its connection; the caller repeats the range.
 */
export async function writeRange(
  jetstream: JetStreamContext,
  deps: InsertDeps,
  { from, to }: Range,
  target: Target,
  onRecords: (count: number) => void,
): Promise<void> {
  const reader = await openReader(jetstream, { stream: 'LOG', filterSubjects: [], startSeq: from, to, messagesMax: AHEAD_MAX })
  const parse = await logParser(jetstream)
  let batch = createBatch(parse, target.tables)
  let bytes = 0
  let writing = Promise.resolve()
  const flush = async (): Promise<void> => {
    const full = batch
    batch = createBatch(parse, target.tables)
    bytes = 0
    await writing
    writing = insertBatch(deps, full, () => target.generation).then(() => onRecords(full.records))
    // The next `await writing` throws the failure; this handler only prevents an unhandled rejection until then.
    writing.catch(() => undefined)
  }
  try {
    for await (const message of reader) {
      batch.add(message)
      bytes += message.data.length
      if (batch.records >= BATCH_RECORDS_MAX || bytes >= BATCH_BYTES_MAX) await flush()
    }
    await flush()
    await writing
  } finally {
    reader.stop()
    await writing.catch(() => undefined)
  }
}
