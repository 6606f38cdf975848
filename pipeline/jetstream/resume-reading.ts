import type { JetStreamManager } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import type { StreamName } from '../../schemas/subjects.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { findResumePosition, type StreamPosition, withPosition } from './position-history.ts'
import { loadRemoved, lostInLog, recordLost, type Removed, type RemovedDeps } from './removed.ts'
import { nextOf, streamInfo } from './stream-info.ts'

export interface TruncationReporter {
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'streamsTruncated'>
}

/**
 * Counts and logs a truncated stream. Three places detect one: `resumeReading` for LOG, `stream-truncation.ts` for TASKS, TIMERS and SENT,
 * and `host/resume-point.ts` for INBOX.
 *
 * @param remedy what happens next, as the end of a sentence
 */
export function reportTruncation({ log, metrics }: TruncationReporter, stream: StreamName, fields: object, remedy: string): void {
  metrics.streamsTruncated.inc({ stream })
  log.error({ stream, ...fields }, `${stream} lost its last messages; ${remedy}`)
}

export interface ResumeDeps extends RemovedDeps {
  readonly metrics: Pick<Metrics, 'streamsTruncated' | 'recordsRemoved'>
  /** Names the reader of LOG in the log line. */
  readonly reader: string
  /** The reader's action after a truncation, as the end of a sentence. */
  readonly remedy: string
  /**
   * Whether the reader can undo its work: after a truncation it then resumes at a position that it has stored. Otherwise it resumes at the
   * last message that it has read, by the time at which LOG stored it, and repeats nothing.
   */
  readonly canUndo: boolean
}

/** Where a reader of LOG resumes. */
export interface Resumed {
  /** The last sequence that the reader has read and LOG still holds; 0: it reads from the start. */
  readonly position: number
  /** The part of its history that LOG still holds. */
  readonly history: readonly StreamPosition[]
  /** LOG lost messages that the reader has read: it must undo its work above `position`. */
  readonly truncated: boolean
}

/** Compares a reader's position history with LOG and reports a truncation. The reader only undoes its own work. */
export async function resumeReading(deps: ResumeDeps, history: readonly StreamPosition[]): Promise<Resumed> {
  const resumed = await compare(deps, await loadRemoved(deps), history)
  report(deps, [resumed])
  return resumed
}

/** The same for a reader with one history per partition; a truncation is reported once. */
export async function resumePartitions(
  deps: ResumeDeps,
  histories: ReadonlyMap<number, readonly StreamPosition[]>,
): Promise<ReadonlyMap<number, Resumed>> {
  const removed = await loadRemoved(deps)
  // Partitions that moved together share one history, which is compared once.
  const compared = new Map<string, Compared>()
  const resumed = new Map<number, Compared>()
  for (const [partition, history] of histories) {
    const key = JSON.stringify(history)
    const one = compared.get(key) ?? (await compare(deps, removed, history))
    compared.set(key, one)
    resumed.set(partition, one)
  }
  report(deps, [...resumed.values()])
  return resumed
}

interface Compared extends Resumed {
  /** The last sequence of the history. */
  readonly hadSeq: number
}

async function compare(deps: ResumeDeps, removed: Removed, history: readonly StreamPosition[]): Promise<Compared> {
  const { position, truncated } = await findResumePosition(deps.jetstream.jsm, 'LOG', history, isGone(deps, removed))
  const [newest] = history
  const kept = position === undefined ? [] : history.slice(history.indexOf(position))
  const last =
    truncated && newest !== undefined && !deps.canUndo ? await lastReadBefore(deps.jetstream.jsm, newest, position?.seq ?? 0) : undefined
  const hadSeq = newest?.seq ?? 0
  return {
    position: (last ?? position)?.seq ?? 0,
    history: last === undefined ? kept : withPosition(kept, last),
    // A reader without a position lost nothing.
    truncated: truncated && hadSeq > 0,
    hadSeq,
  }
}

/**
 * The last message of a truncated LOG that was stored no later than a position, and after `low`. All later messages took the place of lost
 * ones. `undefined` if there is none, or if the clock of the server has gone back since: its times prove nothing then.
 */
async function lastReadBefore(
  jsm: JetStreamManager,
  { created, seq, ts }: StreamPosition,
  low: number,
): Promise<StreamPosition | undefined> {
  const info = await streamInfo(jsm, 'LOG')
  if (info.created !== created || !(Date.parse(ts) <= Date.parse(info.ts ?? ''))) return undefined
  let found: StreamPosition | undefined
  // Invariant: what is up to `first` was stored by then, and what is after `last` was not, or is gone.
  for (let [first, last] = [low, Math.min(seq - 1, info.state.last_seq)]; first < last;) {
    const middle = Math.ceil((first + last) / 2)
    const message = await nextOf(jsm, 'LOG', middle, '>')
    const storedAt = message?.time.toISOString()
    if (message !== null && storedAt !== undefined && message.seq <= last && storedAt <= ts) {
      found = { created, seq: message.seq, ts: storedAt }
      first = message.seq
    } else last = middle - 1
  }
  return found
}

/** Tells whether LOG lost the message of a sequence. Stores one that the server counts and cannot read as lost. */
export const isGone = (deps: Pick<RemovedDeps, 'jetstream' | 'log'>, removed: Pick<Removed, 'has'>): ((seq: number) => Promise<boolean>) =>
  lostInLog(deps.jetstream, removed, (hole) => recordLost(deps, [hole]))

function report(deps: ResumeDeps, resumed: readonly Compared[]): void {
  const { reader, remedy } = deps
  const truncated = resumed.filter((one) => one.truncated)
  if (truncated.length === 0) return
  const had = Math.max(...truncated.map(({ hadSeq }) => hadSeq))
  const goesOnAt = Math.min(...truncated.map(({ position }) => position))
  reportTruncation(
    deps,
    'LOG',
    { reader, had, goesOnAt, histories: truncated.length },
    `the ${reader} had read up to sequence ${had} and resumes at ${goesOnAt}, the last position of its own that LOG still has; ${remedy}`,
  )
}
