import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import type { Logger } from 'pino'
import type { Message } from '../../actors/core/decision.ts'
import { mayHaveForgotten, remembersSource } from '../../actors/core/deduplication.ts'
import type { Input } from '../../schemas/envelope.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { logParser } from '../jetstream/log-message.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { createEventLoopTurns } from '../runtime/event-loop-turns.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import type { CachedActor } from './actor-cache.ts'

/**
 * Tells repeated messages between actors where neither SENT nor the receiver's memory does: SENT knows an id for its duplicate window, and
 * an actor knows its last senders. A message that comes later than the window, from a sender that the receiver may have forgotten, is
 * looked up among the receiver's records since it was sent.
 */
export interface LateSends {
  /**
   * Whether LOG has a record of this message, or of a later one of its sender, at its receiver. Asks LOG for few messages only.
   *
   * @param input the message, as it would be recorded
   */
  isRecorded(
    receiver: CachedActor,
    message: Pick<Message, 'resolution'> & { readonly storedMs: number },
    logSubject: string,
    input: Input,
  ): Promise<boolean>
}

/** Share of the duplicate window after which a message may be one that SENT did not recognise: clocks differ. */
const WINDOW_SHARE = 0.75
/** How far the clocks of a host and of nats-server may be apart. */
const SKEW_MS = 60_000
/** Records of a receiver that are read for a message, and senders kept of it. With more records since, the message counts as new. */
const RECORDS_MAX = 20_000
/** Receivers whose senders are kept, so that the next late message reads only the records since. They take at most some 25 MB. */
const RECEIVERS_MAX = 8
const LOOKUPS_MAX = 4
const FETCH_MAX = 512
const TURN_MS_MAX = 5
const NANOS_PER_MS = 1_000_000

/** The senders in the records of a receiver between a time and a LOG sequence, each with its highest `sequence`. */
interface Senders {
  readonly sinceMs: number
  readonly sequences: Map<string, number>
  upTo: number
}

/** @param recordsMax default 20,000 */
export async function createLateSends(jetstream: JetStreamContext, log: Logger, recordsMax = RECORDS_MAX): Promise<LateSends> {
  const { config } = await streamInfo(jetstream.jsm, 'SENT')
  const lateMs = (config.duplicate_window / NANOS_PER_MS) * WINDOW_SHARE
  const parse = await logParser(jetstream)
  const known = new LRUCache<string, Senders>({ max: RECEIVERS_MAX })
  const lookups = pLimit(LOOKUPS_MAX)
  const inTurns = createEventLoopTurns(TURN_MS_MAX)

  /** Reads the records after `upTo` into the senders. False where there are too many. */
  const readTo = async (subject: string, senders: Senders, to: number): Promise<boolean> => {
    if (senders.upTo >= to) return true
    const reader = await openReader(jetstream, {
      stream: 'LOG',
      filterSubjects: [subject],
      startSeq: senders.upTo + 1,
      to,
      messagesMax: FETCH_MAX,
    })
    if (reader.pending + senders.sequences.size > recordsMax) {
      reader.stop()
      return false
    }
    for await (const message of reader) {
      const { source = '', sequence = -1 } = parse(message).record?.input ?? {}
      if (sequence > (senders.sequences.get(source) ?? -1)) senders.sequences.set(source, sequence)
      await inTurns()
    }
    senders.upTo = to
    return true
  }
  const sendersSince = async (subject: string, sinceMs: number, to: number): Promise<Senders | undefined> => {
    const before = known.get(subject)
    if (before !== undefined && before.sinceMs <= sinceMs && (await readTo(subject, before, to))) return before
    known.delete(subject)
    const first = await jetstream.jsm.direct.getMessage('LOG', { start_time: new Date(sinceMs).toISOString() })
    const senders: Senders = { sinceMs, sequences: new Map(), upTo: first === null ? to : first.seq - 1 }
    if (!(await readTo(subject, senders, to))) return undefined
    known.set(subject, senders)
    return senders
  }

  return {
    async isRecorded({ actor: { dedupState }, lastSeq }, { resolution, storedMs }, subject, { source, sequence, time }) {
      if (resolution !== undefined || sequence === undefined) return false
      if (!mayHaveForgotten(dedupState) || remembersSource(dedupState, source)) return false
      const sentMs = Date.parse(time)
      if (storedMs - sentMs < lateMs) return false
      const senders = await lookups(() => sendersSince(subject, sentMs - SKEW_MS, lastSeq))
      if (senders === undefined) {
        rateLimitedWarn(
          log,
          { subject, source, recordsMax },
          'a message between actors came too late to tell whether it is a repeat; taking it as new',
        )
        return false
      }
      return sequence <= (senders.sequences.get(source) ?? -1)
    },
  }
}
