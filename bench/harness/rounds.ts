/** How the time of a measurement is shared out over repeats. */
export interface Rounds {
  readonly count: number
  readonly ms: number
  readonly warmUpMs: number
}

const ROUNDS_MAX = 5
/** A shorter round measures how it begins and ends. */
const ROUND_MS_MIN = 1_000
/** Compiling and filling caches is not what is measured. */
const WARM_UP_MS_MAX = 3_000
const WARM_UP_SHARE = 0.5

/** Five rounds, or as many as are not too short. */
export function roundsOf(seconds: number): Rounds {
  const ms = seconds * 1_000
  const count = Math.max(1, Math.min(ROUNDS_MAX, Math.floor(ms / ROUND_MS_MIN)))
  return { count, ms: ms / count, warmUpMs: Math.min(WARM_UP_MS_MAX, ms * WARM_UP_SHARE) }
}

/** Does each thing once a round, in the order in which they are given and the other way round by turns: a drift falls on all of them. */
export async function interleave(count: number, things: readonly (() => Promise<void>)[]): Promise<void> {
  for (let round = 0; round < count; round++) {
    for (const thing of round % 2 === 0 ? things : things.toReversed()) await thing()
  }
}
