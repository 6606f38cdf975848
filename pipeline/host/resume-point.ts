import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import { FILLER, inputSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { lastRecord } from '../jetstream/last-record.ts'
import { reportTruncation } from '../jetstream/resume-reading.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { typedKey } from '../jetstream/typed-kv.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { reportLostInputs } from './trim-mark.ts'

export interface ResumeDeps {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly log: Logger
  readonly metrics: Metrics
}

/** Where an owner of partitions goes on reading INBOX. */
export interface Resume {
  /** By partition: all sequences up to it are resolved, but for those that were given out again. */
  readonly lows: ReadonlyMap<number, number>
  readonly startSeq: number
  /** Whether a message is resolved already, by all that the log says. */
  isResolved(partition: number, seq: number): boolean
}

/**
 * Sequences that INBOX gave out twice, because its server lost its last messages: records call them resolved, and mean
 * messages that are gone. What INBOX holds there now is read again; an actor recognises what it has handled by its time.
 */
const reusedSchema = z.object({ from: z.int().positive(), to: z.int().positive() })
type Reused = z.infer<typeof reusedSchema>
const reusedIn = (kv: KV) => typedKey(kv, 'inbox.reused', reusedSchema)

/** Filler messages under way at one time. */
const FILLERS_PENDING_MAX = 1_000

/**
 * Finds where each partition goes on: after the `low` of the last record on `log.<p>.>`, read from the stream's leader. There is
 * no other checkpoint of a host. If INBOX lost its tail (a power failure, an older copy put back), its sequence is first moved
 * on to where the log knows it to have been, by messages that hosts pass over.
 */
export async function resume(deps: ResumeDeps, partitions: readonly number[]): Promise<Resume> {
  const lasts = await Promise.all(partitions.map((partition) => lastRecord(deps.jetstream, `log.${partition}.>`)))
  const lows = new Map(partitions.map((partition, index) => [partition, lasts[index]?.record.low ?? 0]))
  const known = Math.max(0, ...lows.values())
  const lastTs = lasts.reduce((latest, last) => (last !== undefined && last.record.inbox.ts > latest ? last.record.inbox.ts : latest), '')
  await reportLostInputs(deps)
  const reused = await repairInbox(deps, known, lastTs)
  const startSeq = Math.min(...lows.values()) + 1
  return {
    lows,
    startSeq: reused === undefined ? startSeq : Math.min(startSeq, reused.from),
    isResolved: (partition, seq) => seq <= (lows.get(partition) ?? 0) && !(reused !== undefined && seq >= reused.from && seq <= reused.to),
  }
}

/**
 * INBOX lost its tail if what it stored after the last recorded input begins at a sequence that the log knows to be resolved:
 * no record's `low` is above its own input.
 */
async function repairInbox(deps: ResumeDeps, known: number, lastTs: string): Promise<Reused | undefined> {
  const { jetstream, kv, log, metrics } = deps
  const { state } = await streamInfo(jetstream.jsm, 'INBOX')
  const before = await loadReusedRange(kv, state.first_seq)
  if (lastTs === '') return before
  const after = await jetstream.jsm.direct.getMessage('INBOX', { start_time: new Date(Date.parse(lastTs) + 1) })
  const from = after?.seq ?? state.last_seq + 1
  if (from > known) return before

  reportTruncation(
    { log, metrics },
    'INBOX',
    { from, known },
    `sequences ${from} to ${known} are gone, and their effects are in LOG; the host moves INBOX's sequence on`,
  )
  const reused = await saveReusedRange(kv, { from, to: known })
  for (;;) {
    // Other workers that found the same may fill it as well, and producers do.
    const missing = known - (await streamInfo(jetstream.jsm, 'INBOX')).state.last_seq
    if (missing <= 0) return reused
    await fill(jetstream, Math.min(FILLERS_PENDING_MAX, missing))
  }
}

async function loadReusedRange(kv: KV, firstSeq: number): Promise<Reused | undefined> {
  const noted = await reusedIn(kv).get()
  if (noted === undefined || firstSeq <= noted.value.to) return noted?.value
  // Unless another worker noted a newer loss meanwhile.
  await reusedIn(kv).deleteAt(noted.revision)
  return undefined
}

/**
 * Widens what is noted. Workers that find a loss at the same time each know the records of their own partitions only: what one noted
 * must not be taken back by another. Reading too much again is harmless.
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
