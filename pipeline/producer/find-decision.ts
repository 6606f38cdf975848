import { duplicateBy } from '../../actors/core/deduplication.ts'
import { isRefusal, readInput } from '../../actors/core/read-input.ts'
import type { PublicRecord } from '../../schemas/record.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { findRecord, type Placed } from '../jetstream/last-record.ts'

/** The decision of an actor about an input; `repeat` if it had the input before. */
export interface Handled {
  readonly outcome: 'committed' | 'rejected' | 'repeat'
  readonly reason?: string | undefined
  readonly error?: string | undefined
}

export interface Decision extends Handled {
  /** LOG sequence of its record; for a repeat, of a record after that of the first input. */
  readonly logSeq: number
}

/** An input that INBOX has stored. */
export interface StoredInput {
  /** INBOX sequence. */
  readonly position: number
  readonly payload: Uint8Array
}

export const decisionIn = ({ outcome, reason, error }: PublicRecord, logSeq: number): Decision => ({ outcome, reason, error, logSeq })

/**
 * What the last record of an actor tells about an input: the decision, if the record is its own or its deduplication state has it;
 * `undefined` if the input is not decided yet; `earlier` if only an earlier record can tell.
 */
export function decisionByLast(last: Placed | undefined, { position, payload }: StoredInput): Decision | 'earlier' | undefined {
  if (last === undefined) return undefined
  const { seq, record } = last
  if (record.inbox.seq === position) return decisionIn(record, seq)
  if (record.inbox.seq > position) return 'earlier'
  const input = readInput({ seq: position, ts: record.at, payload })
  return isRefusal(input) || duplicateBy(record.seen, input) === undefined ? undefined : { outcome: 'repeat', logSeq: seq }
}

/** Searches LOG for the decision about an input. @param last a record of a later input of its actor */
export async function findDecision(jetstream: JetStreamContext, subject: string, last: Placed, position: number): Promise<Decision> {
  const own = await findRecord(jetstream, subject, last, ({ inbox }) => inbox.seq - position)
  return own === undefined ? { outcome: 'repeat', logSeq: last.seq } : decisionIn(own.record, own.seq)
}
