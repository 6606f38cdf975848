import { createFairPlaces } from '../runtime/fair-places.ts'

/** Reads of LOG at one time, by all who resume. A tenant gets at most three quarters of these places. */
export const RESUMES_MAX = 50

/** Bounds the reads of those who resume. */
export interface ResumeQueue {
  /** Runs a read now; false: there is no place. */
  tryRun(tenant: string, read: () => Promise<void>): boolean
  /** Runs a read when there is a place. The caller bounds how many wait. */
  run(tenant: string, read: () => Promise<void>): void
  stop(): void
}

/** @param onError gets what a read throws */
export function createResumeQueue(onError: (error: unknown) => void, readsMax: number = RESUMES_MAX): ResumeQueue {
  const places = createFairPlaces(readsMax)
  const waiting = new Map<string, (() => Promise<void>)[]>()
  const start = async (tenant: string, read: () => Promise<void>): Promise<void> => {
    await read().catch(onError)
    places.release(tenant)
    next()
  }
  const next = (): void => {
    for (const [tenant, reads] of waiting) {
      if (!places.acquire(tenant)) continue
      const read = reads.shift()
      // Its next read comes after those of the other tenants.
      waiting.delete(tenant)
      if (reads.length > 0) waiting.set(tenant, reads)
      if (read !== undefined) void start(tenant, read)
    }
  }
  return {
    tryRun(tenant, read) {
      if (!places.acquire(tenant)) return false
      void start(tenant, read)
      return true
    },
    run(tenant, read) {
      const reads = waiting.get(tenant)
      if (reads === undefined) waiting.set(tenant, [read])
      else reads.push(read)
      next()
    },
    stop: () => waiting.clear(),
  }
}
