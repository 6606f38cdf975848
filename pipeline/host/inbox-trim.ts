import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { messageOf } from '../../schemas/errors.ts'
import type { Share } from '../cluster/registry.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { removeDecidedInputs, removeSourced } from '../jetstream/removal.ts'
import { newestSourced, SOURCED_STREAMS, sourcedAt } from '../jetstream/sourcing.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import type { StageRun } from '../runtime/stage.ts'
import { lowestPosition, working } from '../runtime/stage-progress.ts'
import { saveTrimMark } from './trim-mark.ts'

export interface TrimOptions {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  /** The progress that the members reported last for their partitions of a workload. */
  readonly shares: (work: string) => readonly Share[]
  readonly partitionCount: number
  /** Interval of the trims. */
  readonly everyMs: number
  /**
   * How long resolved inputs stay in INBOX: longer than the server may delay fsync, so that they are still there if LOG loses the records
   * that resolved them.
   */
  readonly keepMs: number
  readonly log: Logger
}

interface Note {
  readonly at: number
  readonly inboxSeq: number
  readonly logSeq: number
}

/** The INBOX sequence at which INBOX had sourced a message of another stream. */
interface Mark {
  readonly seq: number
  readonly inboxSeq: number
}

/** Max marks in memory; while the dispatcher is away the oldest ones are enough. */
const NOTES_MAX = 100
/** Above this share of its size INBOX is trimmed without the delay: refusing producers would be worse. */
const FULL_SHARE = 0.5
/**
 * Trims INBOX, and the streams that it sources from, up to what is resolved by records that are dispatched too: the dispatcher reads the
 * payload of a dead letter from INBOX. The owners of the partitions report both positions. One member trims for all.
 */
export async function startInboxTrim(options: TrimOptions): Promise<StageRun> {
  const { jetstream, kv, shares, partitionCount, everyMs, keepMs, log } = options
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  let notes: Note[] = []
  /** By stream, oldest first. */
  const marks = new Map<string, Mark[]>()
  let trimmed = 0

  const note = (): void => {
    const resolved = together(shares('host'), partitionCount)
    if (resolved === undefined || notes.at(-1)?.inboxSeq === resolved.position || notes.length === NOTES_MAX) return
    notes.push({ at: performance.now(), inboxSeq: resolved.position, logSeq: resolved.logSeq })
  }
  const mark = async (): Promise<void> => {
    await Promise.all(
      SOURCED_STREAMS.map(async (one) => {
        const [newest, kept] = [await newestSourced(jetstream, one), marks.get(one.stream) ?? []]
        if (newest === undefined || kept.at(-1)?.seq === newest.seq) return
        const inboxSeq = await sourcedAt(jetstream, one, newest)
        // Always keeps the newest mark: if INBOX loses that message, the other stream must still have it.
        if (inboxSeq !== undefined) marks.set(one.stream, [...kept.slice(0, NOTES_MAX - 1), { seq: newest.seq, inboxSeq }])
      }),
    )
  }
  const trim = async (): Promise<void> => {
    note()
    await mark()
    const { state, config } = await streamInfo(jetstream.jsm, 'INBOX')
    const isFull = config.max_bytes > 0 && state.bytes > config.max_bytes * FULL_SHARE
    const oldest = isFull ? Infinity : performance.now() - keepMs
    const dispatched = together(shares('dispatch'), partitionCount)?.position ?? 0
    // A host that decides the inputs of lost records again reads from an earlier position.
    const resolved = together(shares('host'), partitionCount)?.position ?? 0
    const due = notes.findLast((one) => one.at <= oldest && one.logSeq <= dispatched && one.inboxSeq <= resolved)
    if (due === undefined) return
    notes = notes.filter((one) => one.at > due.at)
    await saveTrimMark(jetstream, kv, due)
    // INBOX last: its messages tell how far it has sourced the other streams.
    for (const sourced of SOURCED_STREAMS) {
      const { stream } = sourced
      const kept = marks.get(stream) ?? []
      const takenOver = kept.findLast(({ inboxSeq }) => inboxSeq <= due.inboxSeq)
      if (takenOver === undefined) continue
      await removeSourced(jetstream.jsm, sourced, takenOver.seq)
      marks.set(
        stream,
        kept.filter(({ seq }) => seq > takenOver.seq),
      )
    }
    await removeDecidedInputs(jetstream.jsm, due.inboxSeq)
    trimmed = due.inboxSeq
  }
  const timer = setInterval(() => {
    trim().catch((error: unknown) => log.debug({ err: messageOf(error) }, 'could not trim INBOX; retrying'))
  }, everyMs)
  return {
    ended,
    progress: () => ({ position: trimmed, lag: 0 }),
    async stop() {
      clearInterval(timer)
      end()
    },
  }
}

/** The progress of all partitions together; `undefined` while a partition has no owner, or two. */
function together(shares: readonly Share[], partitionCount: number): Omit<Share, 'partitions'> | undefined {
  const owned = shares.flatMap(({ partitions }) => partitions)
  if (owned.length !== partitionCount || new Set(owned).size !== partitionCount) return undefined
  return { position: lowestPosition(shares), logSeq: Math.max(...working(shares).map(({ logSeq }) => logSeq)) }
}
