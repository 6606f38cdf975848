import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { logParser } from '../jetstream/log-message.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import type { Removed } from '../jetstream/removed.ts'
import { typedKey } from '../jetstream/typed-kv.ts'

/**
 * The inputs that a host reads again because LOG lost records inside. A lost record that was the last one of its actor is decided again:
 * the actor continues from the record before it. All others repeat what later records cover, which the actors recognise. Each partition
 * does this once for each range.
 */
export interface LostInputs {
  /** By partition that reads inputs again: the INBOX sequence after which it starts. Empty where nothing new is lost. */
  readonly lows: ReadonlyMap<number, number>
  /** The INBOX sequence up to which the inputs of a partition are read again. */
  readonly upTo: ReadonlyMap<number, number>
  /** Stores that a partition has read them all. */
  complete(partition: number): Promise<void>
}

/** The sequence of REMOVED up to which a partition has decided lost inputs again. */
const decidedIn = (kv: KV, partition: number) => typedKey(kv, `removed.decided.${partition}`, z.int().nonnegative())

/** Stores that a partition has nothing to decide again for ranges up to a revision of REMOVED. */
export const markDecided = (kv: KV, partition: number, revision: number): Promise<void> => decidedIn(kv, partition).put(revision)

/** @param known the INBOX sequence up to which the last record of each partition shows its inputs as resolved */
export async function findLostInputs(
  { jetstream, kv, log }: { jetstream: JetStreamContext; kv: KV; log: Logger },
  { ranges, revision }: Removed,
  known: ReadonlyMap<number, number>,
): Promise<LostInputs> {
  const lows = new Map<number, number>()
  const lost = ranges.filter(({ reason }) => reason === 'lost')
  for (const partition of lost.length === 0 ? [] : known.keys()) {
    const decided = (await decidedIn(kv, partition).get())?.value ?? 0
    const [first] = lost.filter((range) => range.revision > decided)
    // The earliest range has the lowest resume point.
    if (first !== undefined) lows.set(partition, first.from)
  }
  for (const from of new Set(lows.values())) {
    const before = await lowsBefore(jetstream, from)
    for (const [partition, seq] of lows)
      if (seq === from) lows.set(partition, Math.min(before.get(partition) ?? 0, known.get(partition) ?? 0))
  }
  if (lows.size > 0) {
    log.warn(
      { partitions: lows.size, from: Math.min(...lows.values()) },
      'LOG lost records inside; reading again from INBOX what they may have decided: inputs of later records are recognised as repeats',
    )
  }
  return {
    lows,
    upTo: new Map([...lows.keys()].map((partition) => [partition, known.get(partition) ?? 0])),
    complete: (partition) => markDecided(kv, partition, revision),
  }
}

/**
 * Records before a range that are read for the resume points of partitions. A partition without one among them reads INBOX from its start.
 */
const RECORDS_MAX = 2_000

/** The `low` of the last record of each partition before a LOG sequence. */
async function lowsBefore(jetstream: JetStreamContext, seq: number): Promise<ReadonlyMap<number, number>> {
  const lows = new Map<number, number>()
  if (seq <= 1) return lows
  const parse = await logParser(jetstream)
  const startSeq = Math.max(1, seq - RECORDS_MAX)
  const reader = await openReader(jetstream, { stream: 'LOG', filterSubjects: [], startSeq, to: seq - 1, messagesMax: RECORDS_MAX })
  for await (const message of reader) {
    const { partition, record } = parse(message)
    if (record !== undefined) lows.set(partition, record.low)
  }
  return lows
}
