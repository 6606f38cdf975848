import type { KV } from '@nats-io/kv'
import { readActorRecords } from '../../pipeline/jetstream/actor-records.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { lastRecord, type Placed } from '../../pipeline/jetstream/last-record.ts'
import { progressOfRuns, type ToldProgress } from '../../pipeline/task-runner/task-progress.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { type Address, logSubject, partitionOf } from '../../schemas/subjects.ts'

/** Records of an actor in order. */
export interface History {
  /** Number of the last record; 0 if it has none. */
  readonly last: number
  /** What the pending tasks of the last record have told, by run. */
  readonly progress: Readonly<Record<string, ToldProgress>>
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

export interface HistoryDeps {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly partitionCount: number
}

/** Reads an actor's records from LOG: it has them earlier than the tables. */
export async function readHistory(
  { jetstream, kv, partitionCount }: HistoryDeps,
  address: Address,
  { from, limit }: HistoryQuery,
): Promise<History> {
  const subject = logSubject(partitionOf(address, partitionCount), address)
  const last = await lastRecord(jetstream, subject)
  if (last === undefined) return { last: 0, progress: {}, records: [] }
  const first = from ?? Math.max(1, last.record.n - limit + 1)
  const records = await readActorRecords(jetstream, subject, { from: first, to: last, limit, bytesMax: BYTES_MAX })
  const progress = await progressOfRuns(kv, Object.keys(last.record.state?.tasks ?? {}))
  return { last: last.record.n, progress, records: records.map(stepOf) }
}

const stepOf = ({ seq, record: { v: _v, low: _low, seen: _seen, ...record } }: Placed): Step => ({ ...record, seq })
