/** Divides the time of a measurement into a warm-up and repeated rounds. */
export interface MeasurementPlan {
  readonly rounds: number
  readonly roundMs: number
  readonly warmUpMs: number
}

const ROUNDS_MAX = 5
/** Min length of a round. In a shorter round, starting and stopping would dominate. */
const ROUND_MS_MIN = 1_000
/** Warm-up, in which Node compiles the code and caches fill. */
const WARM_UP_MS_MAX = 3_000
const WARM_UP_SHARE = 0.5

/** Plans five rounds, or fewer if a round would be shorter than `ROUND_MS_MIN`. */
export function planMeasurement(seconds: number): MeasurementPlan {
  const ms = seconds * 1_000
  const rounds = Math.max(1, Math.min(ROUNDS_MAX, Math.floor(ms / ROUND_MS_MIN)))
  return { rounds, roundMs: ms / rounds, warmUpMs: Math.min(WARM_UP_MS_MAX, ms * WARM_UP_SHARE) }
}

/** Runs every step once per round; every second round runs them in reverse order, so that a drift of the machine affects all of them. */
export async function interleave(rounds: number, steps: readonly (() => Promise<void>)[]): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const step of round % 2 === 0 ? steps : steps.toReversed()) await step()
  }
}
