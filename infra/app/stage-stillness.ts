import { periodicJob } from '../../pipeline/runtime/periodic-job.ts'
import type { Stage } from '../../pipeline/runtime/stage.ts'

/** A stage that has had the same message before it for this long without a move stands still. */
export const STANDSTILL_MS = 20_000
const LOOK_MS = 1_000

/** Knows for how long the stages of this process have not moved, whether they had work or not. */
export interface StageStillness {
  /** Milliseconds since the stage last moved. */
  of(name: string): number
  stop(): Promise<void>
}

export function watchStillness(stages: ReadonlyMap<string, Stage>, now: () => number): StageStillness {
  const seen = new Map<string, { readonly mark: string; readonly sinceMs: number }>()
  const look = (): void => {
    for (const [name, stage] of stages) {
      const { position, done } = stage.status()
      const mark = `${position}/${done ?? ''}`
      if (seen.get(name)?.mark !== mark) seen.set(name, { mark, sinceMs: now() })
    }
  }
  look()
  const job = periodicJob(LOOK_MS, async () => {
    look()
    return LOOK_MS
  })
  return {
    of(name) {
      look()
      return now() - (seen.get(name)?.sinceMs ?? now())
    },
    stop: () => job.stop(),
  }
}
