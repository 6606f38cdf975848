import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { jsonProblem } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { type Jsm, removeBucketKey } from '../jetstream/removal.ts'
import { keysUnder, typedKey } from '../jetstream/typed-kv.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'

const PREFIX = 'task-progress.'
/** A run's progress is stored at most so often; what is said in between is stored then, the newest only. */
const STORED_MS_MIN = 1_000

const toldSchema = z.object({
  /** The attempt that told it, from 1. */
  attempt: z.int().positive(),
  at: z.iso.datetime(),
  /** When the run ends at the latest: what a lost runner has left is removed after it. */
  deadlineAt: z.iso.datetime(),
  progress: z.unknown(),
})
/** How far a run of a task is, as it tells. */
export type ToldProgress = z.infer<typeof toldSchema>

const entryIn = (kv: KV, run: string) => typedKey(kv, `${PREFIX}${run}`, toldSchema)

/** What a run told last; `undefined` where it told nothing, or has ended. */
export const progressOf = async (kv: KV, run: string): Promise<ToldProgress | undefined> => (await entryIn(kv, run).get())?.value

/** What several runs told last, by run; without those that told nothing. */
export async function progressOfRuns(kv: KV, runs: readonly string[]): Promise<Record<string, ToldProgress>> {
  const told = await Promise.all(runs.map(async (run) => [run, await progressOf(kv, run)] as const))
  return Object.fromEntries(told.flatMap(([run, one]) => (one === undefined ? [] : [[run, one] as const])))
}

/** The progress of one run, in the bucket of the cluster. */
export interface RunProgress {
  /**
   * Stores what the run tells, soon.
   *
   * @throws ColloquyError `bad_progress` where it is no JSON, or larger than `LIMITS.progressBytesMax`
   */
  tell(attempt: number, progress: unknown): void
  /** Stores nothing more; what was stored stays, for the attempt of another runner. */
  stop(): void
  /** Stores nothing more, and removes what was stored. */
  end(): Promise<void>
}

export interface ProgressDeps {
  readonly kv: KV
  /** Name of the bucket. */
  readonly bucket: string
  readonly jsm: Jsm
  readonly log: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** A bucket that does not answer costs the progress, never the run. */
export function createRunProgress(
  deps: ProgressDeps,
  { run, deadlineAt }: { readonly run: string; readonly deadlineAt: string },
): RunProgress {
  const { kv, log, now } = deps
  let waiting: ToldProgress | undefined
  let storing: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let storedMs = -Infinity
  let isEnded = false
  const warn = (err: unknown): void => rateLimitedWarn(log, { err, run }, 'the progress of a task could not be stored')
  const store = (): void => {
    timer = undefined
    const told = waiting
    if (told === undefined || isEnded) return
    waiting = undefined
    storedMs = performance.now()
    storing = entryIn(kv, run)
      .put(told)
      .catch(warn)
      .finally(() => {
        storing = undefined
        if (waiting !== undefined) schedule()
      })
  }
  const schedule = (): void => {
    if (storing !== undefined || timer !== undefined) return
    timer = setTimeout(store, Math.max(0, STORED_MS_MIN - (performance.now() - storedMs)))
  }
  const stop = (): void => {
    isEnded = true
    clearTimeout(timer)
  }
  return {
    tell(attempt, progress) {
      check(progress)
      if (isEnded) return
      waiting = { attempt, at: new Date(now()).toISOString(), deadlineAt, progress }
      schedule()
    },
    stop,
    async end() {
      stop()
      await storing
      if (storedMs > -Infinity) await removeProgress(deps, run).catch(warn)
    },
  }
}

function check(progress: unknown): void {
  const problem = jsonProblem(progress)
  if (problem !== undefined) throw new ColloquyError('bad_progress', `the progress of a task has ${problem}`)
  const bytes = Buffer.byteLength(JSON.stringify(progress) ?? '')
  if (bytes > LIMITS.progressBytesMax) {
    throw new ColloquyError('bad_progress', `the progress of a task has ${bytes} bytes; at most ${LIMITS.progressBytesMax} are allowed`)
  }
}

const removeProgress = ({ jsm, bucket }: ProgressDeps, run: string): Promise<void> =>
  removeBucketKey(jsm, `KV_${bucket}`, `$KV.${bucket}.${PREFIX}${run}`)

/** Removes what runs have left whose runner was lost and whose deadline has passed. */
export async function removeOldProgress(deps: ProgressDeps): Promise<void> {
  const { kv, bucket, jsm, log, now } = deps
  try {
    for (const key of await keysUnder(jsm, bucket, PREFIX)) {
      const run = key.slice(PREFIX.length)
      const told = await progressOf(kv, run)
      if (told === undefined || Date.parse(told.deadlineAt) < now()) await removeProgress(deps, run)
    }
  } catch (error) {
    log.warn({ err: error }, `the progress of ended tasks could not be removed: ${messageOf(error)}`)
  }
}
