import { readActorRecords } from '../../pipeline/jetstream/actor-records.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { lastRecord, type Placed } from '../../pipeline/jetstream/last-record.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { type Address, logSubject, partitionOf } from '../../schemas/subjects.ts'

/** Records of an actor in order, and the number of its last record (0 if it has none). */
export interface History {
  readonly last: number
  readonly records: readonly Step[]
}

/** A record without the fields that only the pipeline reads. */
export type Step = Omit<LogRecord, 'v' | 'low' | 'seen'> & { readonly seq: number }

export interface HistoryQuery {
  /** Number of the first record. Default: such that the answer ends with the last record. */
  readonly from?: number | undefined
  readonly limit: number
}

export const HISTORY_MAX = 200
/** Max records in one answer; the page requests the rest. */
const BYTES_MAX = 4 * 1024 * 1024

/** Reads an actor's records from LOG: it has them earlier than the tables. */
export async function readHistory(
  jetstream: JetStreamContext,
  partitionCount: number,
  address: Address,
  { from, limit }: HistoryQuery,
): Promise<History> {
  const subject = logSubject(partitionOf(address, partitionCount), address)
  const last = await lastRecord(jetstream, subject)
  if (last === undefined) return { last: 0, records: [] }
  const first = from ?? Math.max(1, last.record.n - limit + 1)
  const records = await readActorRecords(jetstream, subject, { from: first, to: last, limit, bytesMax: BYTES_MAX })
  return { last: last.record.n, records: records.map(stepOf) }
}

const stepOf = ({ seq, record: { v: _v, low: _low, seen: _seen, ...record } }: Placed): Step => ({ ...record, seq })
