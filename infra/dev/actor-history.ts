import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { readActorRecords } from '../../pipeline/jetstream/actor-records.ts'
import { lastRecord, type Placed } from '../../pipeline/jetstream/last-record.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { logSubject, partitionOf, type Address } from '../../schemas/subjects.ts'

/** Records of an actor in order, and the number of its last one; 0 for an actor without any. */
export interface History {
  readonly last: number
  readonly records: readonly Step[]
}

/** A record without what only the pipeline needs. */
export type Step = Omit<LogRecord, 'v' | 'low' | 'seen'> & { readonly seq: number }

export interface HistoryQuery {
  /** The first record that is wanted; absent: as many as `limit` up to the last. */
  readonly from?: number | undefined
  readonly limit: number
}

export const HISTORY_MAX = 200
/** What is beyond it is left to the next request. */
const BYTES_MAX = 4 * 1024 * 1024

/** Reads an actor's records from LOG itself: what just happened is there before the tables have it. */
export async function readHistory(jetstream: JetStreamContext, partitionCount: number, address: Address, { from, limit }: HistoryQuery): Promise<History> {
  const subject = logSubject(partitionOf(address, partitionCount), address)
  const last = await lastRecord(jetstream, subject)
  if (last === undefined) return { last: 0, records: [] }
  const first = from ?? Math.max(1, last.record.n - limit + 1)
  const records = await readActorRecords(jetstream, subject, { from: first, to: last, limit, bytesMax: BYTES_MAX })
  return { last: last.record.n, records: records.map(stepOf) }
}

const stepOf = ({ seq, record: { v: _v, low: _low, seen: _seen, ...record } }: Placed): Step => ({ ...record, seq })
