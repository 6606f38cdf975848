import { LRUCache } from 'lru-cache'
import { actorAfter, newActor, type Actor } from '../../actors/core/actor.ts'
import type { Kinds } from '../../actors/definition/define-kind.ts'
import { replayRecord } from '../../actors/core/replay.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { parseLogSubject, type Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { findRecord } from '../jetstream/last-record.ts'
import { createCauses, type Cause, type Found } from './deviation-causes.ts'
import { passesOf, readPass, type Selection } from './log-passes.ts'
import { streamInfo } from '../jetstream/stream-info.ts'

export interface CheckOptions extends Selection {
  readonly jetstream: JetStreamContext
  readonly kinds: Kinds
  /**
   * `each`: every recorded decision is made again on the actor as it was recorded then, which is what a deployment does with the
   * next input; it finds each cause by itself. `fold`: an actor's inputs are replayed from the first on, each on what today's
   * machine made of those before; it finds what only shows after many inputs, and stops at an actor's first difference.
   */
  readonly mode: 'each' | 'fold'
  /** Bytes of LOG whose actors are kept in memory; of others the record before is read again. */
  readonly memoryBytesMax: number
  readonly onFound: (found: Found) => void
  readonly onProgress: (progress: CheckProgress) => void
}

export interface CheckProgress {
  /** 0 to 1. */
  readonly share: number
  readonly records: number
  readonly differing: number
}

export interface CheckSummary {
  /** LOG sequence up to which was read: what it held at the start. */
  readonly upToSeq: number
  readonly actors: number
  readonly records: number
  /** Records that say nothing about a kind (bad JSON, say), or whose message is not wholly recorded. */
  readonly skipped: number
  /** Actors of which a record would differ. */
  readonly differing: number
  readonly causes: readonly Cause[]
}

/** An actor between two of its records: as the mode wants it. */
interface Kept {
  readonly actor: Actor
  readonly n: number
  /** In `fold`: a difference was found, and what comes after may only follow from it. */
  readonly isOver: boolean
}

/** What is kept in memory of a record, in bytes by one of its bytes in LOG. */
const MEMORY_PER_BYTE = 3

/**
 * Replays recorded histories through today's kinds. It reads LOG and nothing else, and may run beside a live system; only what LOG
 * held at the start is looked at. Memory is bounded: a large LOG is read by partition, and of a partition's actors only as
 * many are kept as the bound allows.
 */
export async function checkLog(options: CheckOptions): Promise<CheckSummary> {
  const { jetstream, kinds, mode, onFound, onProgress } = options
  const upToSeq = (await streamInfo(jetstream.jsm, 'LOG')).state.last_seq
  const passes = await passesOf(jetstream, options)
  const causes = createCauses()
  const counts = { actors: 0, records: 0, skipped: 0, differing: 0 }

  for (const [index, pass] of passes.entries()) {
    const kept = new LRUCache<string, Kept>({ maxSize: options.memoryBytesMax })
    const differing = new Set<string>()
    let read = 0
    for await (const message of readPass(jetstream, pass, upToSeq)) {
      const record = message.json<LogRecord>()
      const { subject, seq } = message
      const { address } = parseLogSubject(subject)
      const before = kept.get(subject) ?? await keptBefore(options, address, subject, seq, record)
      const replayed = before?.n === record.n - 1 && !before.isOver ? replayRecord(kinds, before.actor, record) : undefined
      if (replayed === undefined || replayed.kind === 'skipped') counts.skipped++
      if (replayed?.kind === 'differs') {
        const found = { address, n: record.n, seq, ...replayed.deviation }
        differing.add(subject)
        if (causes.add(found)) onFound(found)
      }
      const after: Kept = {
        n: record.n,
        actor: mode === 'each' || replayed === undefined ? actorAfter(address, record) : replayed.next,
        isOver: mode === 'fold' && (replayed?.kind === 'differs' || before?.isOver === true),
      }
      kept.set(subject, after, { size: message.data.length * MEMORY_PER_BYTE })
      if (record.n === 1) counts.actors++
      counts.records++
      read++
      onProgress({ share: (index + read / (read + message.info.pending)) / passes.length, records: counts.records, differing: counts.differing + differing.size })
    }
    counts.differing += differing.size
    causes.endPass()
  }
  return { upToSeq, ...counts, causes: causes.all() }
}

/** The actor before a record, where it is not in memory: it is read from LOG again. `undefined` where LOG does not have it. */
async function keptBefore({ jetstream, kinds, mode }: CheckOptions, address: Address, subject: string, seq: number, record: LogRecord): Promise<Kept | undefined> {
  if (record.n === 1) return { n: 0, actor: newActor(address), isOver: false }
  if (mode === 'each') {
    const found = await findRecord(jetstream, subject, { seq, record }, ({ n }) => n - (record.n - 1))
    return found && { n: found.record.n, actor: actorAfter(address, found.record), isOver: false }
  }
  let kept: Kept = { n: 0, actor: newActor(address), isOver: false }
  for await (const message of readPass(jetstream, { filterSubjects: [subject] }, seq - 1)) {
    const earlier = message.json<LogRecord>()
    const replayed = kept.isOver ? undefined : replayRecord(kinds, kept.actor, earlier)
    kept = { n: earlier.n, actor: replayed?.next ?? kept.actor, isOver: kept.isOver || replayed?.kind === 'differs' }
  }
  return kept
}
