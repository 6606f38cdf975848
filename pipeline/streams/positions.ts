import type { JetStreamManager } from '@nats-io/jetstream'
import { z } from 'zod'
import type { StreamName } from '../../schemas/subjects.ts'

/**
 * A place in a stream that can be recognised again: a server that lost its tail gives the same sequence to another message,
 * at another time, and a stream that was made anew has another birth.
 */
export const streamPositionSchema = z.object({
  /** When the stream was made. */
  created: z.string(),
  /** 0 is before the first message. */
  seq: z.int().nonnegative(),
  /** When the stream stored the message at `seq`, ISO, milliseconds. */
  ts: z.string(),
})
export type StreamPosition = z.infer<typeof streamPositionSchema>

/** Older positions are kept at distances that grow fourfold, so that a few reach back over days. */
const RING_MAX = 12
const CLOSEST_MS = 1_000
const GROWTH = 4

/** The ring with one position more, newest first. */
export function withPosition(ring: readonly StreamPosition[], newest: StreamPosition): StreamPosition[] {
  const kept = [newest]
  let ageMs = CLOSEST_MS / GROWTH
  for (const position of ring) {
    const age = Date.parse(newest.ts) - Date.parse(position.ts)
    if (position.created !== newest.created || position.seq >= newest.seq || age < ageMs * GROWTH) continue
    kept.push(position)
    ageMs = age
    if (kept.length === RING_MAX) break
  }
  // The newest but one is always kept: it is what a crash between two checkpoints falls back to.
  const previous = ring[0]
  if (previous !== undefined && previous.created === newest.created && previous.seq < newest.seq && !kept.includes(previous)) {
    kept.splice(1, 0, previous)
  }
  return kept
}

export interface Match {
  /** The newest position of the ring that the stream still has; `undefined` for none. */
  readonly position: StreamPosition | undefined
  /** True where the stream no longer holds what the newest position says. */
  readonly tailLost: boolean
}

/** Holds a ring of positions against the stream as it is now, on the stream's leader. */
export async function newestMatch(jsm: JetStreamManager, stream: StreamName, ring: readonly StreamPosition[]): Promise<Match> {
  const { created, state } = await jsm.streams.info(stream)
  for (const [index, position] of ring.entries()) {
    if (position.created !== created || position.seq > state.last_seq) continue
    if (position.seq === 0 || await storedAt(jsm, stream, position.seq) === position.ts) return { position, tailLost: index > 0 }
  }
  return { position: undefined, tailLost: ring.length > 0 }
}

async function storedAt(jsm: JetStreamManager, stream: StreamName, seq: number): Promise<string | undefined> {
  const message = await jsm.streams.getMessage(stream, { seq })
  return message?.time.toISOString()
}
