import { createFairPlaces } from '../runtime/fair-places.ts'

/** Which runs of a task a process takes, so that the runs of one tenant never keep those of another waiting. */
export interface TenantTurns {
  /** Takes a run of the tenant, or says in how many milliseconds the server is to deliver it again. */
  begin(tenant: string): { readonly end: () => void } | { readonly laterMs: number }
}

/** Runs of a task with turns that are under way or sent back, in the whole cluster. Further ones wait behind them. */
export const SENT_BACK_MAX = 100_000
/** A run that is sent back comes again after so long. */
const [LATER_MS_MIN, LATER_MS_MAX] = [200, 60_000]
/** Runs come again somewhat faster than those before them end, so that no place stays empty. */
const HASTE = 0.8
/** Until runs of the tenant have ended. */
const INTERVAL_MS_FIRST = 50
/** The weight of the newest end in the mean time between two ends. */
const WEIGHT = 0.1

/** What is under way of a tenant. Forgotten when nothing is. */
interface Line {
  running: number
  /** Milliseconds between the ends of two runs, in the mean. */
  intervalMs: number
  /** When the run that was sent back last comes again. */
  lastAtMs: number
}

/**
 * Creates the turns of a task in a process. A tenant has at most three quarters of the places. Its other runs are sent back to the server,
 * and come again one after another about as fast as those before them end: the runs of other tenants behind them are reached at once.
 *
 * @param nowMs a clock that never goes back
 */
export function createTenantTurns(placesMax: number, nowMs: () => number): TenantTurns {
  const places = createFairPlaces(placesMax)
  const lines = new Map<string, Line>()
  const laterMs = (line: Line | undefined, now: number): number => {
    if (line === undefined) return LATER_MS_MIN
    line.lastAtMs = Math.min(now + LATER_MS_MAX, Math.max(now + LATER_MS_MIN, line.lastAtMs + line.intervalMs * HASTE))
    // The server reads whole nanoseconds only.
    return Math.round(line.lastAtMs - now)
  }
  return {
    begin(tenant) {
      const beganMs = nowMs()
      if (!places.acquire(tenant)) return { laterMs: laterMs(lines.get(tenant), beganMs) }
      const line = lines.get(tenant) ?? { running: 0, intervalMs: INTERVAL_MS_FIRST, lastAtMs: 0 }
      lines.set(tenant, line)
      line.running += 1
      return {
        end() {
          places.release(tenant)
          line.intervalMs += WEIGHT * ((nowMs() - beganMs) / line.running - line.intervalMs)
          line.running -= 1
          if (line.running === 0) lines.delete(tenant)
        },
      }
    },
  }
}
