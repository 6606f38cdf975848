import { LRUCache } from 'lru-cache'

/** Counts what clients do. */
export interface RateLimit {
  /** Counts one more of a client. @returns 0, or the seconds after which it may have the next one */
  take(client: string): number
}

export interface RateLimitOptions {
  /** Of one client in a window. */
  readonly max: number
  /** A window begins with the first one that is counted in it. */
  readonly windowMs: number
  readonly now?: () => number
}

/** Clients whose windows are kept; beyond that the window of the one that was idle for the longest time is dropped. */
const CLIENTS_MAX = 20_000

/** Creates a limit of this process. */
export function createRateLimit({ max, windowMs, now = () => performance.now() }: RateLimitOptions): RateLimit {
  const windows = new LRUCache<string, { readonly endMs: number; count: number }>({ max: CLIENTS_MAX })
  return {
    take(client) {
      const nowMs = now()
      const known = windows.get(client)
      const window = known === undefined || known.endMs <= nowMs ? { endMs: nowMs + windowMs, count: 0 } : known
      windows.set(client, window)
      if (window.count >= max) return Math.ceil((window.endMs - nowMs) / 1_000)
      window.count += 1
      return 0
    },
  }
}
