import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import { keysUnder, typedKey } from '../jetstream/typed-kv.ts'
import type { ProgressDeps } from './task-progress.ts'

const PREFIX = 'task-ends.'
const endSchema = z.object({
  what: z.string(),
  /** When the thread ended, milliseconds since 1970. */
  atMs: z.number(),
  /** How long its event loop had been blocked: deliveries of that time say nothing about other runs. */
  silentMs: z.number(),
})
/** One end of a thread that a run of a task caused. */
export type TaskEnd = z.infer<typeof endSchema>

/** The ends of threads by the run that caused them. */
export type TaskEnds = ReadonlyMap<string, readonly TaskEnd[]>

const ENDS_MAX = 100
/** Longer than a deadline usually is; older ends excuse and count nothing. */
const KEEP_MS = 24 * 60 * 60 * 1_000

const entryIn = (kv: KV, run: string) => typedKey(kv, `${PREFIX}${run}`, z.array(endSchema))

/** Counts the end of a thread for the run that caused it, in the whole cluster. @returns the number of its ends */
export async function countTaskEnd(kv: KV, run: string, end: TaskEnd): Promise<number> {
  for (;;) {
    const before = await entryIn(kv, run).get()
    const ends = [...(before?.value ?? []), end].slice(-ENDS_MAX)
    if ((await entryIn(kv, run).compareAndSet(ends, before?.revision)) !== undefined) return ends.length
  }
}

/** The ends that one run caused. */
export const endsOfRun = async (kv: KV, run: string): Promise<readonly TaskEnd[]> => (await entryIn(kv, run).get())?.value ?? []

/** Reads all ends; usually none. A runner needs them only for a task that is delivered again. Removes old entries. */
export async function loadTaskEnds({ kv, bucket, jsm, now }: Omit<ProgressDeps, 'log'>): Promise<TaskEnds> {
  const found = new Map<string, readonly TaskEnd[]>()
  for (const key of await keysUnder(jsm, bucket, PREFIX)) {
    const run = key.slice(PREFIX.length)
    const entry = await entryIn(kv, run).get()
    if (entry === undefined) continue
    if (entry.value.every(({ atMs }) => atMs < now() - KEEP_MS)) await entryIn(kv, run).deleteAt(entry.revision)
    else found.set(run, entry.value)
  }
  return found
}

/**
 * The deliveries of a run that it is not to blame for: another run ended the thread, or blocked it so long that the server delivered again.
 *
 * @param ackWaitMs time without an acknowledgement after which the server delivers again
 */
export function excusedDeliveries(ends: TaskEnds, run: string, startedAtMs: number, ackWaitMs: number): number {
  let excused = 0
  for (const [other, causedByOther] of ends) {
    if (other === run) continue
    for (const { atMs, silentMs } of causedByOther) if (atMs >= startedAtMs) excused += 1 + Math.floor(silentMs / ackWaitMs)
  }
  return excused
}
