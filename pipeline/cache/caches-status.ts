import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { answerStatus, askProcesses } from '../cluster/process-status.ts'
import type { SharedSize } from './shared-level.ts'
import type { CacheStatus } from './two-level-cache.ts'

const count = z.int().nonnegative()

const cacheSchema = z.object({
  name: z.string(),
  memory: count,
  shared: count,
  joined: count,
  filled: count,
  stale: count,
  entries: count,
  bytes: count,
}) satisfies z.ZodType<CacheStatus>

const processCachesSchema = z.object({
  pid: z.int().positive(),
  /** `null` while NATS has no bucket for the shared level. */
  shared: z.object({ entries: count, bytes: count }).nullable(),
  caches: z.array(cacheSchema),
})
/** The caches of one process, since it started. */
export type ProcessCaches = z.output<typeof processCachesSchema>

/** Tells the caches of this process to `colloquy status`. */
export function startCachesStatus(
  nc: NatsConnection,
  { caches, shared }: { readonly caches: () => readonly CacheStatus[]; readonly shared: () => SharedSize | undefined },
): { stop(): void } {
  const status = (): ProcessCaches => ({ pid: process.pid, shared: shared() ?? null, caches: [...caches()] })
  return answerStatus(nc, status, 'colloquy.caches')
}

/** Asks all processes for their caches; empty if none has any. */
export async function askCachesStatus(nc: NatsConnection): Promise<ProcessCaches[]> {
  const processes: ProcessCaches[] = []
  for await (const one of askProcesses(nc, processCachesSchema, 'colloquy.caches')) processes.push(one)
  return processes
}
