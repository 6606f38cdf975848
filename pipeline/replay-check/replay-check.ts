import { LRUCache } from 'lru-cache'
import { type Actor, actorAfter, newActor } from '../../actors/core/actor.ts'
import { replayRecord } from '../../actors/core/replay.ts'
import type { Kinds } from '../../actors/definition/define-kind.ts'
import type { LogRecord } from '../../schemas/record.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { findRecord } from '../jetstream/last-record.ts'
import { logParser } from '../jetstream/log-message.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { type CallSlot, unwatchedSlot } from '../watchdog/call-slot.ts'
import { runKindCode } from '../watchdog/kind-code.ts'
import { type Cause, createCauses, type Found } from './deviation-causes.ts'
import { isSelected, passesOf, readPass, type Selection } from './log-passes.ts'

/** Options of `checkLog`. */
export interface CheckOptions extends Selection {
  readonly jetstream: JetStreamContext
  readonly kinds: Kinds
  /**
   * `each` repeats every recorded decision on the recorded state before it, as a deployment does with the next input; it finds each cause
   * separately. `fold` replays the inputs of an actor from the first one, each on the state that today's machine has reached; it finds
   * deviations that need many inputs, and stops at the first deviation of an actor.
   */
  readonly mode: 'each' | 'fold'
  /** Shows the decision that is repeated to a watchdog. Absent: nothing watches, and a decision without an end never returns. */
  readonly calls?: CallSlot
  /** Max memory for actors between their records; the state of an evicted actor is read from LOG again. */
  readonly memoryBytesMax: number
  /** Whether differences with a cause are meant; they are reported, and their actors do not count as differing. Default: none is. */
  readonly isAccepted?: (cause: string) => boolean
  /** Called for the first deviation of each actor and cause. */
  readonly onFound: (found: Found) => void
  /** Called after every record. */
  readonly onProgress: (progress: CheckProgress) => void
}

/** Progress of a replay check. */
export interface CheckProgress {
  /** Share of the records that are checked, 0 to 1. */
  readonly share: number
  readonly records: number
  readonly differing: number
}

/** The result of a replay check. */
export interface CheckSummary {
  /** Last LOG sequence that was checked: the end of LOG at the start. */
  readonly upToSeq: number
  readonly actors: number
  readonly records: number
  /** Records that were not replayed: they do not involve a kind, such as those of bad JSON, or they do not have the whole message. */
  readonly skipped: number
  /** Actors with at least one deviation that is not accepted. */
  readonly differing: number
  readonly causes: readonly Cause[]
}

/** The state of an actor between two of its records. */
interface Kept {
  /** As recorded in the mode `each`, as replayed in `fold`. */
  readonly actor: Actor
  readonly n: number
  /** Mode `fold`: the actor has deviated, and later deviations may follow from the first. */
  readonly hasDeviated: boolean
}

/** Estimated memory of a kept actor, in multiples of the bytes of its record in LOG. */
const MEMORY_PER_BYTE = 3

/**
 * Replays recorded histories with today's kinds and reports deviations. It only reads LOG, up to its end at the start, and may run beside a
 * live system. Memory is bounded: it reads a large LOG by partition and evicts actors.
 */
export async function checkLog(options: CheckOptions): Promise<CheckSummary> {
  const { jetstream, kinds, mode, calls = unwatchedSlot(), isAccepted = () => false, onFound, onProgress } = options
  const upToSeq = (await streamInfo(jetstream.jsm, 'LOG')).state.last_seq
  const parse = await logParser(jetstream)
  const passes = await passesOf(jetstream, options)
  const causes = createCauses()
  const counts = { actors: 0, records: 0, skipped: 0, differing: 0 }

  for (const [index, pass] of passes.entries()) {
    const kept = new LRUCache<string, Kept>({ maxSize: options.memoryBytesMax })
    const differing = new Set<string>()
    let read = 0
    for await (const message of readPass(jetstream, pass, upToSeq)) {
      const entry = parse(message)
      const { address, seq } = entry
      if (!isSelected(options, address.tenant)) continue
      const record = entry.whole()
      if (record === undefined) {
        counts.skipped++
        continue
      }
      const { subject } = message
      const before = kept.get(subject) ?? (await keptBefore(options, address, subject, seq, record))
      const decision = { seq: record.inbox.seq, storedMs: Date.parse(record.inbox.ts), subject, isSuspect: false }
      calls.enter(decision)
      const isKnown = before?.n === record.n - 1 && !before.hasDeviated
      const replayed = isKnown ? runKindCode(decision, replayRecord, kinds, before.actor, record) : undefined
      calls.leave()
      if (replayed === undefined || replayed.kind === 'skipped') counts.skipped++
      if (replayed?.kind === 'differs') {
        const found = { address, n: record.n, seq, ...replayed.deviation }
        if (!isAccepted(found.cause)) differing.add(subject)
        if (causes.add(found)) onFound(found)
      }
      const after: Kept = {
        n: record.n,
        actor: mode === 'each' || replayed === undefined ? actorAfter(address, record) : replayed.next,
        hasDeviated: mode === 'fold' && (replayed?.kind === 'differs' || before?.hasDeviated === true),
      }
      kept.set(subject, after, { size: message.data.length * MEMORY_PER_BYTE })
      if (record.n === 1) counts.actors++
      counts.records++
      read++
      onProgress({
        share: (index + read / (read + message.info.pending)) / passes.length,
        records: counts.records,
        differing: counts.differing + differing.size,
      })
    }
    counts.differing += differing.size
    causes.endPass()
  }
  return { upToSeq, ...counts, causes: causes.all() }
}

/** Reads the state of an actor before a record from LOG; `undefined` if LOG does not have it. */
async function keptBefore(
  { jetstream, kinds, mode }: CheckOptions,
  address: Address,
  subject: string,
  seq: number,
  record: LogRecord,
): Promise<Kept | undefined> {
  if (record.n === 1) return { n: 0, actor: newActor(address), hasDeviated: false }
  if (mode === 'each') {
    const found = await findRecord(jetstream, subject, { seq, record }, ({ n }) => n - (record.n - 1))
    return found && { n: found.record.n, actor: actorAfter(address, found.record), hasDeviated: false }
  }
  let kept: Kept = { n: 0, actor: newActor(address), hasDeviated: false }
  const parse = await logParser(jetstream)
  for await (const message of readPass(jetstream, { filterSubjects: [subject] }, seq - 1)) {
    const earlier = parse(message).whole()
    if (earlier === undefined) continue
    const replayed = kept.hasDeviated ? undefined : replayRecord(kinds, kept.actor, earlier)
    kept = { n: earlier.n, actor: replayed?.next ?? kept.actor, hasDeviated: kept.hasDeviated || replayed?.kind === 'differs' }
  }
  return kept
}
