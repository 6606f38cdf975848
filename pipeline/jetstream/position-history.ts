import type { JetStreamManager } from '@nats-io/jetstream'
import { z } from 'zod'
import type { StreamName } from '../../schemas/subjects.ts'
import { streamInfo } from './stream-info.ts'

/**
 * A position in a stream that stays recognisable: a truncated stream gives the same sequence to another message, stored at another time,
 * and a recreated stream has another creation time.
 */
export const streamPositionSchema = z.object({
  /** When the stream was created. */
  created: z.string(),
  /** 0 is before the first message. */
  seq: z.int().nonnegative(),
  /** When the stream stored the message at `seq`, ISO, milliseconds. */
  ts: z.string(),
})
export type StreamPosition = z.infer<typeof streamPositionSchema>

/** Age classes are powers of this, from one second on: a dozen positions reach back over months. */
const GROWTH = 4
const AGES_MAX = 12

/** The age class: the power of `GROWTH` seconds. */
const ageClass = (ageMs: number): number => Math.min(Math.max(Math.ceil(Math.log(ageMs / 1000) / Math.log(GROWTH)), 0), AGES_MAX)

/**
 * Adds a position to a history, newest first. Of the older positions it keeps the oldest of each age class, which grows into the next
 * class, and the newest but one, which a crash between two checkpoints falls back to.
 */
export function withPosition(history: readonly StreamPosition[], newest: StreamPosition): StreamPosition[] {
  const older = history.filter((position) => position.created === newest.created && position.seq < newest.seq)
  const oldest = new Map(older.map((position) => [ageClass(Date.parse(newest.ts) - Date.parse(position.ts)), position]))
  return [newest, ...older.filter((position, index) => index === 0 || [...oldest.values()].includes(position))]
}

export interface ResumePosition {
  /** The newest position of the history that the stream still has; `undefined` for none. */
  readonly position: StreamPosition | undefined
  /** True when the stream no longer holds the message at the newest position. */
  readonly truncated: boolean
}

/**
 * Compares a history of positions, newest first, with the stream on its leader. Readers of LOG use `resumeReading`.
 *
 * A position whose message was removed counts as there, unless an older one shows that the stream was truncated below it.
 *
 * @param isRemoved whether the message of a sequence that the stream has given out was removed
 */
export async function findResumePosition(
  jsm: JetStreamManager,
  stream: StreamName,
  history: readonly StreamPosition[],
  isRemoved: (seq: number) => Promise<boolean> = async () => false,
): Promise<ResumePosition> {
  const { created, state } = await streamInfo(jsm, stream)
  /** The newest position whose message was removed, with nothing that contradicts it. */
  let removed: { readonly position: StreamPosition; readonly index: number } | undefined
  const found = (position: StreamPosition, index: number): ResumePosition =>
    removed === undefined ? { position, truncated: index > 0 } : { position: removed.position, truncated: removed.index > 0 }
  for (const [index, position] of history.entries()) {
    if (position.created !== created || position.seq > state.last_seq) continue
    if (position.seq === 0) return found(position, index)
    const stored = await storedAt(jsm, stream, position.seq)
    if (stored === position.ts) return found(position, index)
    if (stored !== undefined) removed = undefined
    else if (await isRemoved(position.seq)) removed ??= { position, index }
  }
  if (removed !== undefined) return { position: removed.position, truncated: removed.index > 0 }
  return { position: undefined, truncated: history.length > 0 }
}

async function storedAt(jsm: JetStreamManager, stream: StreamName, seq: number): Promise<string | undefined> {
  const message = await jsm.streams.getMessage(stream, { seq })
  return message?.time.toISOString()
}
