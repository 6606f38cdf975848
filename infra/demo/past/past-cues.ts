import type { Cue } from '../play-script.ts'
import type { Arrival } from './simulate-past.ts'

export interface CueTimes {
  readonly startMs: number
  /** How much longer everything takes than live. Default: 1. */
  readonly stretch?: number
}

/** What the live demo plays, at an earlier time. */
export const arrivalsOf = (cues: readonly Cue[], { startMs, stretch = 1 }: CueTimes): Arrival[] =>
  cues.map(({ atMs: offsetMs, address, input: { sequence: _, ...input } }) => {
    const atMs = startMs + Math.round(offsetMs * stretch)
    return { atMs, address, body: { ...input, source: 'past', time: new Date(atMs).toISOString() } }
  })
