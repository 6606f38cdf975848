import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import { ColloquyError, hasCode } from '../../schemas/errors.ts'
import { FILLER, inputSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { lastRecord, type StoredRecord } from '../jetstream/last-record.ts'
import { loadRemoved, type Removed } from '../jetstream/removed.ts'
import { reportTruncation } from '../jetstream/resume-reading.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { typedKey } from '../jetstream/typed-kv.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { findLostInputs, type LostInputs } from './lost-inputs.ts'
import { reportLostInputs } from './trim-mark.ts'

export interface InboxResumeDeps {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly log: Logger
  readonly metrics: Metrics
  /** Gives up a partition whose last record is of a newer form than this host reads. */
  readonly yieldPartition: (partition: number) => Promise<void>
}

/** Where the owner of partitions resumes reading INBOX. */
export interface InboxResumePoint {
  /** By partition: all sequences up to it are resolved, except reused ones. */
  readonly lows: ReadonlyMap<number, number>
  readonly startSeq: number
  /** Whether the log shows that a message is resolved. */
  isResolved(partition: number, seq: number): boolean
  readonly removed: Removed
  /** Inputs that are read again, because the records that decided them may be lost. */
  readonly lost: LostInputs
}

/**
 * Sequences that a truncated INBOX gave out twice: records call them resolved and mean the lost messages. The host reads the messages that
 * hold them now; an actor recognises a message that it has handled by its time.
 */
const reusedSchema = z.object({ from: z.int().positive(), to: z.int().positive() })
type Reused = z.infer<typeof reusedSchema>
const reusedIn = (kv: KV) => typedKey(kv, 'inbox.reused', reusedSchema)

/** Max filler messages in flight. */
const FILLERS_PENDING_MAX = 1_000

/**
 * Finds where each partition resumes: after the `low` of the last record on `log.<p>.>`, read from the stream's leader. A host has no other
 * checkpoint. If INBOX was truncated (a power failure, an older copy restored), filler messages that hosts skip first move its sequence to
 * where the log proves it to have been.
 */
export async function findInboxResumePoint(deps: InboxResumeDeps, partitions: readonly number[]): Promise<InboxResumePoint> {
  const lasts = await Promise.all(partitions.map((partition) => lastRecordOf(deps, partition)))
  const lows = new Map(partitions.map((partition, index) => [partition, lasts[index]?.record.low ?? 0]))
  const known = Math.max(0, ...lows.values())
  const lastTs = lasts.reduce((latest, last) => (last !== undefined && last.record.inbox.ts > latest ? last.record.inbox.ts : latest), '')
  const removed = await loadRemoved(deps)
  await reportLostInputs(deps, removed)
  const reused = await repairInbox(deps, known, lastTs)
  const lost = await findLostInputs(deps, removed, lows)
  for (const [partition, low] of lost.lows) lows.set(partition, low)
  const startSeq = Math.min(...lows.values()) + 1
  return {
    lows,
    removed,
    lost,
    startSeq: reused === undefined ? startSeq : Math.min(startSeq, reused.from),
    isResolved: (partition, seq) => seq <= (lows.get(partition) ?? 0) && !(reused !== undefined && seq >= reused.from && seq <= reused.to),
  }
}

/** A host that cannot read the last record leaves the partition to newer ones; the other partitions get a new start. */
async function lastRecordOf({ jetstream, yieldPartition, log }: InboxResumeDeps, partition: number): Promise<StoredRecord | undefined> {
  try {
    return await lastRecord(jetstream, `log.${partition}.>`)
  } catch (error) {
    if (hasCode(error, 'newer_record')) {
      yieldPartition(partition).catch((failure: unknown) => log.warn({ err: failure }, 'could not give up a partition in order'))
    }
    throw error
  }
}

/**
 * INBOX was truncated if the first message that it stored after the last recorded input has a sequence that the log shows as resolved: no
 * record's `low` is above its own input.
 */
async function repairInbox(deps: InboxResumeDeps, known: number, lastTs: string): Promise<Reused | undefined> {
  const { jetstream, kv, log, metrics } = deps
  const { state } = await streamInfo(jetstream.jsm, 'INBOX')
  const before = await loadReusedRange(kv, state.first_seq)
  if (lastTs === '') return before
  const after = await jetstream.jsm.direct.getMessage('INBOX', { start_time: new Date(Date.parse(lastTs) + 1) })
  // A message that is later than the last one was stored while the server's clock was ahead, and proves nothing.
  const isProof = after !== null && after.time.toISOString() > lastTs && after.time.getTime() <= Date.parse(state.last_ts)
  const from = isProof ? after.seq : state.last_seq + 1
  if (from > known) return before

  reportTruncation(
    { log, metrics },
    'INBOX',
    { from, known },
    `sequences ${from} to ${known} are gone, and their effects are in LOG; the host moves INBOX's sequence on`,
  )
  const reused = await saveReusedRange(kv, { from, to: known })
  for (;;) {
    // Other workers may detect the same and fill it too, and producers publish meanwhile.
    const missing = known - (await streamInfo(jetstream.jsm, 'INBOX')).state.last_seq
    if (missing <= 0) return reused
    await fill(jetstream, Math.min(FILLERS_PENDING_MAX, missing))
  }
}

async function loadReusedRange(kv: KV, firstSeq: number): Promise<Reused | undefined> {
  const noted = await reusedIn(kv).get()
  if (noted === undefined || firstSeq <= noted.value.to) return noted?.value
  // Unless another worker has stored a newer loss meanwhile.
  await reusedIn(kv).deleteAt(noted.revision)
  return undefined
}

/**
 * Widens the stored range. Workers that detect a loss at the same time each know the records of their own partitions only, so none may
 * shrink the range of another. Reading too much again is harmless.
 */
async function saveReusedRange(kv: KV, found: Reused): Promise<Reused> {
  for (;;) {
    const before = await reusedIn(kv).get()
    const { from = found.from, to = found.to } = before?.value ?? {}
    const reused = { from: Math.min(found.from, from), to: Math.max(found.to, to) }
    if ((await reusedIn(kv).compareAndSet(reused, before?.revision)) !== undefined) return reused
  }
}

async function fill(jetstream: JetStreamContext, count: number): Promise<void> {
  const results = await Promise.all(Array.from({ length: count }, () => jetstream.publisher.publish(inputSubject(FILLER), '{}')))
  for (const result of results) {
    if (!result.ok) throw new ColloquyError('heal_failed', `INBOX refused a filler (${result.code}: ${result.description})`)
  }
}
