import type { Logger } from 'pino'
import type { StreamName } from '../../schemas/subjects.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { findResumePosition, type StreamPosition } from './position-history.ts'
import { holeAround, loadRemoved, recordLost, type Removed, type RemovedDeps } from './removed.ts'

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
  const isRemoved = async (seq: number): Promise<boolean> => removed.has(seq) || (await isUnreadable(deps, seq))
  const { position, truncated } = await findResumePosition(deps.jetstream.jsm, 'LOG', history, isRemoved)
  const hadSeq = history[0]?.seq ?? 0
  return {
    position: position?.seq ?? 0,
    history: position === undefined ? [] : history.slice(history.indexOf(position)),
    // A reader without a position lost nothing.
    truncated: truncated && hadSeq > 0,
    hadSeq,
  }
}

/** Finds a message that the server counts and cannot read, and stores it as lost. */
async function isUnreadable(deps: ResumeDeps, seq: number): Promise<boolean> {
  const hole = await holeAround(deps.jetstream, seq)
  if (hole === undefined) return false
  await recordLost(deps, [hole])
  return true
}

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
    `the ${reader} had read up to sequence ${had} and resumes at ${goesOnAt}, the last position that LOG still has; ${remedy}`,
  )
}
