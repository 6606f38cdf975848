import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import { typedKey } from '../jetstream/typed-kv.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { type ServiceTimes, serviceTimesOf } from './expected-wait.ts'

/** Runs of a task from which its service times are computed: the newest ones in the cluster. */
export const MEASURED_RUNS = 128
/** The runs of a task are stored, and read, at most so often. */
const SHARED_MS_MIN = 1_000

const durationsSchema = z.array(z.int().nonnegative())

/** Name of the queue of a task, and of its consumer of TASKS. */
export const queueName = (task: string, kind: string): string => `${task}@${kind}`

/** A key of a bucket has no `@`. */
const entryIn = (kv: KV, queue: string) => typedKey(kv, `service-times.${queue.replace('@', '.')}`, durationsSchema)

/** The durations of runs of tasks whose places are told, in the bucket of the cluster, so that a new process knows them. */
export interface MeasuredRuns {
  /** Says that the places of a queue are told, also before a run was measured. */
  open(queue: string): Promise<void>
  /** Stores the duration of a run, soon. */
  add(queue: string, ms: number): void
  /** Stores nothing more. */
  stop(): Promise<void>
}

/** A bucket that does not answer costs durations, never a run. */
export function createMeasuredRuns(kv: KV, log: Logger): MeasuredRuns {
  const waiting = new Map<string, number[]>()
  let timer: NodeJS.Timeout | undefined
  let storing = Promise.resolve()
  const store = async (): Promise<void> => {
    timer = undefined
    const taken = [...waiting]
    waiting.clear()
    for (const [queue, durations] of taken) {
      const before = await entryIn(kv, queue).get()
      // Another process may store at the same time: some durations are lost, and the next ones come.
      await entryIn(kv, queue).put([...(before?.value ?? []), ...durations].slice(-MEASURED_RUNS))
    }
  }
  const onError = (err: unknown): void =>
    rateLimitedWarn(log, { err }, 'the durations of tasks could not be stored; expected times get old')
  return {
    async open(queue) {
      await entryIn(kv, queue).compareAndSet([], undefined).catch(onError)
    },
    add(queue, ms) {
      const durations = waiting.get(queue) ?? []
      durations.push(Math.round(ms))
      waiting.set(queue, durations.slice(-MEASURED_RUNS))
      timer ??= setTimeout(() => {
        storing = store().catch(onError)
      }, SHARED_MS_MIN)
    },
    async stop() {
      clearTimeout(timer)
      await storing
    },
  }
}

/** Reads what was measured. `untold`: the places of this queue are not told. */
export type ReadServiceTimes = (queue: string) => Promise<ServiceTimes | 'unmeasured' | 'untold'>

/** Reads each queue at most once a second, and answers from what was read in between. */
export function createServiceTimesReader(kv: KV): ReadServiceTimes {
  const read = new Map<string, { readonly atMs: number; readonly times: ReturnType<ReadServiceTimes> }>()
  const load = async (queue: string): ReturnType<ReadServiceTimes> => {
    const found = await entryIn(kv, queue).get()
    return found === undefined ? 'untold' : (serviceTimesOf(found.value) ?? 'unmeasured')
  }
  return (queue) => {
    const known = read.get(queue)
    if (known !== undefined && performance.now() - known.atMs < SHARED_MS_MIN) return known.times
    const times = load(queue)
    read.set(queue, { atMs: performance.now(), times })
    times.catch(() => read.delete(queue))
    return times
  }
}
