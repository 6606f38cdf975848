import { LRUCache } from 'lru-cache'

/** Counts what clients do. */
export interface RateLimit {
  /** Counts one more of a client. @returns 0, or the seconds after which it may have the next one */
  take(client: string): number
  /** As `take`, and counts none. */
  waitOf(client: string): number
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
  const secondsOf = (window: { readonly endMs: number; readonly count: number } | undefined, nowMs: number): number =>
    window === undefined || window.endMs <= nowMs || window.count < max ? 0 : Math.ceil((window.endMs - nowMs) / 1_000)
  return {
    waitOf: (client) => secondsOf(windows.peek(client), now()),
    take(client) {
      const nowMs = now()
      const known = windows.get(client)
      const window = known === undefined || known.endMs <= nowMs ? { endMs: nowMs + windowMs, count: 0 } : known
      windows.set(client, window)
      const seconds = secondsOf(window, nowMs)
      if (seconds === 0) window.count += 1
      return seconds
    },
  }
}
