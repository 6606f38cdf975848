import { setTimeout as delay } from 'node:timers/promises'
import type { StreamName } from '../../schemas/subjects.ts'

/** How far a stage is. */
export interface StageProgress {
  /** The last sequence of what it reads that is wholly done. */
  readonly position: number
  /** Messages that are still to be done. */
  readonly lag: number
}

/** The same, where a stage is shared out by partition. */
export interface PartitionedProgress extends StageProgress {
  /** Those that it has; none: it stands by for others. Absent: the stage is not shared out. */
  readonly partitions?: readonly number[] | undefined
}

type PartitionPosition = Pick<PartitionedProgress, 'position' | 'partitions'>

export const NOTHING_DONE: StageProgress = { position: 0, lag: 0 }

export const isCaughtUp = ({ lag }: StageProgress): boolean => lag === 0

/** Progress towards a position, for one who needs no more than that done. */
export const progressTo = (target: number, position: number): StageProgress => ({ position, lag: Math.max(0, target - position) })

/** Those that have something to do: one that stands by is not behind. */
export const working = <Member extends Pick<PartitionedProgress, 'partitions'>>(members: readonly Member[]): Member[] =>
  members.filter(({ partitions }) => partitions?.length !== 0)

/** Several that do one work side by side, in runs or processes, are as far as the last of them; 0 without any. */
export function lowestPosition(members: readonly PartitionPosition[]): number {
  const all = working(members)
  return all.length === 0 ? 0 : Math.min(...all.map(({ position }) => position))
}

/** The progress of several that do one work side by side; `NOTHING_DONE` without any. */
export function combineProgress(members: readonly PartitionedProgress[]): StageProgress {
  return {
    position: lowestPosition(members),
    // Each reads the whole stream, and counts the messages of others too.
    lag: Math.max(0, ...working(members).map(({ lag }) => lag)),
  }
}

export const partitionsOwned = (members: readonly Pick<PartitionedProgress, 'partitions'>[]): number =>
  members.reduce((sum, { partitions }) => sum + (partitions?.length ?? 0), 0)

/** How far the furthest is that has a partition; `undefined` where none has it. */
export function positionOfPartition(members: readonly PartitionPosition[], partition: number): number | undefined {
  const owners = members.filter(({ partitions }) => partitions?.includes(partition) === true)
  return owners.length === 0 ? undefined : Math.max(...owners.map(({ position }) => position))
}

/** The stream that each stage works off; of others a stream says nothing. */
const STAGE_STREAMS: Readonly<Record<string, StreamName>> = { host: 'INBOX', dispatch: 'LOG', project: 'LOG', embed: 'LOG', tasks: 'TASKS' }
export const streamOfStage = (stage: string): StreamName | undefined => STAGE_STREAMS[stage]

/** A stream's extent, as its server says. */
export interface StreamExtent {
  readonly messages: number
  readonly first_seq: number
  readonly last_seq: number
}

/** What a stage's stream still has for it: the stage may not have heard of the newest messages yet. */
export function lagInStream(stream: StreamName, { messages, first_seq: first, last_seq: last }: StreamExtent, position: number): number {
  // A task is in TASKS until its outcome is stored: nothing is left there but what is still to be done.
  if (stream === 'TASKS') return messages
  return messages === 0 ? 0 : Math.max(0, last - Math.max(position, first - 1))
}

/** A stage's progress by its own word and by what its stream has, whichever is further behind. */
export function progressInStream<Progress extends StageProgress>(
  stage: string,
  progress: Progress,
  extentOf: (stream: StreamName) => StreamExtent,
): Progress {
  const stream = streamOfStage(stage)
  if (stream === undefined) return progress
  return { ...progress, lag: Math.max(progress.lag, lagInStream(stream, extentOf(stream), progress.position)) }
}

/** One look at stages that are waited for. */
export interface ProgressReading {
  readonly isCaughtUp: boolean
  /** Differs from one reading to the next where any message came in between. Absent: one reading is enough. */
  readonly marks?: string
}

export interface CaughtUpOptions {
  /** Between two readings. */
  readonly everyMs: number
  /** Default: no end. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/**
 * Reads until everything is caught up: twice in a row, with no message anywhere in between.
 *
 * @returns the last reading; not caught up where the time is over.
 * @throws AbortError by the signal, and what `read` throws.
 */
export async function pollUntilCaughtUp<Reading extends ProgressReading>(
  read: () => Promise<Reading>,
  { everyMs, timeoutMs = Infinity, signal }: CaughtUpOptions,
): Promise<Reading> {
  const begunMs = performance.now()
  for (let before: string | undefined; ; await delay(everyMs, undefined, { signal })) {
    const reading = await read()
    if (reading.isCaughtUp && (reading.marks === undefined || reading.marks === before)) return reading
    before = reading.isCaughtUp ? reading.marks : undefined
    if (performance.now() - begunMs > timeoutMs) return { ...reading, isCaughtUp: false }
  }
}
