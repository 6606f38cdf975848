import { setTimeout as delay } from 'node:timers/promises'
import type { StreamName } from '../../schemas/subjects.ts'

/** How far a stage is. */
export interface StageProgress {
  /** The last sequence of its input stream up to which everything is done. */
  readonly position: number
  /** Messages not processed yet. */
  readonly lag: number
  /** A count that rises while the stage works on one position for long. Absent: its position moves often enough. */
  readonly done?: number | undefined
}

/** The progress of a stage whose partitions are assigned to members. */
export interface PartitionedProgress extends StageProgress {
  /** The partitions it has; empty: standby. Absent: the stage has no partitions. */
  readonly partitions?: readonly number[] | undefined
}

type PartitionPosition = Pick<PartitionedProgress, 'position' | 'partitions'>

export const NOTHING_DONE: StageProgress = { position: 0, lag: 0 }

export const isCaughtUp = ({ lag }: StageProgress): boolean => lag === 0

/** Progress towards a target position. */
export const progressTo = (target: number, position: number): StageProgress => ({ position, lag: Math.max(0, target - position) })

/** The members with work: a standby is not behind. */
export const working = <Member extends Pick<PartitionedProgress, 'partitions'>>(members: readonly Member[]): Member[] =>
  members.filter(({ partitions }) => partitions?.length !== 0)

/** The position of several runs or processes that share one workload: the lowest; 0 without any. */
export function lowestPosition(members: readonly PartitionPosition[]): number {
  const all = working(members)
  return all.length === 0 ? 0 : Math.min(...all.map(({ position }) => position))
}

/** The progress of several runs or processes that share one workload; `NOTHING_DONE` without any. */
export function combineProgress(members: readonly PartitionedProgress[]): StageProgress {
  const counted = members.flatMap(({ done }) => done ?? [])
  return {
    ...(counted.length > 0 && { done: counted.reduce((sum, done) => sum + done, 0) }),
    position: lowestPosition(members),
    // Each member reads the whole stream, and its lag includes the messages of the others.
    lag: Math.max(0, ...working(members).map(({ lag }) => lag)),
  }
}

export const partitionsOwned = (members: readonly Pick<PartitionedProgress, 'partitions'>[]): number =>
  members.reduce((sum, { partitions }) => sum + (partitions?.length ?? 0), 0)

/** The highest position among the members that have a partition; `undefined` without any. */
export function positionOfPartition(members: readonly PartitionPosition[], partition: number): number | undefined {
  const owners = members.filter(({ partitions }) => partitions?.includes(partition) === true)
  return owners.length === 0 ? undefined : Math.max(...owners.map(({ position }) => position))
}

/** The input stream of each stage; stages that are not listed have none. */
const STAGE_STREAMS: Readonly<Record<string, StreamName>> = {
  host: 'INBOX',
  dispatch: 'LOG',
  project: 'LOG',
  embed: 'LOG',
  judge: 'LOG',
  tasks: 'TASKS',
}
export const streamOfStage = (stage: string): StreamName | undefined => STAGE_STREAMS[stage]

/** The extent of a stream, from its server. */
export interface StreamExtent {
  readonly messages: number
  readonly first_seq: number
  readonly last_seq: number
}

/** The messages of its stream that a stage has not processed, including those that it has not received yet. */
export function lagInStream(stream: StreamName, { messages, first_seq: first, last_seq: last }: StreamExtent, position: number): number {
  // A task stays in TASKS until its outcome is stored: every message there is pending.
  if (stream === 'TASKS') return messages
  return messages === 0 ? 0 : Math.max(0, last - Math.max(position, first - 1))
}

/** The progress that a stage reports, with the larger of its own lag and the lag in its stream. */
export function progressInStream<Progress extends StageProgress>(
  stage: string,
  progress: Progress,
  extentOf: (stream: StreamName) => StreamExtent,
): Progress {
  const stream = streamOfStage(stage)
  if (stream === undefined) return progress
  return { ...progress, lag: Math.max(progress.lag, lagInStream(stream, extentOf(stream), progress.position)) }
}

/** One reading of the progress that a caller waits for. */
export interface ProgressReading {
  readonly isCaughtUp: boolean
  /** Differs between two readings if a message arrived anywhere in between. Absent: one reading is enough. */
  readonly marks?: string
}

export interface CaughtUpOptions<Reading = ProgressReading> {
  /** Milliseconds between two readings. */
  readonly everyMs: number
  /** Default: no timeout. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Called with each reading that is not the last. */
  readonly onReading?: (reading: Reading) => void
}

/**
 * Reads until everything is caught up: twice in a row, with no message anywhere in between.
 *
 * @returns the last reading, with `isCaughtUp: false` after the timeout
 * @throws AbortError by the signal, and what `read` throws.
 */
export async function pollUntilCaughtUp<Reading extends ProgressReading>(
  read: () => Promise<Reading>,
  { everyMs, timeoutMs = Infinity, signal, onReading }: CaughtUpOptions<Reading>,
): Promise<Reading> {
  const startedMs = performance.now()
  for (let before: string | undefined; ; await delay(everyMs, undefined, { signal })) {
    const reading = await read()
    if (reading.isCaughtUp && (reading.marks === undefined || reading.marks === before)) return reading
    before = reading.isCaughtUp ? reading.marks : undefined
    onReading?.(reading)
    if (performance.now() - startedMs > timeoutMs) return { ...reading, isCaughtUp: false }
  }
}
