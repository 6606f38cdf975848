import type { JetStreamContext } from './connection.ts'
import { findRecord, type Placed } from './last-record.ts'
import { logParser } from './log-message.ts'
import { openReader } from './ordered-reader.ts'

export interface RecordRange {
  /** Number of the first record. */
  readonly from: number
  /** The last record to read. */
  readonly to: Placed
  readonly limit: number
  /** The record that passes it is the last one. Default: no bound. */
  readonly bytesMax?: number
}

const FETCH_AHEAD_MAX = 500

/** An actor's records in order, read from LOG; only the last one where LOG does not have the first. */
export async function readActorRecords(jetstream: JetStreamContext, subject: string, range: RecordRange): Promise<Placed[]> {
  const { from, to, limit, bytesMax = Infinity } = range
  if (from > to.record.n) return []
  const first = (await findRecord(jetstream, subject, to, ({ n }) => n - from)) ?? to
  const reader = await openReader(jetstream, {
    stream: 'LOG',
    filterSubjects: [subject],
    startSeq: first.seq,
    to: to.seq,
    messagesMax: Math.min(limit, FETCH_AHEAD_MAX),
  })
  const parse = await logParser(jetstream)
  const records: Placed[] = []
  let bytes = 0
  for await (const message of reader) {
    const record = parse(message).whole()
    if (record !== undefined) records.push({ seq: message.seq, record })
    bytes += message.data.length
    if (records.length === limit || bytes > bytesMax) break
  }
  return records
}
