import { JetStreamApiError } from '@nats-io/jetstream'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { FILLER, inputSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { JS_CODE } from '../jetstream/publisher.ts'
import { reportTruncation } from '../jetstream/resume-reading.ts'
import { reportLostInputs } from './trim-mark.ts'
import { streamInfo } from '../jetstream/stream-info.ts'

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
const REUSED_KEY = 'inbox.reused'

/** Filler messages under way at one time. */
const FILLERS_PENDING_MAX = 1_000

/**
 * Finds where each partition goes on: after the `low` of the last record on `log.<p>.>`, read from the stream's leader. There is
 * no other checkpoint of a host. If INBOX lost its tail (a power failure, an older copy put back), its sequence is first moved
 * on to where the log knows it to have been, by messages that hosts pass over.
 */
export async function resume(deps: ResumeDeps, partitions: readonly number[]): Promise<Resume> {
  const lasts = await Promise.all(partitions.map((partition) => lastRecord(deps.jetstream, partition)))
  const lows = new Map(partitions.map((partition, index) => [partition, lasts[index]?.low ?? 0]))
  const known = Math.max(0, ...lows.values())
  const lastTs = lasts.reduce((latest, record) => (record !== null && record.inbox.ts > latest ? record.inbox.ts : latest), '')
  await reportLostInputs(deps)
  const reused = await repairInbox(deps, known, lastTs)
  const startSeq = Math.min(...lows.values()) + 1
  return {
    lows,
    startSeq: reused === undefined ? startSeq : Math.min(startSeq, reused.from),
    isResolved: (partition, seq) =>
      seq <= (lows.get(partition) ?? 0) && !(reused !== undefined && seq >= reused.from && seq <= reused.to),
  }
}

async function lastRecord({ jsm }: JetStreamContext, partition: number): Promise<LogRecord | null> {
  const message = await jsm.streams.getMessage('LOG', { last_by_subj: `log.${partition}.>` })
  return message === null ? null : message.json<LogRecord>()
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

  reportTruncation({ log, metrics }, 'INBOX', { from, known },
    `sequences ${from} to ${known} are gone, and their effects are in LOG; the host moves INBOX's sequence on`)
  const reused = await saveReusedRange(kv, { from, to: known })
  for (;;) {
    // Other workers that found the same may fill it as well, and producers do.
    const missing = known - (await streamInfo(jetstream.jsm, 'INBOX')).state.last_seq
    if (missing <= 0) return reused
    await fill(jetstream, Math.min(FILLERS_PENDING_MAX, missing))
  }
}

async function loadReusedRange(kv: KV, firstSeq: number): Promise<Reused | undefined> {
  const entry = await kv.get(REUSED_KEY)
  if (entry === null || entry.operation !== 'PUT') return undefined
  const reused = reusedSchema.parse(entry.json())
  if (firstSeq <= reused.to) return reused
  // Unless another worker noted a newer loss meanwhile.
  await kv.delete(REUSED_KEY, { previousSeq: entry.revision }).catch(ignoreOther)
  return undefined
}

/**
 * Widens what is noted. Workers that find a loss at the same time each know the records of their own partitions only: what one noted
 * must not be taken back by another. Reading too much again is harmless.
 */
async function saveReusedRange(kv: KV, found: Reused): Promise<Reused> {
  for (;;) {
    const entry = await kv.get(REUSED_KEY)
    const before = entry === null || entry.operation !== 'PUT' ? undefined : reusedSchema.parse(entry.json())
    const reused = { from: Math.min(found.from, before?.from ?? found.from), to: Math.max(found.to, before?.to ?? found.to) }
    if (await putAt(kv, JSON.stringify(reused), entry?.revision ?? 0)) return reused
  }
}

/** False where another worker was first. */
const putAt = (kv: KV, value: string, revision: number): Promise<boolean> =>
  kv.put(REUSED_KEY, value, { previousSeq: revision }).then(() => true, (error: unknown) => {
    ignoreOther(error)
    return false
  })

function ignoreOther(error: unknown): void {
  if (!(error instanceof JetStreamApiError) || error.code !== JS_CODE.wrongLastSequence) throw error
}

async function fill(jetstream: JetStreamContext, count: number): Promise<void> {
  const results = await Promise.all(Array.from({ length: count }, () => jetstream.publisher.publish(inputSubject(FILLER), '{}')))
  for (const result of results) {
    if (!result.ok) throw new ColloquyError('heal_failed', `INBOX refused a filler (${result.code}: ${result.description})`)
  }
}
